"""Which roles may read a repository, by privileges of every kind."""

from __future__ import annotations

import pytest

from cgwizard.nexus.models import Anonymous
from cgwizard.nexus.readers import readers
from cgwizard.nexus.roles import Privilege, Role, User

REPOSITORY = "team"


def view(format: str, repository: str, *actions: str, type: str = "repository-view") -> Privilege:
    return Privilege(
        name="p", type=type, format=format, repository=repository, actions=tuple(actions)
    )


def reach(privilege: Privilege) -> str | None:
    found = readers([REPOSITORY], [Role(id="r", privileges=("p",))], [privilege], [], Anonymous())
    return found[0].reach if found else None


@pytest.mark.parametrize(
    ("privilege", "expected"),
    [
        (view("*", "*", "READ"), "reads"),
        (view("*", "*", "ALL"), "reads"),
        (view("docker", "*", "READ"), "reads"),
        (view("docker", "*", "BROWSE", "READ"), "reads"),
        (view("docker", REPOSITORY, "READ"), "reads"),
        (view("docker", REPOSITORY, "BROWSE"), None),
        (view("*", "*", "BROWSE"), None),
        (view("docker", "other", "READ"), None),
        (view("maven2", "*", "READ"), None),
        (view("docker", "*", "READ", type="repository-content-selector"), "unknown"),
        (view("docker", REPOSITORY, "ALL", type="repository-content-selector"), "unknown"),
        (view("docker", "*", "READ", type="repository-admin"), None),
        (Privilege(name="p", type="wildcard", pattern="nexus:*"), "administrators"),
        (Privilege(name="p", type="wildcard", pattern="*"), "administrators"),
        (Privilege(name="p", type="wildcard", pattern="nexus:repository-view:*"), "reads"),
        (Privilege(name="p", type="wildcard", pattern="nexus:repository-view:*:*:read"), "reads"),
        (
            Privilege(name="p", type="wildcard", pattern=f"nexus:*:docker,raw:{REPOSITORY}:*"),
            "reads",
        ),
        (Privilege(name="p", type="wildcard", pattern="nexus:repository-view:*:*:browse"), None),
        (Privilege(name="p", type="wildcard", pattern="nexus:repository-admin:*"), None),
    ],
)
def test_the_reach_of_a_privilege(privilege: Privilege, expected: str | None) -> None:
    assert reach(privilege) == expected


def test_roles_within_roles_and_who_holds_them() -> None:
    roles = [
        Role(id="inner", privileges=("p",)),
        Role(id="outer", roles=("middle",)),
        Role(id="middle", roles=("inner", "outer")),  # a circle ends
        Role(id="harmless"),
    ]
    users = [
        User(user_id="anna", roles=("outer",)),
        User(user_id="bert", roles=("outer",), status="disabled"),
        User(user_id="anonymous", roles=("inner",)),
    ]
    found = {
        each.role: each
        for each in readers([REPOSITORY], roles, [view("*", "*", "READ")], users, Anonymous())
    }
    assert set(found) == {"inner", "outer", "middle"}
    assert found["outer"].users == ("anna",)
    assert found["outer"].through == "inner"
    assert not found["inner"].held, "anonymous access is off"
    opened = readers([REPOSITORY], roles, [view("*", "*", "READ")], users, Anonymous(enabled=True))
    assert [each.role for each in opened if each.anonymous] == ["inner"]


def test_the_administrators_are_said_as_such() -> None:
    both = Role(id="nx-admin", privileges=("p", "all"))
    everything = Privilege(name="all", type="wildcard", pattern="nexus:*")
    (found,) = readers([REPOSITORY], [both], [view("*", "*", "READ"), everything], [], None)
    assert (found.reach, found.privilege) == ("administrators", "all")


def test_a_group_serves_what_its_members_have() -> None:
    role = Role(id="r", privileges=("p",))
    privilege = view("docker", "all-images", "READ")
    assert readers([REPOSITORY], [role], [privilege], [], None) == []
    assert len(readers([REPOSITORY, "all-images"], [role], [privilege], [], None)) == 1
