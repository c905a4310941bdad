"""Who may pull from the repository that the token goes into: what Nexus's roles allow already,
and the role and the pull user that are made or extended for it."""

from __future__ import annotations

import json
import re
import secrets
import shlex
from typing import TYPE_CHECKING

import msgspec

from cgwizard.changes import accounts, open_access
from cgwizard.errors import WizardError
from cgwizard.guide.access_survey import NOT_ALLOWED, Survey, describe, listed, serving
from cgwizard.guide.shown import Choice
from cgwizard.nexus.roles import DOCKER_TOKEN, Role, User
from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.changes.change import Change
    from cgwizard.errors import Problem
    from cgwizard.guide.session import Session
    from cgwizard.nexus.readers import RoleThatReads

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,199}")
EMAIL_HOST = "example.org"  # Nexus wants an address of every user; nothing is sent to it


class AccessAnswers(msgspec.Struct, frozen=True):
    """What was chosen for a separate repository."""

    repository: str
    free_repository: str
    role: str
    users: tuple[str, ...]  # who get the role; one that does not exist is made


def generate_password() -> Secret:
    return Secret(secrets.token_urlsafe(18))


def privileges_of(repository: str) -> tuple[str, ...]:
    """What Nexus makes for every docker repository: to see it, and to pull from it."""
    return tuple(f"nx-repository-view-docker-{repository}-{each}" for each in ("browse", "read"))


class TokenAccess:
    """What was found of roles and users, and what must change. `look_up` blocks."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.survey: Survey | None = None  # None: not looked yet, or refused
        self.refused: Problem | None = None  # why roles and users cannot be seen or made
        self.named: dict[str, User] = {}  # users of any source, by the names that were chosen
        self.passwords: dict[str, Secret] = {}  # of pull users, where they are known here
        self._generated: dict[str, Secret] = {}  # for users that are not made yet
        self.may_make_users = True  # else nobody would learn the password
        self.told: set[str] = set()  # users whose password an earlier run told

    def look_up(self, answers: AccessAnswers) -> None:
        """Raises WizardError."""
        named: dict[str, User] = {}
        try:
            survey = Survey.of(self.session)
            for name in answers.users:
                if (found := self.session.nexus.security.user(name)) is not None:
                    named[name] = found
        except WizardError as error:
            if error.code not in NOT_ALLOWED:
                raise
            self.refused, self.survey, self.named = error.problem, None, {}
        else:  # what was seen before stays until it is known again, also where this is stopped
            self.refused, self.survey, self.named = None, survey, named

    def others(self, answers: AccessAnswers) -> list[RoleThatReads]:
        if self.survey is None:
            return []
        return self.survey.others(serving(self.session, answers.repository), answers.role)

    # What must change

    def changes(self, answers: AccessAnswers) -> list[Change]:
        if self.survey is None:
            return []
        return [*self._role_changes(answers), *self._user_changes(answers)]

    def opening_changes(self, answers: AccessAnswers) -> list[Change]:
        """What must change so that everybody gets the repository without signing in."""
        survey = self.survey
        if survey is None:
            return []
        found = [] if survey.open_to_all(answers.repository) else self.changes(answers)
        anonymous = survey.anonymous
        if not anonymous.enabled or anonymous.user_id != open_access.DOCKER_USER:
            found.append(open_access.OpenAnonymous(msgspec.to_builtins(anonymous)))
        if DOCKER_TOKEN not in survey.realms:
            found.append(open_access.AddDockerRealm({"realms": list(survey.realms)}))
        return found

    def opens(self, answers: AccessAnswers) -> tuple[str, ...]:
        """What else everybody gets then; asked once more."""
        others = self.survey.opened(self.session, answers.repository) if self.survey else []
        told = (f"Everybody who reaches the port of {answers.repository} will pull from it.",)
        if not others:
            return (*told, "Anonymous access opens no other repository.")
        return (*told, "Anonymous access opens these too:", *(f"  {name}" for name in others))

    def _wanted_privileges(self, answers: AccessAnswers) -> tuple[str, ...]:
        names = dict.fromkeys((answers.repository, answers.free_repository))
        return tuple(privilege for name in names for privilege in privileges_of(name))

    def _new_role(self, answers: AccessAnswers) -> Role:
        told = f"Pulls from {answers.repository} and {answers.free_repository}"
        wanted = self._wanted_privileges(answers)
        return Role(id=answers.role, name=answers.role, description=told, privileges=wanted)

    def _role_changes(self, answers: AccessAnswers) -> list[Change]:
        existing = self.survey.roles.get(answers.role) if self.survey else None
        if existing is None:
            return [accounts.CreateRole(self._new_role(answers))]
        wanted = self._wanted_privileges(answers)
        missing = [name for name in wanted if name not in existing.privileges]
        if not missing:
            return []
        wider = msgspec.structs.replace(existing, privileges=(*existing.privileges, *missing))
        return [accounts.ExtendRole(existing, wider)]

    def _user_changes(self, answers: AccessAnswers) -> list[Change]:
        found: list[Change] = []
        for name in answers.users:
            user, wanted = self._user(name), _new_user(name, answers.role)
            if user is None:
                found.append(accounts.CreateUser(wanted, self._password(name)))
            elif user == wanted and self._is_stranded(name):
                found.append(accounts.RemakeUser(wanted, self._password(name)))
            elif answers.role not in user.roles:
                more = msgspec.structs.replace(user, roles=(*user.roles, answers.role))
                found.append(accounts.GiveRole(user, more))
        return found

    def _password(self, name: str) -> Secret:
        return self.passwords.get(name) or self._generated.setdefault(name, generate_password())

    def _is_stranded(self, name: str) -> bool:
        """Whether this run made the user and was cut off before anybody learned its password."""
        made = ((entry.kind, entry.repository) for entry in self.session.journal.made())
        return name not in self.told | self.passwords.keys() and ("user", name) in made

    def _user(self, name: str) -> User | None:
        own = self.survey.users.get(name) if self.survey else None
        return own or self.named.get(name)

    def pull_user(self, answers: AccessAnswers) -> Credentials | None:
        """Who can pull, and whose password is known here."""
        for name in answers.users:
            if (password := self.passwords.get(name)) is not None:
                return Credentials(name, password)
        return None

    # What is said

    def problems(self, answers: AccessAnswers) -> dict[str, str]:
        """Of the fields ``role`` and ``pull_user``."""
        found: dict[str, str] = {}
        existing = self.survey.roles.get(answers.role) if self.survey else None
        if not NAME.fullmatch(answers.role):
            found["role"] = "letters, digits, and - _ . behind the first one"
        elif existing is not None and existing.read_only:
            found["role"] = f"{answers.role} is Nexus's own and cannot be changed: another name"
        known = {name: self._user(name) for name in answers.users}
        new = [name for name, user in known.items() if user is None]
        if wrong := [name for name in answers.users if not NAME.fullmatch(name)]:
            found["pull_user"] = f"{wrong[0]} is no name of a user; separate several by commas"
        elif self.survey is None:
            pass
        elif far := [user for user in known.values() if user and not user.local]:
            who = far[0]
            found["pull_user"] = (
                f"{who.user_id} comes from {who.source}: give it the role there, or name another"
            )
        elif len(new) > 1:
            found["pull_user"] = f"one new user at most; {' and '.join(new)} do not exist"
        elif new and not self.may_make_users:
            found["pull_user"] = f"{new[0]} does not exist; say where its password is to be kept"
        return found

    def notes(self, answers: AccessAnswers, access: str) -> tuple[str, ...]:
        if self.refused is not None:
            calls = self.calls(answers) if access == "role" else ()
            return (*self._not_proved(), *calls)
        if self.survey is None:
            return ()
        unread = self.survey.unread
        head = (f"! {unread}: more may be let in than is told here.",) if unread else ()
        if access == "anyone":
            return (*head, *self.opens(answers))
        if access == "role":
            lines = [line for other in self.others(answers) for line in describe(other)]
        else:
            named = [each.role for each in self.others(answers)]
            lines = [f"Roles that may read it and are held: {listed(named) or 'none yet'}."]
        existing = self.survey.roles.get(answers.role)
        if existing is not None and access == "role":
            may = [*existing.privileges, *(f"the role {name}" for name in existing.roles)]
            lines.append(
                f"The role {answers.role} exists. It has {listed(may) or 'no privileges'}."
            )
        if administrators := [
            name
            for reader in self.survey.readers([answers.repository])
            if reader.reach == "administrators"
            for name in reader.users
        ]:
            lines.append(f"Administrators may pull it too: {listed(administrators)}.")
        if self.survey.other_sources:
            sources = listed(list(self.survey.other_sources))
            lines.append(f"What roles users of {sources} have is not known.")
        return (*head, *lines)

    def _not_proved(self) -> tuple[str, ...]:
        told = self.refused.came_back if self.refused else ""
        return (
            f"! You may not see or make roles and users here ({told}).",
            "  The repository will ask for a sign-in; that it is restricted is not proved.",
        )

    def calls(self, answers: AccessAnswers) -> tuple[str, ...]:
        """The requests as commands for an administrator; curl asks for the password."""
        base = f"{self.session.nexus.base_url}/service/rest"
        head = "curl -u ADMINISTRATOR -H 'Content-Type: application/json'"
        role = shlex.quote(json.dumps(self._new_role(answers).to_request()))
        lines = [
            "  An administrator makes the role and the user with these calls:",
            f"  {head} -d {role} {base}/v1/security/roles",
        ]
        for name in answers.users[:1]:
            body = json.dumps(_new_user(name, answers.role).to_request("CHOOSE-ONE"))
            lines += [
                f"  {head} -d @pull-user.json {base}/v1/security/users",
                f"  pull-user.json, to be removed afterwards: {body}",
            ]
        return tuple(lines)


def _new_user(name: str, role: str) -> User:
    return User(
        user_id=name,
        first_name="Pull",
        last_name=name,
        email_address=f"{name.partition('@')[0]}@{EMAIL_HOST}",
        roles=(role,),
    )


ACCESS = (
    Choice("role", "a group of its own"),
    Choice("signed-in", "everybody who can sign in and whose roles may read it"),
    Choice("anyone", "everybody who reaches the port, without signing in"),
)
