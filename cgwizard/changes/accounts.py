"""Who may pull: roles and users that are made, and those that are there and get something added.

Nothing is ever taken from a role or a user but what a change of this program added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgwizard.changes.change import Change
from cgwizard.errors import Code, WizardError
from cgwizard.nexus.roles import ROLES, USERS

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.roles import Role, User
    from cgwizard.secrets.secret import Secret


class RoleChange(Change):
    kind = "role"

    def __init__(self, wanted: Role) -> None:
        self.wanted = wanted

    @property
    def name(self) -> str:
        return self.wanted.id

    def body(self, version: str | None) -> dict[str, Any]:
        return self.wanted.to_request()

    def is_done(self, client: NexusClient) -> bool:
        return self._missing(client.security.role(self.name)) == []

    def verify(self, client: NexusClient) -> None:
        found = client.security.role(self.name)
        if missing := self._missing(found):
            raise _not_as_sent(f"the role {self.name}", missing, there=found is not None)

    def _missing(self, found: Role | None) -> list[str]:
        return ["the role"] if found is None else _absent(self.wanted.privileges, found.privileges)


class CreateRole(RoleChange):
    @property
    def title(self) -> str:
        return f"create the role {self.name}"

    def request_line(self, base_url: str) -> str:
        return f"POST {base_url}/service/rest{ROLES}"

    def apply(self, client: NexusClient) -> None:
        if client.security.role(self.name) is not None:
            raise _exists("role", self.name)
        client.security.create_role(self.wanted)

    def undo(self, client: NexusClient) -> None:
        _gone(lambda: client.security.delete_role(self.name))


class ExtendRole(RoleChange):
    """Privileges are added to a role that exists."""

    creates = False

    def __init__(self, before: Role, wanted: Role) -> None:
        super().__init__(wanted)
        self.before = before

    @property
    def title(self) -> str:
        return f"add privileges to the role {self.name}"

    def request_line(self, base_url: str) -> str:
        return f"PUT {base_url}/service/rest{ROLES}/{self.name}"

    def settings_before(self, version: str | None) -> dict[str, Any] | None:
        return self.before.to_request()

    def apply(self, client: NexusClient) -> None:
        client.security.update_role(self.wanted)

    def undo(self, client: NexusClient) -> None:
        take_from_role(client, self.before.to_request(), self.wanted.to_request())


class UserChange(Change):
    kind = "user"

    def __init__(self, wanted: User) -> None:
        self.wanted = wanted

    @property
    def name(self) -> str:
        return self.wanted.user_id

    def is_done(self, client: NexusClient) -> bool:
        return self._missing(client.security.user(self.name)) == []

    def verify(self, client: NexusClient) -> None:
        found = client.security.user(self.name)
        if missing := self._missing(found):
            raise _not_as_sent(f"the user {self.name}", missing, there=found is not None)

    def _missing(self, found: User | None) -> list[str]:
        return ["the user"] if found is None else _absent(self.wanted.roles, found.roles)


class CreateUser(UserChange):
    def __init__(self, wanted: User, password: Secret) -> None:
        super().__init__(wanted)
        self.password = password

    @property
    def title(self) -> str:
        return f"create the user {self.name}"

    def request_line(self, base_url: str) -> str:
        return f"POST {base_url}/service/rest{USERS}"

    def body(self, version: str | None) -> dict[str, Any]:
        return self.wanted.to_request("***")

    def apply(self, client: NexusClient) -> None:
        # Nexus answers 500 where the user exists, which could be taken for an answer that was lost.
        if client.security.user(self.name) is not None:
            raise _exists("user", self.name)
        client.security.create_user(self.wanted, self.password)

    def undo(self, client: NexusClient) -> None:
        _gone(lambda: client.security.delete_user(self.name))


class RemakeUser(CreateUser):
    """In place of one that this run made and whose password nobody knows."""

    def apply(self, client: NexusClient) -> None:
        self.undo(client)
        super().apply(client)


class GiveRole(UserChange):
    """A role is added to a user that exists."""

    creates = False

    def __init__(self, before: User, wanted: User) -> None:
        super().__init__(wanted)
        self.before = before

    @property
    def title(self) -> str:
        added = ", ".join(_absent(self.wanted.roles, self.before.roles))
        return f"give the user {self.name} the role {added}"

    def request_line(self, base_url: str) -> str:
        return f"PUT {base_url}/service/rest{USERS}/{self.name}"

    def body(self, version: str | None) -> dict[str, Any]:
        return self.wanted.to_request()

    def settings_before(self, version: str | None) -> dict[str, Any] | None:
        return self.before.to_request()

    def apply(self, client: NexusClient) -> None:
        client.security.update_user(self.wanted)

    def undo(self, client: NexusClient) -> None:
        take_from_user(client, self.before.to_request(), self.wanted.to_request())


def take_from_role(client: NexusClient, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Take away the privileges that were added, and nothing that others added since."""
    from msgspec.structs import replace

    found = client.security.role(after["id"])
    if found is None:
        return
    added = set(after["privileges"]) - set(before["privileges"])
    left = tuple(p for p in found.privileges if p not in added)
    if left != found.privileges:
        client.security.update_role(replace(found, privileges=left))


def take_from_user(client: NexusClient, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Take away the role that was added, and nothing that others added since."""
    from msgspec.structs import replace

    found = client.security.user(after["userId"])
    if found is None:
        return
    added = set(after["roles"]) - set(before["roles"])
    left = tuple(role for role in found.roles if role not in added)
    if left != found.roles:
        client.security.update_user(replace(found, roles=left))


def _absent(wanted: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    return [name for name in wanted if name not in found]


def _gone(remove: Any) -> None:
    try:
        remove()
    except WizardError as error:
        if error.code != Code.NEXUS_NOT_FOUND:  # gone already is as good
            raise


def _exists(kind: str, name: str) -> WizardError:
    return WizardError(
        Code.ROLE_OR_USER_EXISTS,
        tried=f"looking whether there is a {kind} {name} before it is made",
        came_back="there is one that was not there before",
    )


def _not_as_sent(what: str, missing: list[str], *, there: bool) -> WizardError:
    if not there:
        return WizardError(
            Code.REPOSITORY_NOT_FOUND_AFTER_CHANGE,
            tried=f"reading back {what}",
            came_back="Nexus does not know it",
        )
    return WizardError(
        Code.ROLE_OR_USER_NOT_AS_SENT,
        tried=f"reading back {what}",
        came_back=f"missing: {', '.join(missing)}",
    )
