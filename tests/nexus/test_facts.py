"""What travels with an error of Nexus: who answered, and whether a sign-in was looked at."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from cgwizard.errors import AnsweredBy, Facts, WizardError
from cgwizard.nexus.client import NexusClient
from tests.support.ports import free_port
from tests.support.scripted_server import (
    ADMIN,
    CE,
    ReceivedRequest,
    Reply,
    ScriptedServer,
    problem,
    raw_server,
)

STATUS = "/service/rest/v1/status"
STORES = "/service/rest/v1/blobstores"
READ = Facts(AnsweredBy.NEXUS, sign_in_sent=True, sign_in_read=True)
NOT_READ = Facts(AnsweredBy.NEXUS, sign_in_sent=True)
HTML = {"Content-Type": "text/html", "Server": "FilterBox"}


@pytest.mark.parametrize(
    ("reply", "facts"),
    [
        (Reply(401), READ),
        (Reply(403), READ),
        (Reply(404, "", {"Server": "nginx"}), READ),  # a reverse proxy with another name
        (Reply(200, "no JSON"), READ),
        (Reply(429, "Too many failed authentication attempts"), NOT_READ),
        (Reply(500, "ERROR: (ID 1)"), NOT_READ),
        (Reply(503, "Nexus Repository Manager is in read-only mode"), NOT_READ),
        (Reply(407, "", {"Server": "squid"}), Facts(AnsweredBy.PROXY, sign_in_sent=True)),
        (Reply(502, "", {"Server": "nginx"}), Facts(AnsweredBy.PROXY, sign_in_sent=True)),
        (Reply(503, "<html>busy", HTML), Facts(AnsweredBy.PROXY, sign_in_sent=True)),
        (Reply(403, "<html>blocked", HTML), Facts(AnsweredBy.OTHER, sign_in_sent=True)),
        (Reply(200, "<html>sign in", HTML), Facts(AnsweredBy.OTHER, sign_in_sent=True)),
    ],
)
def test_a_call_with_a_sign_in(reply: Reply, facts: Facts) -> None:
    with (
        ScriptedServer({STORES: reply}) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        pytest.raises(WizardError) as caught,
    ):
        client.blob_stores()
    assert caught.value.facts == facts
    assert caught.value.but(tried="something else").facts == facts


def test_a_call_without_a_sign_in() -> None:
    with (
        ScriptedServer({STORES: Reply(401)}) as nexus,
        NexusClient(nexus.url) as client,
        pytest.raises(WizardError) as caught,
    ):
        client.blob_stores()
    assert caught.value.facts == Facts(AnsweredBy.NEXUS)


def test_a_sign_in_that_a_reverse_proxy_takes_away_was_not_looked_at() -> None:
    routes = {"/service/rest/v1/system/eula": Reply(401)}
    with (
        ScriptedServer(routes) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        pytest.raises(WizardError, match="strips-auth") as caught,
    ):
        client.sign_in()
    assert caught.value.facts == NOT_READ


def test_a_user_back_end_that_is_down_looked_at_nothing() -> None:
    def status(request: ReceivedRequest) -> Reply:
        return Reply(503, "", {"Retry-After": "5"}) if request.authorization else Reply()

    with (
        ScriptedServer({STATUS: status}) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        pytest.raises(WizardError, match="sign-in-unavailable") as caught,
    ):
        client.sign_in()
    assert caught.value.facts == NOT_READ


@pytest.mark.parametrize(
    ("reply", "header", "answered_by"),
    [
        (Reply(500), CE, AnsweredBy.NEXUS),
        (Reply(503), CE, AnsweredBy.NEXUS),
        (Reply(503), "nginx", AnsweredBy.PROXY),
        (Reply(407), "squid", AnsweredBy.PROXY),
        (Reply(200, "hello"), "Grafana", AnsweredBy.OTHER),
        (Reply(401), "nginx", AnsweredBy.OTHER),
        (Reply(302, "", {"Location": "https://sso.example/"}), "nginx", AnsweredBy.OTHER),
        (
            Reply(401, "{}", {"Docker-Distribution-Api-Version": "registry/2.0"}),
            None,
            AnsweredBy.REGISTRY,
        ),
    ],
)
def test_who_answers_at_an_address(
    reply: Reply, header: str | None, answered_by: AnsweredBy
) -> None:
    with ScriptedServer({STATUS: reply}, server_header=header) as server:
        assert problem(server.url).facts == Facts(answered_by)


def test_a_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://nexus.invalid:8081"
    with ScriptedServer({f"{url}{STATUS}": Reply(403, "<html>", HTML)}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert problem(url).facts == Facts(AnsweredBy.PROXY)


def test_nobody() -> None:
    assert problem(f"http://127.0.0.1:{free_port()}").facts == Facts()


@pytest.mark.parametrize(
    ("cut", "answered_by"),
    [
        (b"", AnsweredBy.NOBODY),
        (
            b"HTTP/1.1 200 OK\r\nServer: Nexus/3.96.3-01\r\nContent-Length: 9\r\n\r\nx",
            AnsweredBy.NEXUS,
        ),
    ],
)
def test_an_answer_that_is_cut(cut: bytes, answered_by: AnsweredBy) -> None:
    handle = cutting(cut)
    with (
        raw_server(handle) as port,
        NexusClient(f"http://127.0.0.1:{port}", ADMIN) as client,
        pytest.raises(WizardError) as caught,
    ):
        client.blob_stores()
    assert caught.value.facts == Facts(answered_by, sign_in_sent=True)


def cutting(cut: bytes) -> Callable[[socket.socket], None]:
    """A Nexus that is recognized and then cut."""

    def handle(connection: socket.socket) -> None:
        while request := connection.recv(65536):
            if STATUS.encode() not in request:
                connection.sendall(cut)
                return
            connection.sendall(
                f"HTTP/1.1 200 OK\r\nServer: {CE}\r\nContent-Length: 0\r\n\r\n".encode()
            )

    return handle
