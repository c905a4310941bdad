"""Step 4, Add token auth: the organization's production images, by a pull token."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cgwizard.changes import change as changes
from cgwizard.errors import Code, WizardError
from cgwizard.guide import connector, docker_proxy, routing, token_check
from cgwizard.guide.shown import SKIP, Action, Check, Evidence, Report
from cgwizard.guide.step import run_checked
from cgwizard.guide.token_access_form import AccessForm
from cgwizard.guide.token_form import HOST
from cgwizard.guide.token_target import TokenTarget
from cgwizard.plan import model as plan
from cgwizard.secrets.sources import pasted
from cgwizard.secrets.store import packed, unpacked

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.protocols import EarlierRun
    from cgwizard.tokens.claims import PullToken


class TokenStep(AccessForm):
    id = "token"
    title = "Add token auth"
    _unanswered = False  # whether the registry was asked, and nothing of itself refused
    asks_registry = True

    # Whether a saved result still holds

    def resume(self, earlier: EarlierRun, report: Report, cancel: Cancel) -> bool:
        """The token itself was not saved: that Nexus has one of the same user name must do, and
        the pull will prove it."""
        chosen = earlier.answers.token
        if chosen is None:
            return False
        if chosen.mode == "skip":
            run_checked(self, self.skip, report, cancel)
            return self.problem is None
        developer = self.session.plan.developer or plan.Developer()
        name = chosen.name if chosen.mode == "separate" else developer.name
        half = chosen.username.partition("/")[2]
        label, question = f"{name} has the token {half}", f"does {name} have the token {half}?"
        found = self.session.nexus.docker_proxy(name)
        authentication = found.http_client.authentication if found is not None else None
        ports = {found.docker.http_port, found.docker.https_port} if found is not None else set()
        if authentication is None or authentication.username != chosen.username:
            report(Check("token-there", question, "warning", "not any more: add it again"))
            return False
        if chosen.port is not None and chosen.port not in ports:
            report(Check("token-there", question, "warning", "on another port now"))
            return False
        report(Check("token-there", label, "done"))
        run_checked(self, self.enter, report, cancel)  # the keyring may have it
        self.session.pull_token = self._known(chosen.username)
        self.session.token_ends = earlier.token_ends
        self.find_password(self.access_answers.users)
        self.session.pull_user = self.pull_user()
        image = earlier.answers.pull.private_image if earlier.answers.pull else ""
        self.decide(token=chosen, pull=plan.Pull(private_image=image))
        return True

    def _known(self, username: str) -> PullToken | None:
        """The token itself, where it is in the keyring; without it the registry is not compared."""
        if not self.secrets.get("token"):
            return None
        try:
            token = self.read()
        except WizardError:
            return None
        return token if token.credentials.username == username else None

    def evidence(self) -> Evidence:
        session, chosen = self.session, self.session.plan.token
        found: Evidence = {}
        if session.pull_token is not None:
            found["pull_token"] = session.pull_token
        elif self.state != "skipped" and self.secrets.get("token"):
            try:
                found["pull_token"] = self.read()
            except WizardError as error:
                found["token_problem"] = error.problem
        if self.state == "skipped" or (chosen is not None and chosen.mode == "skip"):
            return found
        found["private_image"] = self.values["image"].strip()
        if chosen is not None:
            found["private_repository"] = chosen.name
        else:
            separate = self.values["mode"] == "separate"
            found["private_repository"] = self.values["name"].strip() if separate else ""
        return found

    # What is done

    def enter(self, report: Report, cancel: Cancel) -> None:
        from cgwizard.nexus.ports import connectors
        from cgwizard.tokens import chainctl

        if self.through:
            return
        if self.checked is None:
            self.session.refresh()
        else:
            self.repository.look_up(self.target)
        if self.values["port"] in {"", self._proposed}:
            taken = connectors(self.session.repositories)
            own = next((c for c in taken if c.repository == self.values["name"].strip()), None)
            chosen = self.session.plan.routing
            besides = chosen.port if chosen else None
            port = own.port if own else routing.propose_port(self.session, besides=besides)
            self.values["port"] = self._proposed = str(port)
        if self.session.practice:
            return
        self.keeping.look()
        self._chainctl = chainctl.available() is not None
        self._find_docker_config()
        if not self.secrets.get("token"):
            found = self.keeping.load("pull-token", HOST)
            if token := unpacked(found[0] if found else None):
                self.secrets["token"] = pasted(token)

    def _find_docker_config(self) -> None:
        from cgwizard.tokens import docker_config

        with contextlib.suppress(WizardError):  # an unreadable file is no reason to stop here
            found = docker_config.find(HOST)
            usable = [each for each in found if each.token is not None]
            # An expired one comes last, so that it does not hide another.
            usable.sort(key=lambda each: each.token is not None and each.token.expired())
            self._found = next(iter(usable), None)
            self._unread = tuple(
                f"{each.where}: {each.problem.came_back}."
                for each in found
                if each.problem is not None and each.problem.code is Code.DOCKER_CONFIG_BROKEN
            )

    def others(self) -> tuple[Action, ...]:
        others = super().others()
        if not self._unanswered or self.problem is None:
            return others
        label = f"go on without asking {self.session.registry_name} from here"
        skip = Action("unasked", label, "f7", "skip check")
        return (skip, *(Action(SKIP.id, SKIP.label, "") if a == SKIP else a for a in others))

    def action(self) -> Action:
        if self._unanswered and self.problem is not None and self.checked is None:
            return Action("check", "try again")
        return super().action()

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        if action == "unasked":
            self.values["check"] = "nexus"
            self._unanswered, self.state = False, "todo"
            self.checks.clear()
        elif action == SKIP.id:
            self.skip(report, cancel)
        elif action == "unskip":
            self.reset()
            self.session.reset_after(self)
            self.enter(report, cancel)
        elif action == "again" and self.checked is not None:
            self.repository.again = True
            self._apply(self.checked, report, cancel)
        elif action == "docker-config" and self._found is not None and self._found.token:
            self.set("token", pasted(self._found.token.credentials).reveal())
        elif action == "chainctl":
            from cgwizard.tokens import chainctl

            report(Check("chainctl", "make a pull token with chainctl", "running"))
            made = chainctl.create_pull_token(self.organization, cancel=cancel)
            self.set("token", pasted(made.credentials).reveal())
            report(Check("chainctl", "make a pull token with chainctl", "done"))

    def act(self, report: Report, cancel: Cancel) -> None:
        self.unlock(report)
        if self.checked is None:
            self._check(report, cancel)
        elif not self.ask_once_more(report):
            self._apply(self.checked, report, cancel)

    def _check(self, report: Report, cancel: Cancel) -> None:
        self.checks.clear()
        self._unanswered = False
        image, ask = self.values["image"].strip(), self.values["check"] == "registry"
        try:
            token = token_check.check(self.session, self.read, image, report, cancel, ask=ask)
        except WizardError as error:
            if token_check.unanswered(error):
                # Often only Nexus may reach it, and that is all that is needed.
                self._unanswered = True
                step = 'set check = "nexus" under [token]: then Nexus\'s test pull decides; or '
                self.next_steps = {error.code: f"{step}{error.problem.next_step}"}
            raise
        report(Check("nexus", f"look for {self.target.name} in Nexus", "running"))
        self.repository.look_up(self.target)
        there = "it is there" if self.existing is not None else "the name is free"
        report(Check("nexus", f"looked for {self.target.name} in Nexus", "done", there))
        self.look_up_access()
        self.checked = token

    def _apply(self, token: PullToken, report: Report, cancel: Cancel) -> None:
        chosen, target = self.session.routing, self.target
        shown, planned = self.existing, self.access_changes()
        report(Check("apply", f"look for {target.name}", "running"))
        self.repository.look_up(target)
        self.repository.refuse_unseen(target, shown)
        self.look_up_access()
        self.refuse_unseen_access(planned)
        change, also = None, self.access_changes()
        if self._has_it:
            report(Check("apply", f"{target.name} has this token already", "done"))
            reached = target.port or chosen.port
            connector.wait_for_connector(self.session, reached, chosen.scheme, report, cancel)
        else:
            change = self.repository.change(target, token)
            if target.port is not None and not self.repository.is_own(target):
                report(Check("apply", f"port {target.port}", "running"))
                routing.refuse_taken(self.session, target.port)
                routing.tell_cautions(self.session, target.port, report)
        refused = docker_proxy.apply(self.session, change, report, cancel, also=also)
        if refused is not None:
            self.access.refused = refused.problem
        if isinstance(change, changes.UpdateProxy):
            self.repository.forget_failures(change.repository, report)
        self.keep_password([] if refused else also, report)
        self._through(token, target, report)

    def _through(self, token: PullToken, target: TokenTarget, report: Report) -> None:
        self.keep(HOST, packed(token.credentials), report)
        self.session.pull_token = token
        self.session.token_ends = token.expires
        self.find_password(self.access_answers.users)
        self.session.pull_user = self.pull_user()
        part = plan.Token(
            mode="separate" if target.separate else "add",
            organization=self.organization,
            username=token.credentials.username,
            name=target.name,
            port=target.port,
            scheme=self.session.routing.scheme,
            check="nexus" if self.values["check"] == "nexus" else "registry",
        )
        self.decide(
            token=self.with_access(part),
            pull=plan.Pull(private_image=self.values["image"].strip()),
        )
