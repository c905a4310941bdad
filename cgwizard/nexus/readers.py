"""Which roles may read a docker repository, and who holds them.

Pure: it judges what Nexus said. Roles contain roles; permissions are Shiro's wildcard permissions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from cgwizard.nexus.models import Anonymous
    from cgwizard.nexus.roles import Privilege, Role, User

CONTENT_SELECTOR = "repository-content-selector"
# administrators: may do everything; reads: may read it; unknown: a content selector decides
Reach = Literal["administrators", "reads", "unknown"]


class RoleThatReads(msgspec.Struct, frozen=True):
    role: str
    reach: Reach
    privilege: str  # that lets it, the widest if several do
    through: str = ""  # the contained role that has the privilege, where it is another one
    users: tuple[str, ...] = ()  # Nexus's own users who hold it and can sign in
    anonymous: bool = False  # everybody holds it, without signing in

    @property
    def held(self) -> bool:
        return bool(self.users) or self.anonymous


def readers(
    repositories: Iterable[str],
    roles: Iterable[Role],
    privileges: Iterable[Privilege],
    users: Iterable[User],
    anonymous: Anonymous | None,
    *,
    format: str = "docker",
) -> list[RoleThatReads]:
    """The roles that may read one of ``repositories`` of ``format``, through which the same
    content is served (a group serves its members' content)."""
    names, known = tuple(repositories), {role.id: role for role in roles}
    allowing = {p.name: reach for p in privileges if (reach := _reach(p, names, format))}
    holders = list(users)
    found = []
    for role in known.values():
        best = _best(role, known, allowing)
        if best is None:
            continue
        through, privilege = best
        held = tuple(
            user.user_id
            for user in holders
            if role.id in user.roles
            and user.status in {"active", "changepassword"}
            and not _is_anonymous(user, anonymous)
        )
        everybody = any(
            role.id in user.roles and _is_anonymous(user, anonymous) for user in holders
        )
        open_to_all = everybody and anonymous is not None and anonymous.enabled
        other = "" if through == role.id else through
        found.append(
            RoleThatReads(role.id, allowing[privilege], privilege, other, held, open_to_all)
        )
    return found


def _is_anonymous(user: User, anonymous: Anonymous | None) -> bool:
    return user.user_id == (anonymous.user_id if anonymous else "anonymous")


def _best(role: Role, known: dict[str, Role], allowing: dict[str, Reach]) -> tuple[str, str] | None:
    """The contained role and its privilege that say most of what ``role`` may do."""
    order: tuple[Reach, ...] = ("administrators", "reads", "unknown")
    found: list[tuple[int, str, str]] = []
    todo, seen = [role.id], set[str]()
    while todo:
        id = todo.pop(0)
        if id in seen or id not in known:
            continue
        seen.add(id)
        found += [(order.index(allowing[p]), id, p) for p in known[id].privileges if p in allowing]
        todo += known[id].roles
    if not found:
        return None
    _, through, privilege = min(found, key=lambda item: (item[0], item[1] != role.id))
    return through, privilege


def _reach(privilege: Privilege, names: tuple[str, ...], format: str) -> Reach | None:
    if privilege.type == "wildcard":
        if _implies(privilege.pattern, "nexus:anything:anything"):
            return "administrators"
        allows = any(_implies(privilege.pattern, _permission(format, name)) for name in names)
        return "reads" if allows else None
    if privilege.type not in {"repository-view", CONTENT_SELECTOR}:
        return None
    allows = (
        bool({action.lower() for action in privilege.actions} & {"read", "all", "*"})
        and privilege.format in {"*", format}
        and privilege.repository in {"*", *names}
    )
    if not allows:
        return None
    return "unknown" if privilege.type == CONTENT_SELECTOR else "reads"


def _permission(format: str, repository: str) -> str:
    return f"nexus:repository-view:{format}:{repository}:read"


def _implies(pattern: str, wanted: str) -> bool:
    """Shiro's WildcardPermission.implies."""
    held = [part.split(",") for part in pattern.lower().split(":")]
    asked = wanted.lower().split(":")
    for index, part in enumerate(asked):
        if index >= len(held):
            return True
        if "*" not in held[index] and part not in held[index]:
            return False
    return all("*" in rest for rest in held[len(asked) :])
