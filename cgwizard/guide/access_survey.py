"""What Nexus's roles and users may do with a repository already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import Code
from cgwizard.nexus.entries import UNREAD
from cgwizard.nexus.readers import RoleThatReads, readers
from cgwizard.nexus.roles import Role, User

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import Anonymous
    from cgwizard.nexus.roles import Privilege

SHOWN = 3  # so many names are listed, the others are counted
# Nexus says so where this user may not look at or make roles and users.
NOT_ALLOWED = frozenset({Code.NEXUS_FORBIDDEN, Code.NEXUS_ENDPOINT_MISSING})


# Realms that bring users and groups of which Nexus knows no more than who was here already.
EXTERNAL = {
    "LdapRealm": "LDAP",
    "Crowd": "Crowd",
    "SamlRealm": "SAML",
    "OAuth2Realm": "OAuth",
    "rutauth-realm": "the remote user header",
}


def serving(session: Session, repository: str) -> list[str]:
    """The repositories that serve its content: itself, and the groups that contain it."""
    found = [repository]
    for each in session.repositories:
        group = each.raw.get("group")
        members = group.get("memberNames") if isinstance(group, dict) else None
        if isinstance(members, list) and repository in members:
            found.append(each.name)
    return found


class Survey(msgspec.Struct, frozen=True):
    """What Nexus says of its roles and users."""

    roles: dict[str, Role]
    users: dict[str, User]  # Nexus's own
    privileges: tuple[Privilege, ...]
    anonymous: Anonymous
    realms: tuple[str, ...]  # that are active
    other_sources: tuple[str, ...]  # of users, such as LDAP: who they are is not known
    unread: str  # how many entries could not be read: each may let somebody read; "" for none

    @classmethod
    def of(cls, session: Session) -> Survey:
        """Raises WizardError, with one of `NOT_ALLOWED` where this user may not know."""
        api, realms = session.nexus.security, session.nexus.active_realms()
        roles, users, privileges = api.roles(), api.users(), api.privileges()
        return cls(
            {role.id: role for role in roles},
            {user.user_id: user for user in users},
            tuple(privileges),
            session.nexus.anonymous(),
            tuple(realms),
            tuple(EXTERNAL[realm] for realm in realms if realm in EXTERNAL),
            _unread(session.nexus.remarks),
        )

    def readers(self, repositories: list[str]) -> list[RoleThatReads]:
        return readers(
            repositories, self.roles.values(), self.privileges, self.users.values(), self.anonymous
        )

    def open_to_all(self, repository: str, format: str = "docker") -> bool:
        """Whether anonymous access, once it is on, opens the repository."""
        on = msgspec.structs.replace(self.anonymous, enabled=True, user_id="anonymous")
        roles, users = self.roles.values(), self.users.values()
        found = readers([repository], roles, self.privileges, users, on, format=format)
        return any(each.anonymous for each in found)

    def opened(self, session: Session, besides: str) -> list[str]:
        """The other repositories that anonymous access opens. A docker repository that forces a
        sign-in stays closed."""
        return [
            each.name
            for each in session.repositories
            if each.name != besides
            and not (each.format == "docker" and (not each.docker or each.docker.force_basic_auth))
            and self.open_to_all(each.name, each.format)
        ]

    def others(self, repositories: list[str], role: str) -> list[RoleThatReads]:
        """Who may read it besides the administrators and ``role``."""
        return [
            found
            for found in self.readers(repositories)
            if found.held and found.reach != "administrators" and found.role != role
        ]


def _unread(remarks: dict[str, tuple[str, ...]]) -> str:
    found = []
    for what in ("roles", "users", "privileges"):
        number = sum(UNREAD in remark for remark in remarks.get(what, ()))
        if number:
            found.append(f"{number} {what if number > 1 else what[:-1]}")
    return f"{' and '.join(found)} could not be read" if found else ""


def describe(other: RoleThatReads) -> tuple[str, ...]:
    """A role that others hold, and that reads the repository too."""
    through = f" through {other.through}" if other.through else ""
    if other.reach == "unknown":
        first = f"! The role {other.role} may read some of it: by a content selector{through}."
    else:
        first = f"! The role {other.role} may read this repository too{through}."
    held = [f"the user {name}" for name in other.users]
    if other.anonymous:
        held.append("the user anonymous: everybody, without signing in")
    where = f"the role {other.through or other.role}"
    return (
        first,
        f"  Held by         {listed(held)}",
        f"  To restrict it  In Nexus, take {other.privilege} from {where}.",
    )


def listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
