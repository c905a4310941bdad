"""Answers of Nexus that cannot be decoded: each is one error that says what was asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from tests.support.scripted_server import ADMIN, Reply, ScriptedServer

REST = "/service/rest"
DIGITS = b"9" * 5000
UNREADABLE = {
    "no UTF-8": b'[{"name": "\xff\xfe", "userId": "\xff", "more": ["\xff"]}]',
    "nested": b"[" * 20_000 + b"]" * 20_000,
    "nested objects": b'{"name":' * 20_000 + b"1" + b"}" * 20_000,
    "digits": b'[{"name": ' + DIGITS + b', "port": ' + DIGITS + b"}]",
    "one number": DIGITS,
    "a number beyond floats": b"1e400",
    "half a surrogate": b'["\\ud800"]',
    "cut": b'[{"name": "a',
    "zeros": b"\0" * 100,
}
ASKED: dict[str, Callable[[NexusClient], object]] = {
    "/v1/repositorySettings": lambda nexus: nexus.repositories(),
    "/v1/blobstores": lambda nexus: nexus.blob_stores(),
    "/v1/repositories/docker/proxy/a": lambda nexus: nexus.docker_proxy("a"),
    "/v1/security/realms/active": lambda nexus: nexus.active_realms(),
    "/v1/security/anonymous": lambda nexus: nexus.anonymous(),
    "/v1/search": lambda nexus: nexus.search_docker("a", "b"),
    "/v1/system/eula": lambda nexus: nexus.eula(),
    "/v1/assets": lambda nexus: nexus.assets("a"),
    "/v1/security/roles": lambda nexus: nexus.security.roles(),
    "/v1/security/users": lambda nexus: nexus.security.users(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=list(UNREADABLE))
@pytest.mark.parametrize("path", ASKED)
def test_every_answer(path: str, body: bytes) -> None:
    routes = {f"{REST}{path}": Reply(body=body)}
    with ScriptedServer(routes) as server, NexusClient(server.url, ADMIN) as client:
        with pytest.raises(WizardError) as caught:
            ASKED[path](client)
        assert caught.value.code == "nexus-answer-unexpected"
        assert path in caught.value.problem.tried
        assert caught.value.problem.came_back.isprintable()


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=list(UNREADABLE))
def test_refusals(body: bytes) -> None:
    routes = {f"{REST}/v1/blobstores": Reply(400, body)}
    with ScriptedServer(routes) as server, NexusClient(server.url, ADMIN) as client:
        with pytest.raises(WizardError) as caught:
            client.blob_stores()
        assert "HTTP 400" in caught.value.problem.came_back


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_description_of_the_api_is_no_nexus(body: bytes) -> None:
    routes = {f"{REST}/swagger.json": Reply(body=body)}
    with (
        ScriptedServer(routes, server_header=None) as server,
        NexusClient(server.url, ADMIN) as client,
    ):
        with pytest.raises(WizardError) as caught:
            client.server()
        assert caught.value.code == "nexus-not-nexus"


@pytest.mark.parametrize(
    "location", ["http://xn--zz--/", "http://xn--/", "http://[::/", "http://a:99999/", "//xn--zz--"]
)
def test_redirects(location: str) -> None:
    routes = {f"{REST}/v1/status": Reply(302, headers={"Location": location})}
    with ScriptedServer(routes) as server, NexusClient(server.url, ADMIN) as client:
        with pytest.raises(WizardError) as caught:
            client.server()
        assert "redirect" in caught.value.problem.came_back
        assert server.with_credentials == []


@pytest.mark.parametrize("stored", ["9" * 5000, "0000", "+1000000-01-01", "\x1b[31m"])
def test_a_time_that_is_none(stored: str) -> None:
    body: dict[str, object] = {"items": [{"id": "a", "blobCreated": stored}]}
    routes = {f"{REST}/v1/assets": Reply(body=body)}
    with ScriptedServer(routes) as server, NexusClient(server.url, ADMIN) as client:
        assert [each.stored for each in client.assets("a")] == [None]
