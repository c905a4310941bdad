"""What Connect asks: where Nexus is, who signs in, where the password is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cgwizard.errors import Code, WizardError
from cgwizard.guide import connect_checks
from cgwizard.guide.secret_step import SecretStep
from cgwizard.guide.shown import CONTINUE, Action, Evidence, Field, Report, Request
from cgwizard.guide.step import SideStep
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.cancel import Cancel
    from cgwizard.errors import Problem
    from cgwizard.guide.protocols import StartedNexus
    from cgwizard.guide.session import Session
    from cgwizard.plan.answers_file import Answers
    from cgwizard.secrets.store import Kind

UNTRUSTED = frozenset({Code.NEXUS_TLS_UNTRUSTED, Code.NEXUS_CERTIFICATE_CHANGED})
TRIAL = Action("trial", "start a trial Nexus", "ctrl+n", "trial Nexus")


class ConnectForm(SecretStep):
    """The questions, and how a plan answers them."""

    kind: ClassVar[Kind] = "nexus-password"
    keep_label = "Keep password"
    secret_fields: ClassVar[frozenset[str]] = SecretStep.secret_fields | {"password"}
    doubts: ClassVar[dict[Code, str]] = {
        Code.LOGIN_WRONG: "password",
        Code.PASSWORD_MISSING: "password",
        Code.NEXUS_DNS: "url",
        Code.NEXUS_REFUSED: "url",
        Code.NEXUS_FILTERED: "url",
        Code.NEXUS_NOT_NEXUS: "url",
        Code.NO_ADMIN_PRIVILEGE: "user",
        **SecretStep.doubts,
    }

    found_later: ClassVar[frozenset[str]] = frozenset({"password"})
    answer_keys: ClassVar[dict[str, tuple[str, str]]] = {"password": ("secrets", "nexus-password")}
    next_steps: dict[Code, str] = {  # noqa: RUF012  (never changed)
        Code.NEXUS_EULA: "read it; accept-eula = true under [connect] accepts it in your name",
        Code.RUN_IN_USE: "wait until the other one has ended, then run it again",
        Code.PASSWORD_MISSING: "keep it there by a run of the guide, or name env:VARIABLE "
        "or file:PATH",
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.trial_possible = False  # whether a container engine answers here
        self.fingerprint: str | None = None
        self.accepted: str | None = None  # the agreement's text to which the user agreed
        self.password_from = ""  # where the password was found, in words; empty where it was typed
        self.values = {"url": session.url, "user": session.user, "ca_file": "", "keep": ""}
        if session.practice:
            self.values["url"] = session.practice.nexus_url
            self.values["user"] = session.practice.username
            self.secrets["password"] = session.practice.password
        else:
            self.keeping.look_for_file()

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
        ]
        if self.keeping.locked:
            empty = "opens the secrets file; empty: without it"
            optional = not self._in_file
            fields.append(Field("passphrase", "Passphrase", "", "secret", (), empty, optional))
        fields.append(Field("password", "Password", kind="secret"))
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
        if not self.password_from:
            asked = {field.id for field in fields}
            keep = self.keep_fields()
            fields += [field for field in keep if field.id not in asked]
        return tuple(fields)

    def notes(self) -> tuple[str, ...]:
        if self.checks or self.problem:
            return ()
        will = (
            "Then: choose a port, create a docker (proxy) of https://cgr.dev/, add a pull "
            "token, and pull images through Nexus, with every byte checked.",
        )
        return (*self._about_password(), *will)

    def _about_password(self) -> tuple[str, ...]:
        if self.password_from:
            return (f"The password comes from {self.password_from}.",)
        if self.keeping.locked:
            whose = f"the password of {self._account}" if self._in_file else "secrets"
            return (
                f"The encrypted file of an earlier run has {whose}:",
                "type its passphrase; or the password, to go on without the file.",
                "",
            )
        why = self.keep_notes()
        return (*why, "") if why else ()

    @property
    def _account(self) -> str:
        return account(self.values["user"], self.values["url"])

    @property
    def _in_file(self) -> bool:
        return self.keeping.names("nexus-password", self._account)

    def action(self) -> Action:
        if self.state == "done":
            return CONTINUE
        if self.fix:
            return Action("fix", self.fix.label)
        return Action("connect", "connect" if not self.problem else "try again")

    def others(self) -> tuple[Action, ...]:
        if self.trial_possible and self.session.trial and self.state != "done" and not self.fix:
            return (*self._others(), TRIAL)
        return self._others()

    def _others(self) -> tuple[Action, ...]:
        if self.problem and self.problem.code in {Code.RUN_IN_USE, Code.RUN_NOT_TAKEN_OVER}:
            return (Action("look", "only look", "enter"),)
        return ()

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        if self.session.run is not None:
            self.session.run.look()
        self.fix = None
        self.act(report, cancel)

    def field_problems(self) -> dict[str, str]:
        from cgwizard.nexus.address import normalize

        problems = {}
        if not self.values["url"].strip():
            problems["url"] = "where is Nexus? For example https://nexus.example.com"
        else:
            try:
                normalize(self.values["url"])
            except WizardError as error:
                problems["url"] = f"{error.problem.came_back}: {error.problem.next_step}"
        if not self.values["user"].strip():
            problems["user"] = "a user who may administer repositories, often admin"
        elif ":" in self.values["user"]:
            problems["user"] = "a user name has no colon"
        if not self.secrets.get("password") and not self._may_be_kept:
            problems["password"] = "the password of this user"
        if "\0" in self.values["ca_file"]:
            problems["ca_file"] = "a file name has no such character"
        if not self.password_from:
            problems |= self.keep_problems()
        return problems

    @property
    def _may_be_kept(self) -> bool:
        opens = self.keeping.locked and bool(self.secrets.get("passphrase"))
        return opens or self.keeping.possible

    def set(self, field: str, text: str) -> bool:
        if not super().set(field, text):
            return False
        if field in {"url", "ca_file"}:
            self.fingerprint = None  # it was confirmed for what answered there
        if field in {"url", "user"}:
            self.accepted = None
            if self.password_from:  # it belongs to another user or another Nexus
                self.secrets.pop("password", None)
        if field in {"url", "user", "password"}:
            self.password_from = ""
        return True

    # Its part of the plan

    def fill(self, chosen: plan.Plan) -> None:
        part = chosen.connect
        if part is None:
            return
        if not self.session.practice:  # else its servers are what is connected to
            self.set("url", part.url)
            self.set("user", part.user)
            self.set("ca_file", str(part.ca_file) if part.ca_file else "")
        self.fingerprint = part.fingerprint.lower() if part.fingerprint else None

    def fill_unattended(self, answers: Answers) -> None:
        from cgwizard.plan import answers_file
        from cgwizard.secrets import sources

        practice, source = self.session.practice, answers.secrets.nexus_password
        if answers.connect is None and not practice:
            raise answers_file.incomplete(
                "[connect] is missing", 'add [connect] with url = "..." and user'
            )
        self.fill(answers)
        self.values["keep"] = "memory"  # what is kept where was decided with the answers
        if practice:
            return
        sources.usable(source)
        self.keeping.only = source if source in sources.KEEPERS else "memory"
        if source not in sources.KEEPERS:  # else the step looks there itself
            self.secrets["password"] = sources.read(source, "the Nexus password")

    def agrees(self, chosen: plan.Plan) -> bool:
        """The agreement that Nexus waits for is a legal act: only the answers confirm it."""
        waits = self.problem is not None and self.problem.code == Code.NEXUS_EULA
        return waits and chosen.connect is not None and chosen.connect.accept_eula

    def rehearsed(self, chosen: plan.Plan) -> Request | Problem | None:
        check = self.checks.get("eula")
        if check is None or check.problem is None:
            return None
        if chosen.connect is not None and chosen.connect.accept_eula:
            line = f"POST {self.session.nexus.base_url}/service/rest/v1/system/eula"
            return Request(connect_checks.ACCEPT, (line,))
        return check.problem

    def evidence(self) -> Evidence:
        chosen = self.session.plan.connect
        return {"url": chosen.url if chosen else self.values["url"].strip()}

    def opens(self, action: str) -> SideStep | None:
        if action != TRIAL.id or self.session.trial is None:
            return None
        return self.session.trial(self.session)

    def closed(self, side: SideStep) -> bool:
        if side.result is None:
            return False
        self.use(side.result)
        return side.result.password is not None

    @property
    def ca_file(self) -> Path | None:
        import os
        from pathlib import Path

        text = self.values["ca_file"].strip()
        return Path(os.path.expanduser(text)) if text else None  # noqa: PTH111  (raises nothing)

    def use(self, nexus: StartedNexus) -> None:
        """Fill in the trial Nexus that was just started."""
        self.set("url", nexus.url)
        self.set("user", nexus.username)
        if nexus.password is not None:
            self.set("password", nexus.password.reveal())


def account(user: str, url: str) -> str:
    """The name under which the password of a user of one Nexus is kept."""
    return f"{user.strip()}@{url.strip().rstrip('/')}"
