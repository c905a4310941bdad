"""Users, roles and privileges of Nexus: read, made, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from cgwizard.nexus.rest import RestSession, decode
from cgwizard.nexus.settings import Json, Wire

if TYPE_CHECKING:
    from cgwizard.secrets.secret import Secret

T = TypeVar("T")
LOCAL = "default"  # the source of Nexus's own users and roles
ROLES = "/v1/security/roles"
USERS = "/v1/security/users"
ANONYMOUS = "/v1/security/anonymous"
REALMS = "/v1/security/realms/active"
DOCKER_TOKEN = "DockerToken"  # the realm by which docker comes in without a sign-in


class Role(Wire, frozen=True, kw_only=True):
    id: str
    name: str = ""
    description: str = ""
    privileges: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()  # roles that this one contains
    read_only: bool = False
    source: str = LOCAL

    def to_request(self) -> Json:
        return {
            "id": self.id,
            "name": self.name or self.id,
            "description": self.description,
            "privileges": sorted(self.privileges),
            "roles": sorted(self.roles),
        }


class User(Wire, frozen=True, kw_only=True):
    user_id: str
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    status: str = "active"
    roles: tuple[str, ...] = ()
    source: str = LOCAL
    external_roles: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        return self.source == LOCAL

    def to_request(self, password: str | None = None) -> Json:
        """The body of POST, with ``password``, or of PUT, which wants the source instead."""
        body: Json = {
            "userId": self.user_id,
            "firstName": self.first_name or self.user_id,
            "lastName": self.last_name or self.user_id,
            "emailAddress": self.email_address or f"{self.user_id}@example.org",
            "status": self.status,
            "roles": sorted(self.roles),
        }
        return body | ({"source": self.source} if password is None else {"password": password})


class Privilege(Wire, frozen=True, kw_only=True):
    """Of any type; the members that a type does not have are empty."""

    name: str
    type: str = ""  # "repository-view", "wildcard", "repository-content-selector", ...
    format: str = ""
    repository: str = ""
    actions: tuple[str, ...] = ()
    pattern: str = ""


class SecurityApi:
    """Blocking; every failure is a WizardError, ``nexus-forbidden`` where this user may not."""

    def __init__(self, session: RestSession) -> None:
        self._session = session

    def roles(self) -> list[Role]:
        return self._session.get_list(ROLES, Role, "roles", "nx-roles-read")

    def role(self, id: str) -> Role | None:
        return self._optional(f"{ROLES}/{_segment(id)}", Role, "nx-roles-read")

    def create_role(self, role: Role) -> None:
        what = f"creating the role {role.id}"
        self._write("POST", ROLES, what, role.to_request(), "nx-roles-create")

    def update_role(self, role: Role) -> None:
        what, path = f"changing the role {role.id}", f"{ROLES}/{_segment(role.id)}"
        self._write("PUT", path, what, role.to_request(), "nx-roles-update")

    def delete_role(self, id: str) -> None:
        what = f"removing the role {id}"
        self._write("DELETE", f"{ROLES}/{_segment(id)}", what, None, "nx-roles-delete")

    def privileges(self) -> list[Privilege]:
        return self._session.get_list(
            "/v1/security/privileges", Privilege, "privileges", "nx-privileges-read"
        )

    def users(self) -> list[User]:
        """Nexus's own; those of other sources cannot all be listed."""
        return self._session.get_list(f"{USERS}?source={LOCAL}", User, "users", "nx-users-read")

    def user(self, id: str) -> User | None:
        """Of any source. Nexus looks for the beginning of a name, in any case."""
        path = f"{USERS}?userId={quote(id, safe='')}"
        found = self._session.get_list(path, User, f"users named {id}", "nx-users-read")
        return next((user for user in found if user.user_id == id), None)

    def create_user(self, user: User, password: Secret) -> None:
        body = user.to_request(password.reveal())
        self._write("POST", USERS, f"creating the user {user.user_id}", body, "nx-users-create")

    def update_user(self, user: User) -> None:
        what, path = f"changing the user {user.user_id}", f"{USERS}/{_segment(user.user_id)}"
        self._write("PUT", path, what, user.to_request(), "nx-users-update")

    def delete_user(self, id: str) -> None:
        what = f"removing the user {id}"
        self._write("DELETE", f"{USERS}/{_segment(id)}", what, None, "nx-users-delete")

    def set_anonymous(self, settings: Json) -> None:
        what = "changing anonymous access"
        self._write("PUT", ANONYMOUS, what, settings, "nx-settings-update")

    def set_realms(self, realms: list[str]) -> None:
        self._write("PUT", REALMS, "changing the active realms", realms, "nx-settings-update")

    def _optional(self, path: str, type_: type[T], needs: str) -> T | None:
        answer = self._session.send("GET", path, accept=(200, 404), needs=needs)
        if answer.status == 404:
            return None
        return decode(answer, type_, f"GET {self._session.base_url}/service/rest{path}")

    def _write(
        self, method: str, path: str, what: str, body: Json | list[str] | None, needs: str
    ) -> None:
        accept = (200, 201, 204)
        self._session.send(method, path, what=what, json=body, accept=accept, needs=needs)


def _segment(name: str) -> str:
    return quote(name, safe="") if name.strip(".") else "%2E" * len(name)
