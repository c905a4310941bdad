"""Step 4, Add token auth: the organization's production images, by a pull token."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from cgwizard.changes import change as changes
from cgwizard.errors import Code, WizardError
from cgwizard.guide import docker_proxy, routing, token_check
from cgwizard.guide import secret_storage as keeping
from cgwizard.guide.step import (
    CONTINUE,
    SKIP,
    Action,
    Check,
    Choice,
    Evidence,
    Field,
    Fix,
    Report,
    Step,
    run_checked,
)
from cgwizard.guide.token_check import IMAGE, describe, image_problem
from cgwizard.guide.token_target import Target, TokenRepository
from cgwizard.plan import model as plan
from cgwizard.secrets.sources import pasted
from cgwizard.secrets.store import packed, unpacked

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.protocols import EarlierRun
    from cgwizard.guide.session import Session
    from cgwizard.nexus.docker_proxy import DockerProxy
    from cgwizard.plan.answers_file import Answers
    from cgwizard.secrets.secret import Secret
    from cgwizard.tokens.claims import PullToken
    from cgwizard.tokens.docker_config import CredentialLookup

MODES = (
    Choice("separate", "a restricted repository of its own"),
    Choice("add", "the same repository: all its users get the private images"),
)

HOST = "cgr.dev"  # a pull token is kept for it
UNSKIP = Action("unskip", "add a token after all", "t")
AGAIN = Action("again", "send the token again", "a")


class TokenStep(Step):
    id = "token"
    title = "Add token auth"
    secret_fields: ClassVar[frozenset[str]] = keeping.SECRET_FIELDS | {"token"}
    doubts: ClassVar[dict[Code, str]] = {
        Code.TOKEN_TRUNCATED: "token",
        Code.TOKEN_UNREADABLE: "token",
        Code.TOKEN_WRONG_KIND: "token",
        Code.TOKEN_EXPIRED: "token",
        Code.TOKEN_REFUSED: "token",
        Code.REPOSITORY_NAME_TAKEN: "name",
        Code.CONNECTOR_PORT_TAKEN: "port",
        Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY: "port",
        **keeping.DOUBTS,
    }
    defaults: ClassVar[dict[str, str]] = {
        "image": "",
        "mode": "separate",
        "name": plan.Token().name,
        "port": "",
        "keep": "",
    }
    found_later: ClassVar[frozenset[str]] = frozenset({"port"})
    answer_keys: ClassVar[dict[str, tuple[str, str]]] = {"token": ("secrets", "pull-token")}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.checked: PullToken | None = None  # the token that cgr.dev accepted
        self.repository = TokenRepository(session)
        self.keeping = session.keeping
        self._read: tuple[Secret, PullToken] | None = None  # what was pasted, and what it means
        self._found: CredentialLookup | None = None
        self._chainctl = False
        self._proposed = ""
        if practice := session.practice:
            self.secrets["token"] = pasted(practice.pull_token)
            self.values["image"] = f"{practice.organization}/{IMAGE}"

    # What to show

    @property
    def heading(self) -> str:
        return "Add your organization's images with a pull token"

    @property
    def context(self) -> str:
        if self.checked is not None:
            return describe(self.checked, datetime.now(UTC))
        return "Paste what this prints, whole: chainctl auth configure-docker --pull-token"

    def fields(self) -> tuple[Field, ...]:
        values = self.values
        fields = [
            Field(
                "token", "Pull token", kind="paste", placeholder="docker login ... or USER TOKEN"
            ),
            Field("image", "Image to try", values["image"], placeholder=f"ORG/{IMAGE}"),
            Field("mode", "Goes into", values["mode"], "choice", MODES),
        ]
        if values["mode"] == "separate":
            fields += [
                Field("name", "Name", values["name"]),
                Field("port", "Port", values["port"]),
            ]
        return (*fields, *self.keeping.fields(values["keep"], self.secrets, "Keep the token"))

    def notes(self) -> tuple[str, ...]:
        if self.state == "skipped":
            return ("This step is skipped: free images only.",)
        kept = self.keeping.notes(self.values["keep"], self.secrets, "pull-token")
        return (*self._replaced(), *kept)

    def _replaced(self) -> tuple[str, ...]:
        name, existing = self.target.name, self.existing
        stored = existing.http_client.authentication if existing else None
        if stored is None or self.checked is None or self.state == "done":
            return ()
        if self._has_it:
            return (f"{name} has this token already: nothing to change.",)
        if stored.username == self.checked.credentials.username:
            return (f"{name} has this token already; it is sent again.",)
        return (
            f"{name} has credentials already, of {stored.username or 'a bearer token'}:",
            "they are replaced, and cannot be put back, because Nexus never tells them.",
        )

    def preview(self) -> tuple[str, ...]:
        if self.checked is None or self.state == "done" or self.target_problems():
            return ()
        if self.session.plan.developer is None or self.session.plan.routing is None:
            return ()
        if self._has_it:
            return ()
        nexus = self.session.nexus
        return self.repository.change(self.target, self.checked).preview(
            nexus.base_url, nexus.version
        )

    def action(self) -> Action:
        if self.state in {"done", "skipped"}:
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        if self.checked is None:
            return Action("check", "check the token at cgr.dev")
        if self._has_it:
            return Action("use", f"use {self.target.name}")
        if self.values["mode"] == "add":
            return Action("add", f"add the token to {self.target.name}")
        verb = "change" if self.existing is not None else "create"
        return Action(verb, f"{verb} {self.values['name']}".rstrip())

    def others(self) -> tuple[Action, ...]:
        if self.state == "skipped":
            return (UNSKIP,)
        if self.state == "done":
            return ()
        actions = [SKIP]
        if self._has_it:
            actions.append(AGAIN)
        if self._found is not None:
            actions.append(Action("docker-config", f"read it from {self._found.where}", "r"))
        if self._chainctl and self.organization:
            actions.append(Action("chainctl", "make one with chainctl", "m"))
        return tuple(actions)

    @property
    def target(self) -> Target:
        """Where the token goes, by the answers as they are."""
        developer = self.session.plan.developer
        separate = self.values["mode"] == "separate"
        if developer and not separate:
            return Target(developer.name, separate)
        port = None if not separate or self._port_problem() else int(self.values["port"])
        return Target(self.values["name"].strip(), separate, port)

    @property
    def existing(self) -> DockerProxy | None:
        """What is there under that name."""
        return self.repository.existing(self.target)

    @property
    def _has_it(self) -> bool:
        """Whether there is nothing to send."""
        if self.checked is None or not self.session.plan.routing or self.target_problems():
            return False
        return self.repository.has(self.target, self.checked)

    def read(self) -> PullToken:
        """What was pasted, read once. Raises WizardError where it is no pull token."""
        from cgwizard.tokens import paste

        text = self.secrets["token"]
        if self._read is None or self._read[0] != text:
            self._read = text, paste.parse(text.reveal())
        return self._read[1]

    @property
    def organization(self) -> str:
        """The first part of the image's name."""
        return self.values["image"].strip().partition("/")[0]

    def set(self, field: str, text: str) -> bool:
        if not super().set(field, text):
            return False
        if field in {"token", "image"}:
            self.checked = None
            self.repository.again = False
        return True

    def field_problems(self) -> dict[str, str]:
        return self.target_problems() | self.keeping.problems(self.values["keep"], self.secrets)

    def target_problems(self) -> dict[str, str]:
        """Of what decides what is sent to Nexus."""
        problems: dict[str, str | None] = {}
        if not self.secrets.get("token"):
            problems["token"] = "paste a pull token, or skip this step"
        problems["image"] = image_problem(self.values["image"].strip())
        if self.values["mode"] == "separate":
            problems["name"] = self._name_problem()
            problems["port"] = self._port_problem()
        return {field: problem for field, problem in problems.items() if problem}

    def _name_problem(self) -> str | None:
        developer, name = self.session.plan.developer, self.values["name"].strip()
        if developer and name.lower() == developer.name.lower():
            return "another name than that of the free images, or choose the same repository"
        return docker_proxy.name_problem(name)

    def _port_problem(self) -> str | None:
        from cgwizard.nexus.ports import validate_port

        try:
            port = validate_port(self.values["port"])
        except WizardError as error:
            return f"{error.problem.came_back}: {error.problem.next_step}"
        chosen = self.session.plan.routing
        if chosen and port == chosen.port:
            return "another port than that of the free images"
        return None

    # Its part of the plan

    def fill(self, chosen: plan.Plan) -> None:
        part, pull = chosen.token, chosen.pull
        if part is None or part.mode == "skip":
            return
        self.set("mode", part.mode)
        image = pull.private_image if pull else ""
        if not image and part.organization:
            image = f"{part.organization}/{IMAGE}"
        self.set("image", image)
        if part.mode == "separate":
            self.set("name", part.name)
            if part.port is not None:
                self.set("port", str(part.port))

    def fill_unattended(self, answers: Answers) -> None:
        from cgwizard.secrets import sources

        self.fill(answers)
        self.values["keep"] = "memory"  # what is kept where was decided with the answers
        if not self.session.practice and not self.skipped_by(answers):
            self.secrets["token"] = sources.pull_token(answers.secrets.pull_token)

    def skipped_by(self, chosen: plan.Plan) -> bool:
        return chosen.token is None or chosen.token.mode == "skip"

    def skip(self, report: Report, cancel: Cancel) -> None:
        self.checks.clear()
        self.decide(token=plan.Token())
        self.session.pull_token = None
        self.state = "skipped"

    def answer_key(self, field: str, chosen: plan.Plan) -> tuple[str, str]:
        if field != "image":
            return super().answer_key(field, chosen)
        given = chosen.pull is not None and chosen.pull.private_image
        return ("pull", "private-image") if given else ("token", "organization")

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
        label = f"{name} has the token {chosen.username.partition('/')[2]}"
        found = self.session.nexus.docker_proxy(name)
        authentication = found.http_client.authentication if found is not None else None
        ports = {found.docker.http_port, found.docker.https_port} if found is not None else set()
        if authentication is None or authentication.username != chosen.username:
            report(Check("token-there", label, "warning", "not any more: add it again"))
            return False
        if chosen.port is not None and chosen.port not in ports:
            report(Check("token-there", label, "warning", "on another port now"))
            return False
        report(Check("token-there", label, "done"))
        run_checked(self, self.enter, report, cancel)  # the keyring may have it
        self.session.pull_token = self._known(chosen.username)
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

        if self.state in {"done", "skipped"}:
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
            self._found = next((each for each in found if each.token is not None), None)

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        if action == SKIP.id:
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
        self.keeping.unlock(self.secrets, report)
        self._drop_passphrase()
        if self.checked is None:
            self._check(report, cancel)
        else:
            self._apply(self.checked, report, cancel)

    def _check(self, report: Report, cancel: Cancel) -> None:
        ask = self.fix is None  # else it was chosen to go on without
        self.fix = None
        self.checks.clear()
        image = self.values["image"].strip()
        try:
            token = token_check.check(self.session, self.read, image, report, cancel, ask=ask)
        except WizardError as error:
            if token_check.unreachable(error.problem):
                # Often only Nexus may reach it, and that is all that is needed.
                self.fix = Fix("go on without asking cgr.dev from here", lambda: None)
            raise
        report(Check("nexus", f"look for {self.target.name} in Nexus", "running"))
        self.repository.look_up(self.target)
        there = "it is there" if self.existing is not None else "the name is free"
        report(Check("nexus", f"looked for {self.target.name} in Nexus", "done", there))
        self.checked = token

    def _apply(self, token: PullToken, report: Report, cancel: Cancel) -> None:
        chosen, target = self.session.routing, self.target
        shown = self.existing
        report(Check("apply", f"look for {target.name}", "running"))
        self.repository.look_up(target)
        self.repository.refuse_unseen(target, shown)
        change = self.repository.change(target, token)
        if self._has_it:
            report(Check("apply", f"{target.name} has this token already", "done"))
            reached = target.port or chosen.port
            docker_proxy.wait_for_connector(self.session, reached, chosen.scheme, report, cancel)
            self._through(token, target, report)
            return
        if target.port is not None and not self.repository.is_own(target):
            report(Check("apply", f"port {target.port}", "running"))
            routing.refuse_taken(self.session, target.port)
            routing.tell_cautions(self.session, target.port, report)
        docker_proxy.apply(self.session, change, report, cancel)
        if isinstance(change, changes.UpdateProxy):
            self.repository.forget_failures(change.repository, report)
        self._through(token, target, report)

    def _drop_passphrase(self) -> None:
        """Once the secrets file is open, its passphrase is not needed any more."""
        if self.keeping.file is not None:
            for field in keeping.SECRET_FIELDS:
                self.secrets.pop(field, None)

    def _through(self, token: PullToken, target: Target, report: Report) -> None:
        self.keeping.keep(
            self.values["keep"],
            self.secrets,
            packed(token.credentials),
            report,
            kind="pull-token",
            account=HOST,
        )
        self._drop_passphrase()
        self.session.pull_token = token
        self.decide(
            token=plan.Token(
                mode="separate" if target.separate else "add",
                organization=self.organization,
                username=token.credentials.username,
                name=target.name,
                port=target.port,
                scheme=self.session.routing.scheme,
            ),
            pull=plan.Pull(private_image=self.values["image"].strip()),
        )
