"""One odd entry in any of Nexus's lists spoils nothing: the others are read, it is a remark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from tests.support.scripted_server import ADMIN, ReceivedRequest, Reply, ScriptedServer

REST = "/service/rest"
Read = Callable[[NexusClient], Any]
LISTS: dict[str, tuple[str, str, dict[str, object], Read]] = {
    "blob stores": (
        "/v1/blobstores",
        "blob stores",
        {"name": "good", "type": "File", "blobCount": 3},
        lambda nexus: nexus.blob_stores(),
    ),
    "components": (
        "/v1/components",
        "components",
        {"name": "good", "version": "1", "assets": [{"checksum": {"sha256": "ab"}}]},
        lambda nexus: nexus.components("r"),
    ),
    "search": ("/v1/search", "components", {"name": "good"}, lambda n: n.search_docker("r", "i")),
    "assets": ("/v1/assets", "assets", {"path": "good"}, lambda nexus: nexus.assets("r")),
    "roles": (
        "/v1/security/roles",
        "roles",
        {"id": "good", "privileges": ["a", "b"]},
        lambda nexus: nexus.security.roles(),
    ),
    "users": (
        "/v1/security/users",
        "users",
        {"userId": "good", "roles": ["r"]},
        lambda nexus: nexus.security.users(),
    ),
    "privileges": (
        "/v1/security/privileges",
        "privileges",
        {"name": "good", "type": "wildcard", "pattern": "nexus:*"},
        lambda nexus: nexus.security.privileges(),
    ),
    "realms": (
        "/v1/security/realms/active",
        "realms",
        "NexusAuthenticatingRealm",  # type: ignore[dict-item]
        lambda nexus: nexus.active_realms(),
    ),
}
PAGED = {"components", "search", "assets"}


def read(kind: str, *entries: object) -> tuple[list[Any], tuple[str, ...]]:
    path, what, _, ask = LISTS[kind]
    items: list[object] = [*entries]
    body: list[object] | dict[str, object] = {"items": items} if kind in PAGED else items
    with (
        ScriptedServer({f"{REST}{path}": Reply(body=body)}) as server,
        NexusClient(server.url, ADMIN) as client,
    ):
        return ask(client), client.remarks[what]


@pytest.mark.parametrize("entry", [None, 7, ["x"], {"name": ["x"], "id": 3, "path": {}}, True])
@pytest.mark.parametrize("kind", LISTS)
def test_an_entry_that_is_none(kind: str, entry: object) -> None:
    good = LISTS[kind][2]
    alone, none = read(kind, good)
    found, remarks = read(kind, good, entry, good)
    assert none == ()
    assert [each for each in found if each == alone[0]] == alone * 2
    assert len(remarks) == 1
    assert "cannot be read" in remarks[0]


@pytest.mark.parametrize(
    ("kind", "odd", "member", "value", "remark"),
    [
        ("blob stores", {"name": "odd", "blobCount": "many"}, "blob_count", 0,
         "odd: blobCount is 'many', which cannot be read"),
        ("blob stores", {"name": "odd", "blobCount": "12"}, "blob_count", 12,
         "odd: blobCount is '12', read as 12"),
        ("blob stores", {"name": "odd", "unavailable": "true"}, "unavailable", True,
         "odd: unavailable is 'true', read as True"),
        ("blob stores", {"name": "odd", "softQuota": "none"}, "soft_quota", None,
         "odd: softQuota is 'none', which cannot be read"),
        ("blob stores", {"name": "odd", "totalSizeInBytes": -0.5}, "total_size_in_bytes", 0,
         "odd: totalSizeInBytes is -0.5, which cannot be read"),
        ("components", {"name": "odd", "version": "2", "assets": [7, {"checksum": {"sha256": "c",
         "md5": 5}}]}, "digest", "sha256:c",
         "odd: assets[0] is 7, which cannot be read; assets[1].checksum.md5 is 5, which cannot be "
         "read"),
        ("components", {"name": "odd", "version": 2, "assets": "none"}, "assets", (),
         "odd: version is 2, which cannot be read; assets is 'none', which cannot be read"),
        ("assets", {"path": "odd", "fileSize": "big"}, "file_size", None,
         "odd: fileSize is 'big', which cannot be read"),
        ("assets", {"path": "odd", "checksum": ["sha256"]}, "checksum", {},
         "odd: checksum is ['sha256'], which cannot be read"),
        ("roles", {"id": "odd", "privileges": ["a", None, 5, "b"]}, "privileges", ("a", "b"),
         "odd: privileges[1] is None, which cannot be read; privileges[2] is 5, which cannot be "
         "read"),
        ("roles", {"id": "odd", "readOnly": "false", "roles": "nx-admin"}, "roles", (),
         "odd: readOnly is 'false', read as False; roles is 'nx-admin', which cannot be read"),
        ("users", {"userId": "odd", "status": 1}, "status", "active",
         "odd: status is 1, which cannot be read"),
        ("users", {"userId": "odd", "roles": {"a": "b"}}, "roles", (),
         "odd: roles is {'a': 'b'}, which cannot be read"),
        ("privileges", {"name": "odd", "actions": ["READ", ["ADD"]]}, "actions", ("READ",),
         "odd: actions[1] is ['ADD'], which cannot be read"),
        ("privileges", {"name": "odd", "pattern": 1}, "pattern", "",
         "odd: pattern is 1, which cannot be read"),
    ],
)  # fmt: skip
def test_an_odd_member(
    kind: str, odd: dict[str, object], member: str, value: object, remark: str
) -> None:
    found, remarks = read(kind, odd, LISTS[kind][2])
    assert len(found) == 2
    assert getattr(found[0], member) == value
    assert remarks == (remark,)


@pytest.mark.parametrize("kind", LISTS)
def test_nulls_and_unknown_members_are_not_odd(kind: str) -> None:
    good = LISTS[kind][2]
    if isinstance(good, dict):
        found, remarks = read(kind, {**good, "type": None, "later": {"x": [None]}})
        assert len(found) == 1
        assert remarks == ()


@pytest.mark.parametrize("kind", LISTS)
def test_an_empty_list_and_one_of_which_nothing_can_be_read(kind: str) -> None:
    assert read(kind) == ([], ())
    with pytest.raises(WizardError, match="nexus-answer-unexpected"):
        read(kind, 7, [])


def test_what_an_entry_holds_reaches_no_terminal() -> None:
    _, remarks = read("users", LISTS["users"][2], ["\x1b[2J" + "x" * 5000])
    assert remarks[0].isprintable()
    assert len(remarks[0]) < 100


def test_a_user_whose_name_begins_as_anothers() -> None:
    """Nexus looks for the beginning of a name, so that another user's entry comes along."""
    entries = [{"userId": "pull-2", "roles": 7, "status": []}, {"userId": "pull", "roles": ["a"]}]
    path = f"{REST}/v1/security/users"
    with (
        ScriptedServer({path: Reply(body=entries)}) as server,
        NexusClient(server.url, ADMIN) as client,
    ):
        user = client.security.user("pull")
    assert user is not None
    assert user.roles == ("a",)


def test_pages_of_which_one_is_odd() -> None:
    good = {"name": "good"}
    first: dict[str, object] = {"items": [7], "continuationToken": "t"}

    def page(request: ReceivedRequest) -> Reply:
        return Reply(body={"items": [good]} if "continuationToken=t" in request.path else first)

    with (
        ScriptedServer({f"{REST}/v1/components": page}) as server,
        NexusClient(server.url, ADMIN) as client,
    ):
        assert [each.name for each in client.components("r")] == ["good"]
        assert client.remarks["components"] == ("an entry which cannot be read: 7",)
