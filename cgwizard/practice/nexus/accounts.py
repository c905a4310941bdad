"""Users, roles and privileges, and what a privilege allows.

Permissions are Shiro's wildcard permissions: parts between colons, each a list between commas
or ``*``; parts that a permission leaves out at its end are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cgwizard.secrets.secret import Secret

ACTIONS = ("browse", "read", "edit", "add", "delete")
ALL = "nexus:*"


@dataclass
class User:
    user_id: str
    first_name: str
    last_name: str
    email: str
    password: Secret
    status: str = "active"  # "active", "locked", "disabled", "changepassword"
    roles: list[str] = field(default_factory=list)

    @property
    def may_sign_in(self) -> bool:
        return self.status in {"active", "changepassword"}


@dataclass
class Role:
    id: str
    name: str
    description: str
    privileges: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    read_only: bool = False


@dataclass
class Privilege:
    """``properties`` are the members of its type: ``pattern`` of a wildcard, ``format``,
    ``repository`` and ``actions`` of a repository privilege, ``domain`` of an application.
    Actions are in lower case here, ``*`` stands for all of them."""

    name: str
    type: str  # "wildcard", "application", "repository-view", "repository-admin", ...
    description: str
    properties: dict[str, str | list[str]] = field(default_factory=dict)
    read_only: bool = False

    @property
    def permissions(self) -> list[str]:
        """The permissions it stands for, in lower case."""

        def text(key: str) -> str:
            value = self.properties.get(key, "")
            return ",".join(value) if isinstance(value, list) else value

        actions = text("actions").lower() or "*"
        if self.type == "wildcard":
            permission = text("pattern")
        elif self.type == "application":
            permission = f"nexus:{text('domain')}:{_application_actions(actions)}"
        elif self.type == "repository-content-selector":
            # Content selectors are not evaluated: the privilege counts for the whole repository.
            permission = f"nexus:repository-view:{text('format')}:{text('repository')}:{actions}"
        elif self.type == "script":
            permission = f"nexus:script:{text('scriptName')}:{actions}"
        else:
            permission = f"nexus:{self.type}:{text('format')}:{text('repository')}:{actions}"
        return [permission.lower()]


def _application_actions(actions: str) -> str:
    """Actions of an application may be written with the words for repositories."""
    return actions.replace("add", "create").replace("edit", "update")


Pattern = list[frozenset[str]]


def compile_permission(permission: str) -> Pattern:
    return [frozenset(part.split(",")) for part in permission.lower().split(":")]


def implies(pattern: Pattern, wanted: Pattern) -> bool:
    """Whether holding ``pattern`` includes ``wanted`` (Shiro's WildcardPermission.implies)."""
    for index, part in enumerate(wanted):
        if index >= len(pattern):
            return True
        if "*" not in pattern[index] and not part <= pattern[index]:
            return False
    return all("*" in rest for rest in pattern[len(wanted) :])


_APPLICATION = (
    # name of the domain in privileges, its actions
    ("analytics", ("all",)),
    ("blobstores", ("all", "create", "read", "update", "delete")),
    ("bundles", ("all", "read")),
    ("capabilities", ("all", "create", "read", "update", "delete")),
    ("component", ("upload",)),
    ("datastores", ("all", "create", "read", "update", "delete")),
    ("healthcheck", ("read", "update")),
    ("ldap", ("all", "create", "read", "update", "delete")),
    ("licensing", ("all", "create", "read", "uninstall")),
    ("logging", ("all", "read", "update")),
    ("metrics", ("all", "read")),
    ("privileges", ("all", "create", "read", "update", "delete")),
    ("roles", ("all", "create", "read", "update", "delete")),
    ("search", ("read",)),
    ("selectors", ("all", "create", "read", "update", "delete")),
    ("settings", ("all", "read", "update")),
    ("ssl-truststore", ("all", "create", "read", "update", "delete")),
    ("tasks", ("all", "create", "read", "update", "delete", "start", "stop")),
    ("users", ("all", "create", "read", "update", "delete")),
    ("userschangepw", ("create", "read")),
    ("wonderland", ("all",)),
)


_SCRIPT = (
    ("*", ["*"]),
    ("add", ["add", "read"]),
    ("browse", ["browse", "read"]),
    ("delete", ["delete", "read"]),
    ("edit", ["edit", "read"]),
    ("read", ["read"]),
    ("run", ["run"]),
)


def builtin_privileges() -> Iterable[Privilege]:
    """The ready privileges that depend on no repository."""
    yield Privilege("nx-all", "wildcard", "All permissions", {"pattern": ALL}, read_only=True)
    for domain, actions in _APPLICATION:
        for action in actions:
            every = action == "all"
            what = "All permissions" if every else f"{action.capitalize()} permission"
            yield Privilege(
                f"nx-{domain}-{action}",
                "application",
                f"{what} for {domain.replace('-', ' ').title()}",
                {"domain": domain, "actions": ["*" if every else action]},
                read_only=True,
            )
    for action, allows in _SCRIPT:
        what = "All permissions" if action == "*" else f"{action.capitalize()} permissions"
        yield Privilege(
            f"nx-script-*-{action}",
            "script",
            f"{what} for Scripts",
            {"scriptName": "*", "actions": allows},
            read_only=True,
        )


def repository_privilege(kind: str, format: str, repository: str, action: str) -> Privilege:
    """A ready privilege; ``kind`` is ``view`` or ``admin``, ``action`` may be ``*``."""
    what = "views" if kind == "view" else "administration"
    if repository != "*":
        whose = repository
    else:
        whose = "all" if format == "*" else f"all '{format}'-format"
    privilege = "All privileges" if action == "*" else f"{action.capitalize()} privilege"
    return Privilege(
        f"nx-repository-{kind}-{format}-{repository}-{action}",
        f"repository-{kind}",
        f"{privilege} for {whose} repository {what}",
        {"format": format, "repository": repository, "actions": [action]},
        read_only=True,
    )


def ready_repository_privileges(
    formats: Iterable[str], repositories: Iterable[tuple[str, str]]
) -> Iterable[Privilege]:
    """Those of every format, of all formats, and of each ``(format, repository)``."""
    for format in ("*", *formats):
        for kind in ("view", "admin"):
            # There is no admin privilege of one format with every repository.
            if kind == "admin" and format != "*":
                continue
            for action in ("*", *ACTIONS):
                yield repository_privilege(kind, format, "*", action)
    for format, name in repositories:
        for action in ("*", *ACTIONS):
            yield repository_privilege("view", format, name, action)
        for action in ("*", "browse", "read", "edit", "delete"):
            yield repository_privilege("admin", format, name, action)


def builtin_roles() -> Iterable[Role]:
    yield Role("nx-admin", "nx-admin", "Administrator Role", ["nx-all"], read_only=True)
    yield Role(
        "nx-anonymous",
        "nx-anonymous",
        "Anonymous Role",
        [
            "nx-search-read",
            "nx-healthcheck-read",
            "nx-repository-view-*-*-browse",
            "nx-repository-view-*-*-read",
        ],
        read_only=True,
    )
