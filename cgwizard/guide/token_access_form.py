"""The second part of Add token auth: who may pull. Asked once the token is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.guide.connect_form import account
from cgwizard.guide.secret_storage import Entry
from cgwizard.guide.shown import Action, Check, Field, Fix, Report
from cgwizard.guide.token_access import ACCESS, AccessAnswers, TokenAccess, generate_password
from cgwizard.guide.token_form import TokenForm
from cgwizard.guide.token_target import TokenTarget
from cgwizard.plan import model as plan
from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.changes.change import Change
    from cgwizard.guide.session import Session
    from cgwizard.plan.answers_file import Answers

NONE = "none"  # typed for no pull user


class AccessForm(TokenForm):
    doubts: ClassVar[dict[Code, str]] = {Code.ROLE_OR_USER_EXISTS: "role", **TokenForm.doubts}
    defaults: ClassVar[dict[str, str]] = {
        **TokenForm.defaults,
        "access": "role",
        "role": "",  # empty: named after the repository
        "pull_user": "",
    }
    answer_keys: ClassVar[dict[str, tuple[str, str]]] = {
        **TokenForm.answer_keys,
        "pull_user": ("token", "pull-user"),
    }

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.access = TokenAccess(session)
        self._shown_password: tuple[str, Secret] | None = None

    @property
    def heading(self) -> str:
        name = self.target.name
        if self._asks_access and self.target.open:
            return f"Nexus will get a repository that everybody can pull from: {name}"
        if self._asks_access and self.values["access"] == "role" and self.others_read():
            return f"Nexus will get a repository that others can read too: {name}"
        return super().heading

    def others_read(self) -> bool:
        return bool(self.access.others(self.access_answers))

    @property
    def _asks_access(self) -> bool:
        return self.checked is not None and self.values["mode"] == "separate"

    @property
    def access_answers(self) -> AccessAnswers:
        name, developer = self.target.name, self.session.plan.developer
        free = developer.name if developer else ""
        users: tuple[str, ...] = ()
        if self.values["access"] == "anyone":
            users = ("anonymous",)
        elif self.values["access"] == "role":
            typed = self._shown("pull_user")
            users = () if typed.lower() == NONE else tuple(typed.replace(",", " ").split())
        return AccessAnswers(name, free, self._shown("role"), users)

    def _shown(self, field: str) -> str:
        """What was typed, or else what is proposed."""
        name = self.target.name
        proposed = {"role": f"{name}-pull", "pull_user": f"pull-{name}"}
        return self.values[field].strip() or proposed[field]

    def access_changes(self) -> list[Change]:
        if not self._asks_access or self.values["access"] == "signed-in":
            return []
        if self.values["access"] == "anyone":
            return self.access.opening_changes(self.access_answers)
        return self.access.changes(self.access_answers)

    @property
    def target(self) -> TokenTarget:
        found = super().target
        opens = found.separate and self.values["access"] == "anyone"
        return msgspec.structs.replace(found, open=opens and self.access.refused is None)

    def ask_once_more(self, report: Report) -> bool:
        """Before everybody gets something without signing in; whether it is asked now."""
        if self.fix is not None or not self.target.open or not self.changes_nexus():
            self.fix = None
            return False
        lines = self.access.opens(self.access_answers)
        report(Check("opens", "everybody, without signing in", "warning", " ".join(lines)))
        self.fix = Fix("open it to everybody", lambda: None, "\n".join(lines))
        return True

    def look_up_access(self) -> None:
        if self.values["mode"] == "separate":
            self.access.look_up(self.access_answers)

    # What to show

    def fields(self) -> tuple[Field, ...]:
        fields = list(super().fields())
        if not self._asks_access:
            return tuple(fields)
        more = [Field("access", "Who may pull", self.values["access"], "choice", ACCESS)]
        if self.values["access"] == "role" and self.access.refused is None:
            more += [
                Field("role", "Role", self._shown("role")),
                Field("pull_user", "Pull user", self._shown("pull_user")),
            ]
        place = next((i for i, f in enumerate(fields) if f.id == "port"), len(fields) - 1) + 1
        return (*fields[:place], *more, *fields[place:])

    def notes(self) -> tuple[str, ...]:
        told = self.state == "done" and self.access.refused is None
        if not self._asks_access or told:
            return super().notes()
        return (*self.access.notes(self.access_answers, self.values["access"]), *super().notes())

    def shown_once(self) -> tuple[str, ...]:
        if self._shown_password is None or self.state != "done" or self.session.proofs:
            return ()
        name, password = self._shown_password
        return (f"The password of {name}, shown only here:", f"  {password.reveal()}")

    def preview(self) -> tuple[str, ...]:
        lines = super().preview()
        if not self.checked or self.state == "done" or self.field_problems():
            return lines
        nexus = self.session.nexus
        for change in self.access_changes():
            lines += (*([""] if lines else []), *change.preview(nexus.base_url, nexus.version))
        return lines

    def action(self) -> Action:
        main, more = super().action(), len(self.access_changes())
        if main.id == "use" and more:
            return Action("access", f"let others pull from {self.target.name}")
        if main.id == "create" and more:
            return Action("create", main.label, short=f"create these {more + 1}")
        return main

    def field_problems(self) -> dict[str, str]:
        found = super().field_problems()
        if self._asks_access and self.values["access"] == "role":
            found |= self.access.problems(self.access_answers)
        return found

    def set(self, field: str, text: str) -> bool:
        if field in {"role", "pull_user"} and text.strip() == self._shown(field):
            return False  # what is proposed was taken over
        return super().set(field, text)

    # Its part of the plan

    def fill(self, chosen: plan.Plan) -> None:
        super().fill(chosen)
        part = chosen.token
        if part is None or part.mode != "separate":
            return
        self.set("access", part.access)
        self.set("role", part.role)
        if part.pull_user is not None:
            self.set("pull_user", part.pull_user or NONE)
            if part.username:  # it is what a run decided, not what somebody wrote
                self.access.told |= set(self.access_answers.users)

    def fill_unattended(self, answers: Answers) -> None:
        super().fill_unattended(answers)
        part = answers.token
        if part is None or part.mode != "separate" or self.session.practice:
            return
        source = answers.secrets.pull_user
        if source is None:
            # Nobody would learn the password of a user that is made.
            self.access.may_make_users = False
            if part.pull_user is None:
                self.values["pull_user"] = NONE
            return
        from cgwizard.secrets import sources

        url = answers.connect.url if answers.connect else ""
        for name in self.access_answers.users[:1]:
            found = sources.pull_user_password(source, account(name, url))
            if found is None:
                found = generate_password()
                if not self.session.dry_run:
                    sources.keep_pull_user(source, account(name, url), found)
            self.access.passwords[name] = found

    def with_access(self, part: plan.Token) -> plan.Token:
        if self.values["mode"] != "separate":
            return part
        if self.values["access"] == "anyone":
            return msgspec.structs.replace(part, access="anyone")
        if self.values["access"] == "signed-in":
            return msgspec.structs.replace(part, access="signed-in")
        chosen = self.access_answers
        users = ",".join(chosen.users)
        return msgspec.structs.replace(part, access="role", role=chosen.role, pull_user=users)

    def rehearse(self, chosen: plan.Plan) -> int | None:
        if not self.changes_nexus():
            return None
        return len(self.access_changes()) + (0 if self._has_it else 1)

    # The pull user's password

    def find_password(self, users: tuple[str, ...]) -> None:
        """Of a user that an earlier run made, where it was kept."""
        for name in users:
            if name not in self.access.passwords:
                found = self.keeping.load("pull-user", self._account(name))
                if found is not None:
                    self.access.passwords[name] = found[0]

    def keep_password(self, made: list[Change], report: Report) -> None:
        """Show and keep the passwords of the users that were made."""
        from cgwizard.changes.accounts import CreateUser

        for change in made:
            if isinstance(change, CreateUser):
                self.access.passwords[change.name] = change.password
                self._shown_password = change.name, change.password
                where = self.keeping.choice(self.values["keep"], self.secrets)
                entry = Entry(where, "pull-user", self._account(change.name), change.password)
                self.keeping.keep(entry, self.secrets.get("passphrase"), report)

    def _account(self, name: str) -> str:
        return account(name, self.session.nexus.base_url)

    def pull_user(self) -> Credentials | None:
        if self.values["mode"] != "separate" or self.access.refused is not None:
            return None
        return self.access.pull_user(self.access_answers)

    def refuse_unseen_access(self, shown: list[Change]) -> None:
        """What would change was shown before: not what someone made meanwhile. What an earlier
        attempt of this run left is its own."""
        tried = {(entry.kind, entry.repository) for entry in self.session.journal.entries}
        before = {(each.kind, each.name, each.title) for each in shown}
        now = {(each.kind, each.name, each.title) for each in self.access_changes()}
        others = [kind for kind, name, _ in before ^ now if (kind, name) not in tried]
        if others and self.access.refused is None:
            raise WizardError(
                Code.ROLE_OR_USER_EXISTS,
                tried=f"looking for the role {self._shown('role')} and the pull user again",
                came_back="Nexus has others than when this was shown",
            )
