"""Step 4, Add token auth: the organisation's production images, by a pull token."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgwizard import changes, keyrings, plan
from cgwizard.errors import WizardError
from cgwizard.guide import proxy, routing
from cgwizard.guide.step import CONTINUE, Action, Check, Choice, Field, Report, Step, checking
from cgwizard.secrets import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import DockerProxy
    from cgwizard.registry.client import Registry
    from cgwizard.tokens.claims import PullToken
    from cgwizard.tokens.docker_config import Found

IMAGE = "chainguard-base"
MODES = (
    Choice("separate", "a restricted repository of its own"),
    Choice("add", "the same repository: all its users get the private images"),
)
KEEP = (Choice("yes", "in the keyring"), Choice("no", "for this run only"))

SKIP = Action("skip", "skip: free images only", "s")


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
        self._existing: DockerProxy | None = None
        self._found: Found | None = None
        self._chainctl = False
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
            return (f"{reason}. The token stays in memory, for this run only.",)
        return ()

    def preview(self) -> tuple[str, ...]:
        if self.checked is None or self.state == "done":
            return ()
        nexus = self.session.nexus
        return self.change(self.checked).preview(nexus.base_url, nexus.version)

    def action(self) -> Action:
        if self.state in {"done", "skipped"}:
            return CONTINUE
        if self.checked is None:
            return Action("check", "check the token at cgr.dev")
        developer = self.session.plan.developer
        if self.values["mode"] == "add" and developer:
            return Action("add", f"add the token to {developer.name}")
        verb = "change" if self._existing is not None else "create"
        return Action(verb, f"{verb} {self.values['name']}")

    def others(self) -> tuple[Action, ...]:
        if self.state in {"done", "skipped"}:
            return ()
        actions = [SKIP]
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
        return True

    def reset(self) -> None:
        super().reset()
        self._existing = None

    def field_problems(self) -> dict[str, str]:
        problems: dict[str, str | None] = {}
        if not self.secrets.get("token"):
            problems["token"] = "paste a pull token, or skip this step"
        problems["image"] = image_problem(self.values["image"].strip())
        if self.values["mode"] == "separate":
            problems["name"] = proxy.name_problem(self.values["name"].strip())
            problems["port"] = self._port_problem()
        return {field: problem for field, problem in problems.items() if problem}

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
        self.session.refresh()
        if self.values["port"] in {"", self._proposed}:
            taken = connectors(self.session.repositories)
            own = next((c for c in taken if c.repository == self.values["name"].strip()), None)
            port = own.port if own else routing.propose_port(self.session)
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
        """Ask cgr.dev itself, before Nexus is touched: Nexus would only say manifest unknown."""
        from cgwizard.tokens import paste

        self.checks.clear()
        image = self.values["image"].strip()

        report(Check("shape", "it reads as a pull token", "running"))
        token = paste.parse(self.secrets["token"].reveal())
        report(Check("shape", "it reads as a pull token", "done"))
        cancel.check()
        if token.expired(datetime.now(UTC)):
            report(Check("expiry", "it has not expired", "running"))
            raise expired(token)
        with self.session.upstream(token.credentials) as registry:
            label = f"cgr.dev accepts it for {self.organization}"
            checking(report, "accepted", label, lambda: _accepted(registry, image))
            cancel.check()

            def exists() -> str:
                return short(registry.head(image, "latest").digest)

            checking(report, "image", f"cgr.dev serves {image}", exists)
        self._look_up()
        self.checked = token

    def _look_up(self) -> None:
        developer = self.session.developer
        self.session.refresh()
        separate = self.values["mode"] == "separate"
        name = self.values["name"].strip() if separate else developer.name
        self._existing = proxy.existing_proxy(self.session, name)

    def wanted(self, token: PullToken) -> DockerProxy:
        from cgwizard.nexus.models import DockerProxy

        developer, chosen = self.session.developer, self.session.routing
        if self.values["mode"] == "add":
            port, name = chosen.port, developer.name
        else:
            port, name = int(self.values["port"]), self.values["name"].strip()
        https = chosen.scheme == "https"
        if self._existing is not None and self._existing.name == name:
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
        if existing is None or existing.name != wanted.name:
            return changes.CreateProxy(wanted)
        return changes.UpdateProxy(existing, wanted)

    def _apply(self, token: PullToken, report: Report, cancel: Cancel) -> None:
        chosen = self.session.routing
        separate = self.values["mode"] == "separate"
        before = self._existing
        self._look_up()
        if self._existing is not None and separate and before is None:
            report(Check("apply", f"look for {self._existing.name}", "running"))
            raise WizardError(
                "repository-exists",
                tried=f"looking whether the name {self._existing.name} is free",
                came_back="there is a docker (proxy) of this name",
                cause="someone made it before, or an earlier run did",
                next_step="Enter gives it the token as shown, or choose another name",
            )
        change = self.change(token)
        port = int(self.values["port"]) if separate else None
        if port is not None and not self._is_own(port):
            report(Check("apply", f"port {port}", "running"))
            routing.refuse_taken(self.session, port)
        proxy.apply(self.session, change, report, cancel)
        if isinstance(change, changes.UpdateProxy):
            # What Nexus could not find without the token, it remembers as unknown for a day.
            self.session.nexus.invalidate_cache(change.repository)
            report(Check("forget", "remembered failures are forgotten", "done"))
        self._keep(report)
        self.session.pull_token = token
        self.session.plan = msgspec.structs.replace(
            self.session.plan,
            token=plan.Token(
                mode="separate" if separate else "add",
                organization=self.organization,
                username=token.credentials.username,
                name=change.repository,
                port=port,
                scheme=chosen.scheme,
            ),
            pull=plan.Pull(private_image=self.values["image"].strip()),
        )
        self.state = "done"

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


def pasted(credentials: Credentials) -> Secret:
    """A pull token as a person would paste it: user name and password."""
    return Secret(f"{credentials.username} {credentials.password.reveal()}")


def image_problem(image: str) -> str | None:
    """What is wrong with ``ORG/IMAGE``; None when it reads as one."""
    from cgwizard.registry.reference import Reference

    if "/" not in image:
        return f"your organisation and one of its images, for example example.com/{IMAGE}"
    if image.startswith(("cgr.dev/", "http")):
        return "without the registry: ORG/IMAGE"
    try:
        reference = Reference.parse(f"cgr.dev/{image}")
    except WizardError as error:
        return f"{error.problem.came_back}: {error.problem.next_step}"
    if reference.tag not in {None, "latest"} or reference.digest:
        return "without tag or digest: ORG/IMAGE"
    if reference.repository.startswith(f"{plan.FREE_NAMESPACE}/"):
        return "an image of your organisation; those of chainguard are free and need no token"
    return None


def describe(token: PullToken, now: datetime) -> str:
    """Expiry and organisation as the token tells them, in one line."""
    told = [f"organisation {token.organization_id[:8]}…"]
    if token.expires is None:
        told.append("no expiry date in it")
    else:
        days = token.days_left(now) or 0
        left = f"in {days} day{'' if days == 1 else 's'}" if days > 0 else "today"
        told.append(f"expires {left}, {token.expires:%d %B %Y}")
    return " · ".join([*told, *token.notes])


def expired(token: PullToken) -> WizardError:
    return WizardError(
        "token-expired",
        tried="reading the pull token's expiry date",
        came_back=f"it expired on {token.expires:%d %B %Y %H:%M} UTC",
        cause="pull tokens live 30 days unless they were made for longer",
        next_step="make a new one: chainctl auth configure-docker --pull-token --ttl=8760h",
    )


def short(digest: str) -> str:
    """``sha256:4f1c…9ae2``, enough to recognise a digest by."""
    algorithm, _, hex_digits = digest.partition(":")
    return f"{algorithm}:{hex_digits[:4]}…{hex_digits[-4:]}"


def _accepted(registry: Registry, image: str) -> str:
    """Raises WizardError with what the refusal most likely means."""
    try:
        registry.check_credentials(image)
    except WizardError as error:
        if error.code not in {"token-refused", "login-wrong", "denied"}:
            raise
        organization = image.partition("/")[0]
        raise WizardError(
            "token-refused",
            tried=f"asking cgr.dev with this token for leave to pull {image}",
            came_back=error.problem.came_back,
            cause=f"it was revoked, or belongs to another organisation than {organization}, "
            "or the organisation has no such image",
            next_step="check the image's name; chainctl auth pull-token list shows the tokens",
        ) from error
    return ""
