"""Step 1, Connect: find Nexus, sign in once, see whether it can do what the guide needs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgwizard import keyrings, plan
from cgwizard.errors import WizardError
from cgwizard.guide import connect_checks
from cgwizard.guide.step import (
    CONTINUE,
    Action,
    Check,
    Choice,
    Field,
    Fix,
    Report,
    Step,
    checking,
)
from cgwizard.net import Trust
from cgwizard.secrets import Credentials, Secret

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.client import NexusClient, UntrustedCertificate
    from cgwizard.trial.model import TrialNexus

UNTRUSTED = {"nexus-tls-untrusted", "nexus-certificate-changed"}
LOCKED_SECONDS = 15 * 60.0
TRIAL = Action("trial", "start a trial Nexus", "t")  # a front end opens `cgwizard.trial` for it
KEEP = (Choice("yes", "in the keyring"), Choice("no", "for this run only"))


class Connect(Step):
    id = "connect"
    title = "Connect"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"password"})
    doubts: ClassVar[dict[str, str]] = {
        "login-wrong": "password",
        "password-missing": "password",
        "nexus-dns": "url",
        "nexus-refused": "url",
        "nexus-filtered": "url",
        "nexus-not-nexus": "url",
        "no-admin-privilege": "user",
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.keyring: keyrings.KeyringStatus | None = None
        self.trial_possible = False  # whether a container engine answers here
        self.fingerprint: str | None = None
        self._accepted: str | None = None  # the agreement's text to which the person agreed
        self._from_keyring = False
        # Nexus locks a user out after a few wrong passwords: none is sent twice.
        self._refused: set[tuple[str, str, Secret]] = set()
        self._locked: dict[tuple[str, str], float] = {}  # when Nexus said so, by URL and user
        self.values = {"url": session.url, "user": session.user, "ca_file": "", "keep": "yes"}
        if session.practice:
            self.values["url"] = session.practice.nexus_url
            self.values["user"] = session.practice.username
            self.secrets["password"] = session.practice.password

    # What to show

    @property
    def heading(self) -> str:
        return "Connect to Nexus as an administrator"

    @property
    def context(self) -> str:
        if self.session.practice:
            return "Practice: this Nexus and this cgr.dev run on your machine, for this run only."
        return "Nothing is changed in Nexus before you have seen the change and confirmed it."

    def fields(self) -> tuple[Field, ...]:
        values = self.values
        fields = [
            Field("url", "Nexus URL", values["url"], placeholder="https://nexus.example.com"),
            Field("user", "User", values["user"], placeholder="admin"),
            Field("password", "Password", kind="secret"),
        ]
        if values["ca_file"] or (self.problem and self.problem.code in UNTRUSTED):
            fields.append(
                Field(
                    "ca_file",
                    "CA file",
                    values["ca_file"],
                    placeholder="/path/to/ca.pem",
                    optional=True,
                )
            )
        if self.keyring and self.keyring.usable and not self._from_keyring:
            fields.append(Field("keep", "Keep password", values["keep"], "choice", KEEP))
        return tuple(fields)

    def notes(self) -> tuple[str, ...]:
        if self.checks or self.problem:
            return ()
        will = (
            "Then: choose a port, create a docker (proxy) of https://cgr.dev/, add a pull",
            "token, and pull images through Nexus, with every byte checked.",
        )
        return (*self._about_password(), *will)

    def _about_password(self) -> tuple[str, ...]:
        if self._from_keyring and self.keyring:
            return (f"The password comes from the keyring ({self.keyring.backend}).",)
        if self.keyring and not self.keyring.usable:
            reason = self.keyring.reason.rstrip(".")
            return (f"{reason}. The password stays in memory, for this run only.", "")
        return ()

    def action(self) -> Action:
        if self.state == "done":
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        return Action("connect", "connect" if not self.problem else "try again")

    def others(self) -> tuple[Action, ...]:
        if self.trial_possible and self.state != "done" and not self.fix:
            return (*self._others(), TRIAL)
        return self._others()

    def _others(self) -> tuple[Action, ...]:
        if self.problem and self.problem.code in {"run-in-use", "run-not-taken-over"}:
            return (Action("look", "only look", "l"),)
        return ()

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        if self.session.run is not None:
            self.session.run.look()
        self.fix = None
        self.act(report, cancel)

    def field_problems(self) -> dict[str, str]:
        from cgwizard.nexus.address import normalise

        problems = {}
        if not self.values["url"].strip():
            problems["url"] = "where is Nexus? For example https://nexus.example.com"
        else:
            try:
                normalise(self.values["url"])
            except WizardError as error:
                problems["url"] = f"{error.problem.came_back}: {error.problem.next_step}"
        if not self.values["user"].strip():
            problems["user"] = "a user who may administer repositories, often admin"
        elif ":" in self.values["user"]:
            problems["user"] = "a user name has no colon"
        if not self.secrets.get("password") and not self._may_be_in_keyring:
            problems["password"] = "the password of this user"
        if "\0" in self.values["ca_file"]:
            problems["ca_file"] = "a file name has no such character"
        return problems

    @property
    def _may_be_in_keyring(self) -> bool:
        return bool(self.keyring and self.keyring.usable)

    def set(self, field: str, text: str) -> bool:
        if not super().set(field, text):
            return False
        if field in {"url", "ca_file"}:
            self.fingerprint = None  # it was confirmed for what answered there
        if field in {"url", "user"}:
            self._accepted = None
            if self._from_keyring:  # it belongs to another user or another Nexus
                self.secrets.pop("password", None)
        if field in {"url", "user", "password"}:
            self._from_keyring = False
        return True

    # What is done

    def enter(self, report: Report, cancel: Cancel) -> None:
        if self.session.practice:
            self.session.start_practice()
        if self.session.practice or self.keyring:
            return
        self._find_engine()
        self.keyring = keyrings.probe()
        if self.values["url"] and self.values["user"] and not self.secrets.get("password"):
            self._load_password(self.values["url"])

    def _find_engine(self) -> None:
        from cgwizard.engines import find

        self.trial_possible = any(found.engine for found in find.find())

    def use(self, nexus: TrialNexus) -> None:
        """Fill in the trial Nexus that was just started."""
        self.set("url", nexus.url)
        self.set("user", nexus.username)
        if nexus.password is not None:
            self.set("password", nexus.password.reveal())

    def _load_password(self, url: str) -> bool:
        if not (self.keyring and self.keyring.usable):
            return False
        try:
            found = keyrings.load("nexus-password", account(self.values["user"], url))
        except WizardError:
            return False  # the person is asked instead
        if found is None:
            return False
        self.secrets["password"] = found
        self._from_keyring = True
        return True

    def act(self, report: Report, cancel: Cancel) -> None:
        if self.fix:
            self.fix.apply()
            self.fix = None
        self.checks.clear()
        if self.session.practice:
            checking(report, "practice", "start the practice servers", self.session.start_practice)
        client = self._find(report, cancel)
        self.session.close()
        self.session.client = None
        try:
            self._claim(client.base_url)
            credentials = self._look(client, report, cancel)
        except BaseException:
            client.close()
            raise
        self.session.client = client
        self.session.journal.nexus = client.base_url
        self.session.credentials = credentials
        self.session.plan = msgspec.structs.replace(
            self.session.plan,
            connect=plan.Connect(
                client.base_url,
                credentials.username,
                ca_file=self._ca_file,
                fingerprint=self.fingerprint,
                accept_eula=self._accepted is not None,
            ),
        )
        self.state = "done"
        self._go_on(report, cancel)

    def _claim(self, nexus: str) -> None:
        """Be the one run for this Nexus, or say who is."""
        run = self.session.run
        if run is None:
            return
        try:
            run.claim(nexus)
        except WizardError as error:
            if error.code == "run-in-use":
                self.fix = Fix("take over", lambda: run.take_over(nexus))
            raise

    def _go_on(self, report: Report, cancel: Cancel) -> None:
        """With a saved run, where it belongs to this Nexus: what of it still holds?"""
        run = self.session.run
        if run is None or run.resumed is None or run.resumed.nexus != self.session.nexus.base_url:
            return
        from cgwizard.runs import resume

        self.session.skip_to = resume.go_on(self.session, run.resumed, report, cancel)
        run.resumed = None

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
        self._eula(client, report)
        cancel.check()
        self._keep(client.base_url, credentials, report)
        return credentials

    @property
    def _ca_file(self) -> Path | None:
        import os
        from pathlib import Path

        text = self.values["ca_file"].strip()
        return Path(os.path.expanduser(text)) if text else None  # noqa: PTH111  (raises nothing)

    def _find(self, report: Report, cancel: Cancel) -> NexusClient:
        from cgwizard.nexus.client import UntrustedCertificate
        from cgwizard.nexus.find import find

        label = "reach Nexus"

        def on_try(url: str) -> None:
            report(Check("reach", label, "running", url))

        on_try(self.values["url"].strip())
        self.session.trust = Trust(self._ca_file, self.fingerprint)
        try:
            client = find(self.values["url"], None, self.session.trust, on_try, cancel)
        except UntrustedCertificate as error:
            self._offer_pin(error)
            raise
        except WizardError as error:
            if error.code == "nexus-certificate-changed":
                self.fix = Fix("look at the new certificate", self._forget_pin)
            raise
        report(Check("reach", label, "done", client.base_url))
        return client

    def _forget_pin(self) -> None:
        self.fingerprint = None

    def _offer_pin(self, error: UntrustedCertificate) -> None:
        seen = error.fingerprint

        def pin() -> None:
            self.fingerprint = seen

        self.fix = Fix(
            "trust this certificate",
            pin,
            f"SHA-256 {':'.join(seen[i : i + 2] for i in range(0, len(seen), 2)).upper()}\n"
            f"subject {error.subject}, issuer {error.issuer}\n"
            "Compare it with what the administrator of Nexus tells you, then confirm.",
        )

    def _sign_in(self, client: NexusClient, report: Report) -> Credentials:
        user = self.values["user"].strip()
        report(Check("sign-in", f"sign in as {user}", "running"))
        if not self.secrets.get("password") and not self._load_password(client.base_url):
            raise WizardError(
                "password-missing",
                tried=f"finding a password for {user} in the keyring",
                came_back="there is none",
                cause="none was saved for this user and this Nexus",
                next_step="type the password",
            )
        password = self.secrets["password"]
        attempt = (client.base_url, user, password)
        self._refuse_again(attempt)
        client.credentials = Credentials(user, password)
        try:
            signed_in = client.sign_in()
        except WizardError as error:
            if error.code == "nexus-locked-out":
                self._locked[client.base_url, user] = time.monotonic()
            if error.code != "login-wrong":
                raise
            self._refused.add(attempt)
            if not self._from_keyring:
                raise
            backend = self.keyring.backend if self.keyring else "the keyring"
            raise connect_checks.outdated(error, backend) from error
        report(Check("sign-in", f"signed in as {signed_in.user_id}", "done"))
        connect_checks.rights(signed_in, report)
        return client.credentials

    def _refuse_again(self, attempt: tuple[str, str, Secret]) -> None:
        url, user, _ = attempt
        tried = f"signing in as {user}"
        if attempt in self._refused:
            raise WizardError(
                "login-wrong",
                tried=tried,
                came_back="not sent: Nexus refused this password a moment ago",
                cause="Nexus locks a user out after a few wrong passwords, so none is sent twice",
                next_step="type another password or another user",
            )
        left = LOCKED_SECONDS - (time.monotonic() - self._locked.get((url, user), -LOCKED_SECONDS))
        if left > 0:

            def unlock() -> None:
                self._locked.pop((url, user), None)

            self.fix = Fix("sign in all the same", unlock)
            raise WizardError(
                "nexus-locked-out",
                tried=tried,
                came_back=f"not sent: about {left // 60 + 1:.0f} of the 15 minutes are left",
                cause="each try while a name is locked starts its 15 minutes anew",
                next_step="wait; where Nexus was restarted since, Enter sends it now",
            )

    def _eula(self, client: NexusClient, report: Report) -> None:
        """A Community Edition serves no content before its agreement was accepted: a legal act,
        so the text is shown and the person accepts it."""
        label = "its license agreement is accepted"
        try:
            eula = client.eula()
        except WizardError as error:
            if error.code != "nexus-forbidden":
                raise
            report(Check("eula", label, "warning", "only an administrator may see that"))
            return
        if eula is None:
            return
        report(Check("eula", label, "running"))
        if not eula.accepted and eula.disclaimer == self._accepted:
            client.accept_eula(eula)
        elif not eula.accepted:
            self._offer_agreement(eula.disclaimer)
            raise WizardError(
                "nexus-eula",
                tried="asking Nexus whether its End User License Agreement was accepted",
                came_back="not yet; until then Nexus refuses every pull with 403",
                cause="a fresh Community Edition waits for someone who accepts it",
                next_step="read the agreement; Enter accepts it in your name",
            )
        report(Check("eula", label, "done"))

    def _offer_agreement(self, text: str) -> None:
        def accept() -> None:
            self._accepted = text

        self.fix = Fix("accept the agreement", accept, text)

    def _keep(self, base_url: str, credentials: Credentials, report: Report) -> None:
        if not (self.keyring and self.keyring.usable) or self._from_keyring:
            return
        if self.values["keep"] != "yes":
            return
        label = "keep the password in the keyring"
        report(Check("keep", label, "running", self.keyring.backend))
        try:
            where = account(credentials.username, base_url)
            keyrings.save("nexus-password", where, credentials.password)
        except WizardError as error:  # it is a convenience: the guide goes on without it
            report(Check("keep", label, "warning", error.problem.came_back, error.problem))
        else:
            report(Check("keep", label, "done", self.keyring.backend))


def account(user: str, url: str) -> str:
    """The keyring's account name for a user of one Nexus."""
    return f"{user.strip()}@{url.strip().rstrip('/')}"
