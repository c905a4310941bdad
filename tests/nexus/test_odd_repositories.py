"""One odd entry of Nexus's list spoils nothing: it is a remark."""

from __future__ import annotations

import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.models import Repository
from cgwizard.nexus.ports import connectors, unread
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.scripted_server import Reply, ScriptedServer

ADMIN = Credentials("admin", Secret("hunter2"))
SETTINGS = "/service/rest/v1/repositorySettings"
GOOD = {"name": "good", "format": "docker", "type": "proxy", "docker": {"httpPort": 5051}}


def read(*entries: object) -> tuple[list[Repository], tuple[str, ...]]:
    routes = {SETTINGS: Reply(body=[*entries])}
    with ScriptedServer(routes) as server, NexusClient(server.url, ADMIN) as client:
        return client.repositories(), client.remarks["repositories"]


def docker(**members: object) -> dict[str, object]:
    return {"name": "odd", "format": "docker", "type": "hosted", "docker": members}


@pytest.mark.parametrize(
    ("docker_members", "port", "remark"),
    [
        ({"httpPort": 8082.0}, 8082, "docker.httpPort is 8082.0, read as 8082"),
        ({"httpPort": "8082"}, 8082, "docker.httpPort is '8082', read as 8082"),
        ({"httpPort": 8082, "forceBasicAuth": "true"}, 8082, "docker.forceBasicAuth is 'true'"),
        ({"httpPort": 8082, "forceBasicAuth": {}}, 8082, "forceBasicAuth is {}, which cannot"),
        ({"httpPort": 8082, "pathEnabled": "maybe"}, 8082, "docker.pathEnabled is 'maybe'"),
        ({"httpPort": 8082, "subdomain": 7}, 8082, "docker.subdomain is 7"),
        ({"httpPort": 8082.5}, None, "docker.httpPort is 8082.5, which cannot be read"),
        ({"httpPort": "\x1b[31m:8082"}, None, "which cannot be read"),
        ({"httpsPort": [8443]}, None, "docker.httpsPort is [8443], which cannot be read"),
        ({"httpPort": True}, None, "docker.httpPort is True"),
    ],
)
def test_members(docker_members: dict[str, object], port: int | None, remark: str) -> None:
    found, remarks = read(docker(**docker_members), GOOD)
    assert [each.name for each in found] == ["odd", "good"]
    assert len(remarks) == 1
    assert remarks[0].startswith("odd: ")
    assert remark in remarks[0]
    assert "\x1b" not in remarks[0]
    ports = {each.repository: each.port for each in connectors(found)}
    assert ports == {"good": 5051} | ({"odd": port} if port else {})
    assert [each.tried for each in unread(found)] == (
        [] if port else ["reading the port of the repository odd"]
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "odd", "format": "format-of-2031", "type": "mirror", "docker": None},
        {"name": "odd", "format": None, "type": None, "online": None, "storage": None},
        {"name": "odd", "docker": {"httpPort": None, "forceBasicAuth": None}},
    ],
)
def test_what_is_not_odd(entry: dict[str, object]) -> None:
    found, remarks = read(entry, GOOD)
    assert [each.name for each in found] == ["odd", "good"]
    assert remarks == ()


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "odd", "format": 7, "storage": "default"},
        {"name": "odd", "online": "perhaps", "url": {}},
        {"name": "odd", "docker": "none"},
        {"name": "odd", "proxy": ["x"], "attributes": {"proxy": {"remoteUrl": 1}}},
    ],
)
def test_other_members(entry: dict[str, object]) -> None:
    found, remarks = read(GOOD, entry)
    assert [each.name for each in found] == ["good", "odd"]
    assert len(remarks) == 1
    assert bool(unread(found)) == ("docker" in entry)


@pytest.mark.parametrize("entry", [None, 7, "x", [], {}, {"name": None}, {"name": ["x"]}])
def test_entries_without_a_name(entry: object) -> None:
    found, remarks = read(entry, GOOD)
    assert [each.name for each in found] == ["good"]
    assert len(remarks) == 1
    assert remarks[0].startswith("an entry which cannot be read: ")


def test_where_nothing_can_be_read() -> None:
    with pytest.raises(WizardError, match="nexus-answer-unexpected"):
        read({"name": None}, 7)
