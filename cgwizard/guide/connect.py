"""Step 1, Connect: find Nexus, sign in once, see whether it can do what the guide needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.guide import connect_checks, connect_reach, unencrypted_notice
from cgwizard.guide.connect_form import ConnectForm, account
from cgwizard.guide.connect_signin import HeldBack, SignIn
from cgwizard.guide.shown import Check, Fix, Report
from cgwizard.guide.step import checking
from cgwizard.net.trust import Trust
from cgwizard.plan import model as plan
from cgwizard.secrets.secret import Credentials

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.client import NexusClient


class ConnectStep(ConnectForm):
    id = "connect"
    title = "Connect"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._signing_in = SignIn()

    def enter(self, report: Report, cancel: Cancel) -> None:
        if self.session.practice:
            self.session.start_practice()
        if self.session.practice or self.keeping.keyring:
            return
        self._find_engine()
        self.keeping.look()
        if self.values["url"] and self.values["user"] and not self.secrets.get("password"):
            self._load_password(self.values["url"])

    def _find_engine(self) -> None:
        from cgwizard.engines import find

        if self.session.trial is None:
            return
        self.trial_possible = any(found.engine for found in find.find())

    def _load_password(self, url: str) -> bool:
        found = self.keeping.load("nexus-password", account(self.values["user"], url))
        if found is None:
            return False
        self.secrets["password"], self.password_from = found
        return True

    def act(self, report: Report, cancel: Cancel) -> None:
        if self.fix:
            self.fix.apply()
            self.fix = None
        self.checks.clear()
        if self.session.practice:
            checking(report, "practice", "start the practice servers", self.session.start_practice)
        self.unlock(report)
        client = self._reach(report, cancel)
        self.session.close()
        self.session.client = None
        try:
            self._claim(client.base_url)
            self.session.journal.nexus = client.base_url
            credentials = self._look(client, report, cancel)
        except BaseException:
            client.close()
            raise
        self.session.client = client
        self.session.credentials = credentials
        self.decide(
            connect=plan.Connect(
                client.base_url,
                credentials.username,
                ca_file=self.ca_file,
                fingerprint=self.fingerprint,
                accept_eula=self.accepted is not None,
            )
        )
        if (chosen := self.session.other_registry) is not None:
            label = f"from here, {chosen.url} is asked in place of cgr.dev"
            report(Check("registry", label, "done", "Nexus asks its own remote storage"))
            unencrypted_notice.tell(self.session, chosen.url, report, "pull token")
        if self.session.run is not None:
            self.session.skip_to = self.session.run.go_on(report, cancel)

    def _reach(self, report: Report, cancel: Cancel) -> NexusClient:
        from cgwizard.nexus.client import UntrustedCertificate

        self.session.trust = Trust(self.ca_file, self.fingerprint)
        try:
            return connect_reach.reach(self.values["url"], self.session.trust, report, cancel)
        except UntrustedCertificate as error:
            pin, words = partial(self._pin, error.fingerprint), connect_reach.certificate(error)
            self.fix = Fix("trust this certificate", pin, words)
            raise
        except WizardError as error:
            if error.code == Code.NEXUS_CERTIFICATE_CHANGED:
                self.fix = Fix("look at the new certificate", partial(self._pin, None))
            raise

    def _pin(self, fingerprint: str | None) -> None:
        self.fingerprint = fingerprint

    def _claim(self, nexus: str) -> None:
        """Be the one run for this Nexus, or say who is."""
        run = self.session.run
        if run is None:
            return
        try:
            run.claim(nexus)
        except WizardError as error:
            if error.code == Code.RUN_IN_USE:
                self.fix = Fix("take over", partial(run.take_over, nexus), key="f8")
            raise

    def _look(self, client: NexusClient, report: Report, cancel: Cancel) -> Credentials:
        """Whether this Nexus and this user will do; returns the user's credentials."""
        server = client.server()
        self.session.server = server
        edition = (server.edition or "").capitalize()
        told = f"{server.version or 'version not told'} {edition}".strip()
        report(Check("version", "it is Nexus Repository", "done", told))
        cancel.check()
        connect_checks.writable(client, report)
        cancel.check()
        credentials = self._sign_in(client, report)
        cancel.check()
        connect_checks.docker(client, report)
        self._agree(client, report)
        cancel.check()
        if not self.password_from:
            where = account(credentials.username, client.base_url)
            self.keep(where, credentials.password, report)
        return credentials

    def _agree(self, client: NexusClient, report: Report) -> None:
        """Accept the license agreement that Nexus waits for, once the user has seen its text."""
        eula = connect_checks.agreement(client, report)
        if eula is None:
            return
        if eula.disclaimer == self.accepted:
            self.session.refuse_looking(f"to {connect_checks.ACCEPT}")
            connect_checks.accept(client, eula, self.session.journal)
            report(Check("eula", connect_checks.AGREED, "done"))
        elif self.session.dry_run:  # what comes after it is shown all the same
            problem = connect_checks.not_accepted().problem
            label = connect_checks.AGREED
            report(Check("eula", label, "problem", problem.came_back, problem))
        else:
            accept = partial(self._accept, eula.disclaimer)
            self.fix = Fix("accept the agreement", accept, eula.disclaimer)
            raise connect_checks.not_accepted()

    def _accept(self, text: str) -> None:
        self.accepted = text

    def _sign_in(self, client: NexusClient, report: Report) -> Credentials:
        user = self.values["user"].strip()
        report(Check("sign-in", f"sign in as {user}", "running"))
        if not self.secrets.get("password") and not self._load_password(client.base_url):
            places = " and ".join(self.keeping.places()) or "memory"
            raise WizardError(
                Code.PASSWORD_MISSING,
                tried=f"finding a password for {user} in {places}",
                came_back="there is none",
                cause="none was saved for this user and this Nexus",
            )
        credentials = Credentials(user, self.secrets["password"])
        unencrypted_notice.tell(self.session, client.base_url, report)
        try:
            signed_in = self._signing_in.sign_in(client, credentials, self.password_from)
        except HeldBack:
            unlock = partial(self._signing_in.unlock, client.base_url, user)
            self.fix = Fix("sign in all the same", unlock)
            raise
        report(Check("sign-in", f"signed in as {signed_in.user_id}", "done"))
        connect_checks.rights(signed_in, report)
        return credentials
