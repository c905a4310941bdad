"""Step 4, Add token auth: the organization's production images, by a pull token."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgwizard.changes import change as changes
from cgwizard.errors import Code, WizardError
from cgwizard.guide import docker_proxy, routing, token_check
from cgwizard.guide import secret_storage as keeping
from cgwizard.guide.step import CONTINUE, Action, Check, Choice, Field, Fix, Report, Step
from cgwizard.guide.token_check import IMAGE, describe, image_problem
from cgwizard.guide.token_target import Target
from cgwizard.plan import model as plan
from cgwizard.secrets.sources import pasted
from cgwizard.secrets.store import packed, unpacked

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.tokens.claims import PullToken
    from cgwizard.tokens.docker_config import CredentialLookup

MODES = (
    Choice("separate", "a restricted repository of its own"),
    Choice("add", "the same repository: all its users get the private images"),
)

HOST = "cgr.dev"  # a pull token is kept for it
SKIP = Action("skip", "skip: free images only", "s", "skip")
UNSKIP = Action("unskip", "add a token after all", "t")
AGAIN = Action("again", "send the token again", "a")


class Token(Step):
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

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.checked: PullToken | None = None  # the token that cgr.dev accepted
        self.target = Target(self)
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
        return (*fields, *self.keeping.fields(self, "Keep the token"))

    def notes(self) -> tuple[str, ...]:
        if self.state == "skipped":
            return ("This step is skipped: free images only.",)
        return (*self._replaced(), *self.keeping.notes(self, "pull-token"))

    def _replaced(self) -> tuple[str, ...]:
        name, existing = self.target.name, self.target.existing
        stored = existing.http_client.authentication if existing else None
        if stored is None or self.checked is None or self.state == "done":
            return ()
        if self.target.has(self.checked):
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
        if self.target.has(self.checked):
            return ()
        nexus = self.session.nexus
        return self.target.change(self.checked).preview(nexus.base_url, nexus.version)

    def action(self) -> Action:
        if self.state in {"done", "skipped"}:
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        if self.checked is None:
            return Action("check", "check the token at cgr.dev")
        if self.session.plan.routing and self.target.has(self.checked):
            return Action("use", f"use {self.target.name}")
        if self.values["mode"] == "add":
            return Action("add", f"add the token to {self.target.name}")
        verb = "change" if self.target.existing is not None else "create"
        return Action(verb, f"{verb} {self.values['name']}".rstrip())

    def others(self) -> tuple[Action, ...]:
        if self.state == "skipped":
            return (UNSKIP,)
        if self.state == "done":
            return ()
        actions = [SKIP]
        if self.checked is not None and self.session.plan.routing and self.target.has(self.checked):
            actions.append(AGAIN)
        if self._found is not None:
            actions.append(Action("docker-config", f"read it from {self._found.where}", "r"))
        if self._chainctl and self.organization:
            actions.append(Action("chainctl", "make one with chainctl", "m"))
        return tuple(actions)

    @property
    def keeping(self) -> keeping.Keeping:
        return self.session.steps.connect.keeping

    @property
    def organization(self) -> str:
        """The first part of the image's name."""
        return self.values["image"].strip().partition("/")[0]

    def set(self, field: str, text: str) -> bool:
        if not super().set(field, text):
            return False
        if field in {"token", "image"}:
            self.checked = None
            self.target.again = False
        return True

    def field_problems(self) -> dict[str, str]:
        return self.target_problems() | self.keeping.problems(self)

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
        developer = self.session.plan.developer
        if developer and self.target.name.lower() == developer.name.lower():
            return "another name than that of the free images, or choose the same repository"
        return docker_proxy.name_problem(self.target.name)

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

    # What is done

    def enter(self, report: Report, cancel: Cancel) -> None:
        from cgwizard.nexus.ports import connectors
        from cgwizard.tokens import chainctl

        if self.state in {"done", "skipped"}:
            return
        if self.checked is None:
            self.session.refresh()
        else:
            self.target.look_up()
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
        if action == "skip":
            self.checks.clear()
            self.session.plan = msgspec.structs.replace(self.session.plan, token=plan.Token())
            self.session.pull_token = None
            self.state = "skipped"
        elif action == "unskip":
            self.reset()
            self.session.reset_after(self)
            self.enter(report, cancel)
        elif action == "again" and self.checked is not None:
            self.target.again = True
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
        self.keeping.unlock(self, report)
        if self.checked is None:
            self._check(report, cancel)
        else:
            self._apply(self.checked, report, cancel)

    def _check(self, report: Report, cancel: Cancel) -> None:
        ask = self.fix is None  # else it was chosen to go on without
        self.fix = None
        self.checks.clear()
        image, text = self.values["image"].strip(), self.secrets["token"]
        try:
            token = token_check.check(self.session, text, image, report, cancel, ask=ask)
        except WizardError as error:
            if token_check.unreachable(error.problem):
                # Often only Nexus may reach it, and that is all that is needed.
                self.fix = Fix("go on without asking cgr.dev from here", lambda: None)
            raise
        report(Check("nexus", f"look for {self.target.name} in Nexus", "running"))
        self.target.look_up()
        there = "it is there" if self.target.existing is not None else "the name is free"
        report(Check("nexus", f"looked for {self.target.name} in Nexus", "done", there))
        self.checked = token

    def _apply(self, token: PullToken, report: Report, cancel: Cancel) -> None:
        chosen = self.session.routing
        separate = self.values["mode"] == "separate"
        shown = self.target.existing
        report(Check("apply", f"look for {self.target.name}", "running"))
        self.target.look_up()
        self.target.refuse_unseen(shown)
        change = self.target.change(token)
        port = int(self.values["port"]) if separate else None
        if self.target.has(token):
            report(Check("apply", f"{self.target.name} has this token already", "done"))
            reached = port or chosen.port
            docker_proxy.wait_for_connector(self.session, reached, chosen.scheme, report, cancel)
            self._through(token, port, report)
            return
        if port is not None and not self.target.is_own(port):
            report(Check("apply", f"port {port}", "running"))
            routing.refuse_taken(self.session, port)
            routing.tell_cautions(self.session, port, report)
        docker_proxy.apply(self.session, change, report, cancel)
        if isinstance(change, changes.UpdateProxy):
            self.target.forget_failures(change.repository, report)
        self._through(token, port, report)

    def _through(self, token: PullToken, port: int | None, report: Report) -> None:
        secret = packed(token.credentials)
        self.keeping.keep(self, "pull-token", HOST, secret, report)
        self.session.pull_token = token
        self.session.plan = msgspec.structs.replace(
            self.session.plan,
            token=plan.Token(
                mode="separate" if self.values["mode"] == "separate" else "add",
                organization=self.organization,
                username=token.credentials.username,
                name=self.target.name,
                port=port,
                scheme=self.session.routing.scheme,
            ),
            pull=plan.Pull(private_image=self.values["image"].strip()),
        )
        self.state = "done"
