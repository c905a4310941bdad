"""Step 4, Add token auth: the organisation's production images, by a pull token."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgwizard import changes, keyrings, plan
from cgwizard.errors import WizardError
from cgwizard.guide import proxy, routing, token_check
from cgwizard.guide.step import CONTINUE, Action, Check, Choice, Field, Fix, Report, Step
from cgwizard.guide.token_check import IMAGE, describe, image_problem, pasted

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import DockerProxy
    from cgwizard.tokens.claims import PullToken
    from cgwizard.tokens.docker_config import Found

MODES = (
    Choice("separate", "a restricted repository of its own"),
    Choice("add", "the same repository: all its users get the private images"),
)
KEEP = (Choice("yes", "in the keyring"), Choice("no", "for this run only"))

SKIP = Action("skip", "skip: free images only", "s")
AGAIN = Action("again", "send the token again", "a")


class Token(Step):
    id = "token"
    title = "Add token auth"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})
    doubts: ClassVar[dict[str, str]] = {
        "token-truncated": "token",
        "token-unreadable": "token",
        "token-wrong-kind": "token",
        "token-expired": "token",
        "token-refused": "token",
        "repository-name-taken": "name",
        "connector-port-taken": "port",
        "connector-port-of-other-repository": "port",
    }
    defaults: ClassVar[dict[str, str]] = {
        "image": "",
        "mode": "separate",
        "name": plan.Token().name,
        "port": "",
        "keep": "yes",
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.keyring: keyrings.KeyringStatus | None = None
        self.checked: PullToken | None = None  # the token that cgr.dev accepted
        self._looked: dict[str, DockerProxy | None] = {}  # what is there, by name
        self._found: Found | None = None
        self._chainctl = False
        self._again = False  # the person wants the token sent although Nexus has it
        self._proposed = ""
        if practice := session.practice:
            self.secrets["token"] = pasted(practice.pull_token)
            self.values["image"] = f"{practice.organization}/{IMAGE}"

    # What to show

    @property
    def heading(self) -> str:
        return "Add your organisation's images with a pull token"

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
        if self.keyring and self.keyring.usable:
            fields.append(Field("keep", "Keep the token", values["keep"], "choice", KEEP))
        return tuple(fields)

    def notes(self) -> tuple[str, ...]:
        if self.keyring and not self.keyring.usable:
            reason = self.keyring.reason.rstrip(".")
            return (*self._replaced(), f"{reason}. The token stays in memory, for this run only.")
        return self._replaced()

    def _replaced(self) -> tuple[str, ...]:
        stored = self._existing.http_client.authentication if self._existing else None
        if stored is None or self.checked is None or self.state == "done":
            return ()
        if self._has_it(self.checked):
            return (f"{self._name} has this token already: nothing to change.",)
        if stored.username == self.checked.credentials.username:
            return (f"{self._name} has this token already; it is sent again.",)
        return (
            f"{self._name} has credentials already, of {stored.username or 'a bearer token'}:",
            "they are replaced, and cannot be put back, because Nexus never tells them.",
        )

    def preview(self) -> tuple[str, ...]:
        if self.checked is None or self.state == "done" or self.field_problems():
            return ()
        if self.session.plan.developer is None or self.session.plan.routing is None:
            return ()
        if self._has_it(self.checked):
            return ()
        nexus = self.session.nexus
        return self.change(self.checked).preview(nexus.base_url, nexus.version)

    def action(self) -> Action:
        if self.state in {"done", "skipped"}:
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        if self.checked is None:
            return Action("check", "check the token at cgr.dev")
        if self.session.plan.routing and self._has_it(self.checked):
            return Action("use", f"use {self._name}")
        if self.values["mode"] == "add":
            return Action("add", f"add the token to {self._name}")
        verb = "change" if self._existing is not None else "create"
        return Action(verb, f"{verb} {self.values['name']}")

    def others(self) -> tuple[Action, ...]:
        if self.state in {"done", "skipped"}:
            return ()
        actions = [SKIP]
        if self.checked is not None and self.session.plan.routing and self._has_it(self.checked):
            actions.append(AGAIN)
        if self._found is not None:
            actions.append(Action("docker-config", f"read it from {self._found.where}", "r"))
        if self._chainctl and self.organization:
            actions.append(Action("chainctl", "make one with chainctl", "m"))
        return tuple(actions)

    @property
    def organization(self) -> str:
        """The first part of the image's name."""
        return self.values["image"].strip().partition("/")[0]

    def set(self, field: str, text: str) -> bool:
        if not super().set(field, text):
            return False
        if field in {"token", "image"}:
            self.checked = None
            self._again = False
        return True

    @property
    def _name(self) -> str:
        """Of the repository that the token goes into."""
        developer = self.session.plan.developer
        if self.values["mode"] == "add" and developer:
            return developer.name
        return self.values["name"].strip()

    @property
    def _existing(self) -> DockerProxy | None:
        return self._looked.get(self._name)

    def _has_it(self, token: PullToken) -> bool:
        """Whether the repository is as wanted and holds a token of this user name. Nexus does
        not tell its password; a pull token's user name belongs to one token, so it is this one."""
        existing = self._existing
        if self._again or existing is None or self.field_problems():
            return False
        stored = existing.http_client.authentication
        same = stored is not None and stored.username == token.credentials.username
        return same and not existing.differences(self.wanted(token))

    def field_problems(self) -> dict[str, str]:
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
        if developer and self._name.lower() == developer.name.lower():
            return "another name than that of the free images, or choose the same repository"
        return proxy.name_problem(self._name)

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
            self._look_up()
        if self.values["port"] in {"", self._proposed}:
            taken = connectors(self.session.repositories)
            own = next((c for c in taken if c.repository == self.values["name"].strip()), None)
            chosen = self.session.plan.routing
            besides = chosen.port if chosen else None
            port = own.port if own else routing.propose_port(self.session, besides=besides)
            self.values["port"] = self._proposed = str(port)
        if self.session.practice:
            return
        self.keyring = self.session.steps.connect.keyring or keyrings.probe()
        self._chainctl = chainctl.available() is not None
        self._find_docker_config()
        if not self.secrets.get("token") and self.keyring.usable:
            with contextlib.suppress(WizardError):  # the person pastes it instead
                if found := keyrings.load_token("cgr.dev"):
                    self.secrets["token"] = pasted(found)

    def _find_docker_config(self) -> None:
        from cgwizard.tokens import docker_config

        with contextlib.suppress(WizardError):  # an unreadable file is no reason to stop here
            found = docker_config.find("cgr.dev")
            self._found = next((each for each in found if each.token is not None), None)

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        if action == "skip":
            self.checks.clear()
            self.session.plan = msgspec.structs.replace(self.session.plan, token=plan.Token())
            self.session.pull_token = None
            self.state = "skipped"
        elif action == "again" and self.checked is not None:
            self._again = True
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
        report(Check("nexus", f"look for {self._name} in Nexus", "running"))
        self._look_up()
        there = "it is there" if self._existing is not None else "the name is free"
        report(Check("nexus", f"looked for {self._name} in Nexus", "done", there))
        self.checked = token

    def _look_up(self) -> None:
        """At both repositories that it could go into: the choice may still change."""
        developer = self.session.developer
        self.session.refresh()
        self._looked = {developer.name: self.session.nexus.docker_proxy(developer.name)}
        if self.values["mode"] == "separate":
            self._looked[self._name] = proxy.existing_proxy(self.session, self._name)

    def wanted(self, token: PullToken) -> DockerProxy:
        from cgwizard.nexus.models import DockerProxy

        developer, chosen = self.session.developer, self.session.routing
        name = self._name
        port = chosen.port if self.values["mode"] == "add" else int(self.values["port"])
        https = chosen.scheme == "https"
        if self._existing is not None:
            return self._existing.adjusted(
                remote_url=plan.REMOTE_URL,
                port=port,
                https=https,
                credentials=token.credentials,
            )
        return DockerProxy.new(
            name,
            port,
            blob_store=developer.blob_store,
            https=https,
            credentials=token.credentials,
        )

    def change(self, token: PullToken) -> changes.Change:
        """Nexus does not tell the stored password, so an existing repository is always sent
        the token anew."""
        wanted = self.wanted(token)
        existing = self._existing
        if existing is None:
            return changes.CreateProxy(wanted)
        return changes.UpdateProxy(self._with_known_token(existing), wanted)

    def _with_known_token(self, existing: DockerProxy) -> DockerProxy:
        """With its password where this run knows it, so that the change can be undone."""
        stored = existing.http_client.authentication
        for token in (self.session.pull_token, self.checked):
            if token is not None and stored and stored.username == token.credentials.username:
                return existing.with_credentials(token.credentials)
        return existing

    def _apply(self, token: PullToken, report: Report, cancel: Cancel) -> None:
        chosen = self.session.routing
        separate = self.values["mode"] == "separate"
        shown = self._existing
        report(Check("apply", f"look for {self._name}", "running"))
        self._look_up()
        self._refuse_unseen(shown)
        change = self.change(token)
        port = int(self.values["port"]) if separate else None
        if self._has_it(token):
            report(Check("apply", f"{self._name} has this token already", "done"))
            reached = port or chosen.port
            proxy.wait_for_connector(self.session, reached, chosen.scheme, report, cancel)
            self._through(token, port, report)
            return
        if port is not None and not self._is_own(port):
            report(Check("apply", f"port {port}", "running"))
            routing.refuse_taken(self.session, port)
        proxy.apply(self.session, change, report, cancel)
        if isinstance(change, changes.UpdateProxy):
            self._forget_failures(change.repository, report)
        self._through(token, port, report)

    def _through(self, token: PullToken, port: int | None, report: Report) -> None:
        self._keep(report)
        self.session.pull_token = token
        self.session.plan = msgspec.structs.replace(
            self.session.plan,
            token=plan.Token(
                mode="separate" if self.values["mode"] == "separate" else "add",
                organization=self.organization,
                username=token.credentials.username,
                name=self._name,
                port=port,
                scheme=self.session.routing.scheme,
            ),
            pull=plan.Pull(private_image=self.values["image"].strip()),
        )
        self.state = "done"

    def _refuse_unseen(self, shown: DockerProxy | None) -> None:
        """What would change is shown before anything is sent: not for what came meanwhile.
        What an earlier try of this run left is its own."""
        found, name = self._existing, self._name
        if found is None and self.values["mode"] == "add":
            raise WizardError(
                "repository-not-found",
                tried=f"looking for {name}, which is to get the token",
                came_back="Nexus does not know it any more",
                cause="someone removed it meanwhile",
                next_step="go back one step and make it again, or choose a repository of its own",
            )
        if found is None or self.session.journal.tried(name):
            return
        if shown is not None and not shown.differences(found):
            return
        raise WizardError(
            "repository-exists",
            tried=f"looking whether the name {name} is free",
            came_back="there is a docker (proxy) of this name that was not there before",
            cause="someone made or changed it meanwhile",
            next_step="Enter changes it as shown now, or choose another name",
        )

    def _forget_failures(self, name: str, report: Report) -> None:
        """What Nexus could not find without the token, it remembers as unknown for a day."""
        label = "remembered failures are forgotten"
        report(Check("forget", label, "running"))
        try:
            self.session.nexus.invalidate_cache(name)
        except WizardError as error:  # the token is in place: the pull shows whether it matters
            report(Check("forget", label, "warning", error.problem.came_back, error.problem))
        else:
            report(Check("forget", label, "done"))

    def _is_own(self, port: int) -> bool:
        docker = self._existing.docker if self._existing is not None else None
        return docker is not None and port in {docker.http_port, docker.https_port}

    def _keep(self, report: Report) -> None:
        if self.session.practice or not (self.keyring and self.keyring.usable):
            return
        if self.values["keep"] != "yes" or self.checked is None:
            return
        credentials = self.checked.credentials
        label = "keep the token in the keyring"
        report(Check("keep", label, "running", self.keyring.backend))
        try:
            keyrings.save_token("cgr.dev", credentials)
        except WizardError as error:  # it is a convenience: the guide goes on without it
            report(Check("keep", label, "warning", error.problem.came_back, error.problem))
        else:
            report(Check("keep", label, "done", self.keyring.backend))
