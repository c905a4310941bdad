"""What Add token auth asks: the pull token, an image to try it on, the repository it goes into."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from cgwizard.errors import Code, WizardError
from cgwizard.errors.codes import NEW_PULL_TOKEN
from cgwizard.guide import docker_proxy
from cgwizard.guide.image_names import IMAGE, private_image_problem
from cgwizard.guide.secret_step import SecretStep
from cgwizard.guide.shown import CONTINUE, SKIP, Action, Choice, Field, Report
from cgwizard.guide.token_check import describe
from cgwizard.guide.token_target import TokenRepository, TokenTarget
from cgwizard.plan import model as plan
from cgwizard.secrets.sources import pasted

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.docker_proxy import DockerProxy
    from cgwizard.plan.answers_file import Answers
    from cgwizard.secrets.secret import Secret
    from cgwizard.secrets.store import Kind
    from cgwizard.tokens.claims import PullToken
    from cgwizard.tokens.docker_config import CredentialLookup

MODES = (
    Choice("separate", "a repository of its own"),
    Choice("add", "the same repository: all its users get the private images"),
)

PASTE = "docker login ... or USER TOKEN"
HOST = "cgr.dev"  # a pull token is kept for it
UNSKIP = Action("unskip", "add a token after all", "f7", "add a token")
AGAIN = Action("again", "send the token again", "f5", "send again")


class TokenForm(SecretStep):
    """The questions, and how a plan answers them."""

    kind: ClassVar[Kind] = "pull-token"
    keep_label = "Keep the token"
    secret_fields: ClassVar[frozenset[str]] = SecretStep.secret_fields | {"token"}
    doubts: ClassVar[dict[Code, str]] = {
        Code.TOKEN_TRUNCATED: "token",
        Code.TOKEN_UNREADABLE: "token",
        Code.TOKEN_WRONG_KIND: "token",
        Code.TOKEN_EXPIRED: "token",
        Code.TOKEN_REFUSED: "token",
        Code.NOT_ENTITLED: "image",
        Code.REPOSITORY_NAME_TAKEN: "name",
        Code.CONNECTOR_PORT_TAKEN: "port",
        Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY: "port",
        **SecretStep.doubts,
    }
    defaults: ClassVar[dict[str, str]] = {
        "image": "",
        "mode": "separate",
        "name": plan.Token().name,
        "port": "",
        "keep": "",
        "check": "registry",  # or "nexus": it is not asked from here
    }
    found_later: ClassVar[frozenset[str]] = frozenset({"port"})
    answer_keys: ClassVar[dict[str, tuple[str, str]]] = {"token": ("secrets", "pull-token")}

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.checked: PullToken | None = None  # the token that cgr.dev accepted
        self.repository = TokenRepository(session)
        self._read: tuple[Secret, PullToken] | None = None  # what was pasted, and what it means
        self._found: CredentialLookup | None = None
        self._unread: tuple[str, ...] = ()  # what of Docker's files was passed over, and why
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
        return f"Paste what this prints: {NEW_PULL_TOKEN}"

    def fields(self) -> tuple[Field, ...]:
        values = self.values
        fields = [
            Field("token", "Pull token", "", "paste", (), PASTE, found=self._pasted()),
            Field("image", "Image to try", values["image"], placeholder=f"ORG/{IMAGE}"),
            Field("mode", "Goes into", values["mode"], "choice", MODES),
        ]
        if values["mode"] == "separate":
            fields += [
                Field("name", "Name", values["name"]),
                Field("port", "Port", values["port"]),
            ]
        return (*fields, *self.keep_fields())

    def _pasted(self) -> str:
        text, practice = self.secrets.get("token"), self.session.practice
        if not text or self.checked is not None:
            return ""  # the line below the heading says it then
        if practice and text == pasted(practice.pull_token):
            return ""  # it was not pasted
        try:
            return f"✓ {describe(self.read(), datetime.now(UTC))}"
        except WizardError as error:
            return f"✗ {error.problem.came_back}"

    def notes(self) -> tuple[str, ...]:
        if self.state == "skipped":
            return ("This step is skipped: free images only.",)
        unread = self._unread if self.checked is None and self._found is None else ()
        return (*self._replaced(), *self.keep_notes(), *unread)

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
        if self.through:
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        if self.checked is None:
            asked, where = self.values["check"] == "registry", self.session.registry_name
            label = f"check the token at {where}" if asked else "take the token as it is"
            return Action("check", label, short=label.removesuffix(f" at {where}"))
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
            key = "" if self._has_it else "f5"
            label = f"read it from {self._found.where}"
            actions.append(Action("docker-config", label, key, "Docker's token"))
        if self._chainctl and self.organization:
            actions.append(Action("chainctl", "make one with chainctl", "ctrl+n", "new token"))
        return tuple(actions)

    @property
    def target(self) -> TokenTarget:
        """Where the token goes, by the answers as they are."""
        from cgwizard.nexus.ports import validate_port

        developer = self.session.plan.developer
        separate = self.values["mode"] == "separate"
        if developer and not separate:
            return TokenTarget(developer.name, separate)
        port = None if not separate or self._port_problem() else validate_port(self.values["port"])
        return TokenTarget(self.values["name"].strip(), separate, port)

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
            self.values["check"] = "registry"
            self.repository.again = False
        return True

    def field_problems(self) -> dict[str, str]:
        return self.target_problems() | self.keep_problems()

    def target_problems(self) -> dict[str, str]:
        """Of what decides what is sent to Nexus."""
        problems: dict[str, str | None] = {}
        if not self.secrets.get("token"):
            problems["token"] = "paste a pull token, or skip this step"
        problems["image"] = private_image_problem(self.values["image"].strip())
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
        self.values["check"] = part.check
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
        self.session.pull_token = self.session.token_ends = self.session.pull_user = None
        self.state = "skipped"

    def answer_key(self, field: str, chosen: plan.Plan) -> tuple[str, str]:
        if field != "image":
            return super().answer_key(field, chosen)
        given = chosen.pull is not None and chosen.pull.private_image
        return ("pull", "private-image") if given else ("token", "organization")
