"""What answers at the address: a Nexus, something else, or nothing; each in its own words."""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Callable

import pytest

from cgwizard.errors import WizardError
from cgwizard.net.budget import Budget
from cgwizard.net.client import http_client
from cgwizard.net.trust import Trust
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.connection_errors import NexusElsewhere
from cgwizard.nexus.discovery import find
from cgwizard.nexus.identify import identify
from cgwizard.nexus.transport import RestTransport
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.ports import free_port
from tests.support.scripted_server import CE, Reply, ScriptedServer, problem, raw_server

ADMIN = Credentials("admin", Secret("hunter2"))
STATUS = "/service/rest/v1/status"


@pytest.mark.parametrize(
    ("header", "version", "edition"),
    [
        (CE, "3.96.3-01", "COMMUNITY"),
        ("Nexus/3.70.1-02 (OSS)", "3.70.1-02", "OSS"),
        ("nexus/3.90.0-01 (pro)", "3.90.0-01", "PRO"),
        ("Nexus/3.77.0-SNAPSHOT (CORE)", "3.77.0-SNAPSHOT", "CORE"),
    ],
)
def test_version_and_edition_without_credentials(header: str, version: str, edition: str) -> None:
    with ScriptedServer(server_header=header) as nexus, NexusClient(nexus.url, ADMIN) as client:
        server = client.server()
        assert (server.version, server.edition, server.header) == (version, edition, header)
        assert nexus.with_credentials == []
        assert client.version == version


def test_a_reverse_proxy_that_replaces_the_header() -> None:
    swagger: dict[str, object] = {
        "openapi": "3.0.1",
        "info": {"title": "Nexus Repository Manager REST API", "version": "3.94.0-12"},
        "paths": {"/v1/repositories/docker/proxy": {"post": {}}},
    }
    routes = {"/service/rest/swagger.json": Reply(body=swagger)}
    with ScriptedServer(routes, server_header="nginx") as nexus, NexusClient(nexus.url) as client:
        server = client.server()
        assert (server.version, server.edition, server.header) == ("3.94.0-12", None, "nginx")
        assert client.docker_supported()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "<html><title>Grafana</title><script>evil()</script><p>hello</p></html>"),
        Reply(200, {"status": "UP"}),
        Reply(404, "\x1b]0;owned\x07 not found"),
        Reply(418, b"\xff\xfe\x00"),
    ],
)
def test_another_product(reply: Reply) -> None:
    with ScriptedServer({STATUS: reply}, server_header="Grafana\x1b[31m") as other:
        error = problem(other.url)
        assert error.code == "nexus-not-nexus"
        assert "Server: Grafana" in error.problem.came_back
        assert "evil" not in error.problem.came_back
        assert other.with_credentials == []


def test_a_docker_connector_of_nexus() -> None:
    registry = Reply(401, "{}", {"Docker-Distribution-Api-Version": "registry/2.0"})
    with ScriptedServer({STATUS: Reply(404), "/v2/": registry}) as connector:
        assert problem(connector.url).code == "nexus-wrong-port-is-connector"


def test_a_context_path_is_found() -> None:
    routes = {STATUS: Reply(404, "<html>"), f"/nexus{STATUS}": Reply()}
    with ScriptedServer(routes) as nexus:
        error = problem(nexus.url)
        assert error.code == "nexus-context-path"
        assert isinstance(error, NexusElsewhere)
        assert error.base_url == f"{nexus.url}/nexus"
        with find(nexus.url, ADMIN) as client:
            assert client.base_url == f"{nexus.url}/nexus"
        assert nexus.with_credentials == []


def test_a_context_path_that_is_none() -> None:
    with ScriptedServer() as nexus:
        error = problem(f"{nexus.url}/welcome")
        assert isinstance(error, NexusElsewhere)
        assert error.base_url == nexus.url


@pytest.mark.parametrize("status", [503, 502, 504])
def test_starting(status: int) -> None:
    for header in (CE, "nginx"):
        with ScriptedServer({STATUS: Reply(status, "wait")}, server_header=header) as nexus:
            assert problem(nexus.url).code == "nexus-starting"


def test_a_front_door_with_its_own_sign_in() -> None:
    reply = Reply(401, "", {"WWW-Authenticate": 'Basic realm="corp"'})
    with ScriptedServer({STATUS: reply}, server_header="nginx") as door:
        error = problem(door.url)
        assert error.code == "nexus-not-nexus"
        assert "own sign-in" in error.problem.cause
        assert door.with_credentials == []


@pytest.mark.parametrize("location", ["https://sso.example/login", "/login?back=x", "", "http://["])
def test_a_redirect_is_told_and_not_followed(location: str) -> None:
    with ScriptedServer({STATUS: Reply(302, "", {"Location": location})}) as door:
        error = problem(door.url)
        assert error.code == "nexus-redirected"
        assert location in error.problem.came_back
        assert [request.path for request in door.seen] == [STATUS]


def test_a_redirect_to_https_of_the_same_host_is_a_candidate() -> None:
    def upgrade(_: object) -> Reply:
        return Reply(301, "", {"Location": f"https://127.0.0.1:8443/nexus{STATUS}"})

    with ScriptedServer({STATUS: upgrade}) as door:
        error = problem(door.url)
        assert isinstance(error, NexusElsewhere)
        assert error.code == "nexus-http-https-mismatch"
        assert error.base_url == "https://127.0.0.1:8443/nexus"


def test_an_unknown_host() -> None:
    error = problem("http://no-such-host.invalid:8081")
    assert error.code == "nexus-dns"
    assert "no-such-host.invalid" in error.problem.came_back


def test_refused() -> None:
    port = free_port()
    error = problem(f"http://127.0.0.1:{port}")
    assert error.code == "nexus-refused"
    assert str(port) in error.problem.came_back


def test_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", silent)
    error = problem("http://192.0.2.1:8081")
    assert error.code == "nexus-filtered"
    assert "firewall" in error.problem.cause


def answer(raw: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    return handle


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "nexus-answer-broken"),
        (b"", "nexus-answer-broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "nexus-answer-broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "nexus-answer-broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip", "nexus-answer-broken"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", "nexus-answer-broken"),
        (b"HTTP/1.1 999 \xff\r\nContent-Length: 0\r\n\r\n", "nexus-not-nexus"),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 70\r\n\r\n"
         b"<html>400 The plain HTTP request was sent to HTTPS port            </p>",
         "nexus-http-https-mismatch"),
    ],
)  # fmt: skip
def test_broken_answers(raw: bytes, code: str) -> None:
    with raw_server(answer(raw)) as port:
        assert problem(f"http://127.0.0.1:{port}").code == code


def test_an_answer_without_end_is_cut() -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with raw_server(flood) as port:
        transport = RestTransport(
            f"http://127.0.0.1:{port}", Trust(), budget=Budget("", 1_000_000, 30)
        )
        with pytest.raises(WizardError, match="nexus-answer-too-big"):
            identify(transport)
        transport.close()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_cut(head: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(b"X-A: b\r\n")
            time.sleep(0.02)

    with raw_server(drip) as port:
        transport = RestTransport(
            f"http://127.0.0.1:{port}", Trust(), budget=Budget("", 1_000_000, 0.3)
        )
        started = time.monotonic()
        with pytest.raises(WizardError, match="nexus-too-slow"):
            identify(transport)
        assert time.monotonic() - started < 3
        transport.close()


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = functools.partial(http_client, read_seconds=0.2)
    monkeypatch.setattr("cgwizard.nexus.transport.http_client", impatient)
    with raw_server(lambda connection: time.sleep(3)) as port:
        assert problem(f"http://127.0.0.1:{port}").code == "nexus-no-answer"


def test_find_names_all_that_was_tried() -> None:
    tried: list[str] = []
    port = free_port()
    with pytest.raises(WizardError) as caught:
        find(f"127.0.0.1:{port}", ADMIN, on_try=tried.append)
    assert caught.value.code == "nexus-refused"
    assert tried == [f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}"]
    assert tried[1] in caught.value.problem.tried


def test_find_never_leaves_https_that_was_typed() -> None:
    tried: list[str] = []
    with ScriptedServer() as plain:
        with pytest.raises(WizardError) as caught:
            find(f"https://127.0.0.1:{plain.port}", ADMIN, on_try=tried.append)
        assert caught.value.code == "nexus-http-https-mismatch"
        assert all(url.startswith("https://") for url in tried)
        assert plain.seen == []


def test_find_tells_the_answer_rather_than_the_silence() -> None:
    with ScriptedServer({STATUS: Reply(404, "hello")}, server_header="Grafana") as other:
        with pytest.raises(WizardError) as caught:
            find(f"127.0.0.1:{other.port}", ADMIN)
        assert caught.value.code == "nexus-not-nexus"
        assert other.with_credentials == []


def test_find_stops_at_an_unknown_host() -> None:
    tried: list[str] = []
    with pytest.raises(WizardError, match="nexus-dns"):
        find("no-such-host.invalid", ADMIN, on_try=tried.append)
    assert len(tried) == 1


OWN = f"HTTP/1.1 200 OK\r\nServer: {CE}\r\n"
NOT_HERE = f"HTTP/1.1 404 Not Found\r\nServer: {CE}\r\nContent-Length: 0\r\n\r\n"


def cutting(beginning: str) -> Callable[[socket.socket], None]:
    """A Nexus that is cut off after the ``beginning`` of what it says of its status."""

    def answer(connection: socket.socket) -> None:
        asked = connection.recv(65536)
        if not asked.startswith(b"GET "):  # TLS, to a port that speaks none
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        elif asked.startswith(f"GET {STATUS} ".encode()):
            connection.sendall(beginning.encode())
        else:
            connection.sendall(NOT_HERE.encode())

    return answer


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (cutting(f"{OWN}Content-Length: 100\r\n\r\nabc"), "HTTP 200 from Nexus/3.96.3-01"),
        (cutting(f"{OWN}Conte"), "cut short"),
    ],
    ids=["body", "headers"],
)
@pytest.mark.parametrize("typed", ["http://127.0.0.1:{}", "127.0.0.1:{}", "127.0.0.1:{}/nexus"])
def test_an_answer_that_is_cut_is_told_as_that(
    server: Callable[[socket.socket], None], told: str, typed: str
) -> None:
    """Not by what a guess at another path or scheme gave."""
    with raw_server(server) as port, pytest.raises(WizardError) as caught:
        find(typed.format(port))
    problem = caught.value.problem
    assert problem.code == "nexus-answer-broken", problem
    assert told in problem.came_back
    assert f"GET http://127.0.0.1:{port}/service/rest/v1/status" in problem.tried


def test_an_answer_that_begins_and_stalls_says_so() -> None:
    def stall(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nServer: Nexus/3.96.3-01\r\nContent-Length: 9\r\n\r\n"
        )
        connection.recv(65536)

    with raw_server(stall) as port:
        transport = RestTransport(f"http://127.0.0.1:{port}", Trust())
        transport._client = http_client(f"http://127.0.0.1:{port}", read_seconds=0.3)
        with pytest.raises(WizardError) as caught:
            transport.send("GET", "/", tried="asking")
    assert caught.value.code == "nexus-no-answer"
    assert "the beginning of HTTP 200 from Nexus/3.96.3-01" in caught.value.problem.came_back


def test_a_nexus_under_a_path_that_nobody_guesses_is_told_as_that() -> None:
    with ScriptedServer({STATUS: Reply(404)}) as nexus, pytest.raises(WizardError) as caught:
        find(nexus.url)
    assert caught.value.code == "nexus-context-path"
    assert "its path" in caught.value.problem.next_step
