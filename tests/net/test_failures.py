"""Each way in which a request fails, against servers that fail so, and what is read from it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import trustme

from cgwizard.errors import AnsweredBy, Facts
from cgwizard.net.client import http_client
from cgwizard.net.connection import Exchange
from cgwizard.net.failures import Failure, Kind, read_failure
from cgwizard.net.trust import Trust
from cgwizard.practice.faults.nexus_filtered import NexusFiltered
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer, raw_server

ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # TLS: handshake_failure, fatal


def failure_of(url: str, trust: Trust | None = None, seconds: float = 5) -> Failure:
    """What is read from a request that fails; a header stands for a sign-in."""
    exchange = Exchange()
    with http_client(url, trust) as client, pytest.raises(httpx.HTTPError) as caught:
        client.get("/", timeout=seconds, extensions={"trace": exchange.trace})
    return read_failure(caught.value, httpx.URL(url), exchange)


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    return handle


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path) -> Trust:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return Trust(ca_file=tmp_path / "ca.pem")


def tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


# No connection


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (socket.EAI_NONAME, Kind.NAME_UNKNOWN),
        (socket.EAI_AGAIN, Kind.NAME_SERVER_SILENT),
    ],
)
def test_name(number: int, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "refused, expired, certificate")  # words decide nothing

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = failure_of("http://nexus.invalid")
    assert failure.kind is kind
    assert failure.facts(signed_in=True) == Facts()


def test_refused() -> None:
    assert failure_of(f"http://127.0.0.1:{free_port()}").kind is Kind.REFUSED


def test_connect_timeout() -> None:
    with NexusFiltered().port() as port:
        assert failure_of(f"http://127.0.0.1:{port}", seconds=0.3).kind is Kind.CONNECT_TIMEOUT


def test_no_route() -> None:
    assert failure_of("http://255.255.255.255:5000").kind is Kind.NO_ROUTE


def test_exceptions_of_the_system_are_read_too() -> None:
    assert read_failure(ConnectionRefusedError()).kind is Kind.REFUSED
    assert read_failure(TimeoutError()).kind is Kind.CONNECT_TIMEOUT
    assert read_failure(PermissionError()).kind is Kind.UNREACHABLE


# No TLS


def test_untrusted_certificate(authority: trustme.CA) -> None:
    with ScriptedServer(tls=tls(authority.issue_cert("127.0.0.1"))) as server:
        assert failure_of(server.url.replace("localhost", "127.0.0.1")).kind is Kind.TLS_UNTRUSTED


@pytest.mark.parametrize(
    ("name", "begins", "ends", "kind"),
    [
        ("nexus.example.com", 2020, 2090, Kind.TLS_NAME),
        ("127.0.0.1", 2020, 2021, Kind.TLS_EXPIRED),
        ("127.0.0.1", 2080, 2090, Kind.TLS_NOT_YET_VALID),
    ],
)
def test_refused_certificate(
    authority: trustme.CA, trust: Trust, name: str, begins: int, ends: int, kind: Kind
) -> None:
    certificate = authority.issue_cert(
        name,
        not_before=datetime(begins, 1, 1, tzinfo=UTC),
        not_after=datetime(ends, 1, 1, tzinfo=UTC),
    )
    with ScriptedServer(tls=tls(certificate)) as server:
        failure = failure_of(server.url.replace("localhost", "127.0.0.1"), trust)
    assert failure.kind is kind
    assert failure.kind.certificate_refused


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (ALERT, Kind.TLS_PROTOCOL),
        (b"", Kind.TLS_CUT),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Kind.SPEAKS_PLAIN_HTTP),
    ],
)
def test_no_tls(raw: bytes, kind: Kind) -> None:
    with raw_server(answering(raw)) as port:
        failure = failure_of(f"https://127.0.0.1:{port}")
    assert failure.kind is kind
    assert not failure.sent


# No answer, or a broken one

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", Kind.CUT),
        (OK + b"Conte", Kind.CUT),
        (OK + b"Content-Length: 9\r\n\r\nshort", Kind.CUT),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Kind.NOT_HTTP),
        (b"220 smtp\r\n\r\n", Kind.NOT_HTTP),
        (ALERT, Kind.SPEAKS_TLS),
        (OK + b"no colon\r\n\r\n", Kind.BAD_HEADERS),
        (OK + b"Content-Length: -1\r\n\r\n", Kind.BAD_HEADERS),
        (OK + b"X: " + b"a" * 200_000 + b"\r\n\r\n", Kind.HEADERS_TOO_LONG),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", Kind.BAD_BODY),
        (OK + b"Content-Encoding: gzip\r\n\r\nnot gzip", Kind.BAD_BODY),
        (b"HTTP/1.1 302 Found\r\nLocation: /\x7f\r\n\r\n", Kind.BAD_REDIRECT),
    ],
)
def test_broken_answer(raw: bytes, kind: Kind) -> None:
    def handle(connection: socket.socket) -> None:
        answering(raw)(connection)
        # Here an end of the connection is no part of what is read.
        if kind in {Kind.BAD_HEADERS, Kind.BAD_BODY, Kind.HEADERS_TOO_LONG}:
            silent(connection)

    with raw_server(handle) as port:
        failure = failure_of(f"http://127.0.0.1:{port}")
    assert failure.kind is kind
    assert failure.sent
    other = kind is Kind.NOT_HTTP
    answered_by = AnsweredBy.OTHER if other else AnsweredBy.NOBODY
    assert failure.facts(signed_in=True) == Facts(answered_by, sign_in_sent=True)


def test_read_timeout() -> None:
    with raw_server(silent) as port:
        assert failure_of(f"http://127.0.0.1:{port}", seconds=0.3).kind is Kind.READ_TIMEOUT


# A proxy


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", Kind.PROXY_REFUSED),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Kind.PROXY_SIGN_IN),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Kind.PROXY_UNREADABLE),
    ],
)
def test_proxy_that_opens_no_tunnel(
    raw: bytes, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(connection: socket.socket) -> None:
        answering(raw)(connection)
        silent(connection)

    with raw_server(handle) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{port}")
        failure = failure_of("https://nexus.invalid")
    assert failure.proxy is not None
    assert (failure.kind, failure.proxy.shown) == (kind, f"http://127.0.0.1:{port}")
    # The sign-in is inside the tunnel that was not opened.
    assert failure.facts(signed_in=True) == Facts(AnsweredBy.PROXY)


def test_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, url in (
        ("HTTPS_PROXY", "https://nexus.invalid"),
        ("HTTP_PROXY", "http://nexus.invalid"),
    ):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
        assert failure_of(url).kind is Kind.PROXY_UNREACHABLE


def test_proxy_that_speaks_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http:", "https:"))
        assert failure_of("https://nexus.invalid").kind is Kind.PROXY_NO_TLS


def test_certificate_behind_a_proxy_is_the_servers(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(tls=tls(authority.issue_cert("nexus.invalid"))) as server:

        def tunnel(connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with socket.create_connection((server.host, server.port)) as inside:
                threading.Thread(target=pump, args=(inside, connection), daemon=True).start()
                pump(connection, inside)

        with raw_server(tunnel) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            assert failure_of("https://nexus.invalid").kind is Kind.TLS_UNTRUSTED


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass


def test_no_proxy_is_asked_for_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert read_failure(ConnectionRefusedError()).kind is Kind.REFUSED


def test_a_page_of_a_forward_proxy_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer({"http://nexus.invalid/": Reply(403, "<html>no")}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with http_client("http://nexus.invalid") as client:
            assert client.get("/").status_code == 403
