"""The servers' loop: what closes, what is logged, what nobody gets to see."""

from __future__ import annotations

import asyncio
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from cgwizard.practice.serving import (
    CutConnectionError,
    Receive,
    Running,
    Scope,
    Send,
    Servers,
    listen,
)

LARGE = 24 << 20


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"]
    if path == "/broken":
        raise RuntimeError("a mistake")
    if path == "/body":
        while (await receive()).get("more_body"):
            pass
    if path == "/slow":
        await asyncio.sleep(2)
    if path == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(LARGE >> 20):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"some", "more_body": True})
    if path == "/cut":
        raise CutConnectionError
    if path == "/wait":
        await receive()
        await receive()
    await send({"type": "http.response.body", "body": b"thing", "more_body": False})


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers()
    servers.start()
    yield servers
    servers.close()


def _serve(servers: Servers) -> tuple[Running, str]:
    sock = listen(0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    return servers.submit(servers.serve(_app, sock)).result(5), url


def test_answers_have_a_date_and_no_server(servers: Servers) -> None:
    _, url = _serve(servers)
    answer = httpx.get(url)
    assert answer.text == "something"
    assert "date" in answer.headers
    assert "server" not in answer.headers


def test_a_cut_answer_is_seen_as_one(servers: Servers) -> None:
    _, url = _serve(servers)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}/cut")


def test_stopping_frees_the_port_and_cuts_what_runs(servers: Servers) -> None:
    running, url = _serve(servers)
    with httpx.Client() as client, client.stream("GET", f"{url}/wait") as answer:
        received = answer.iter_raw()
        assert next(received) == b"some"
        servers.submit(servers.stop(running)).result(5)
        with pytest.raises(httpx.TransportError):
            next(received)
    listen(running.port).close()


def test_a_mistake_in_an_app_is_logged(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    _, url = _serve(servers)
    assert httpx.get(f"{url}/broken").status_code == 500
    assert "a mistake" in caplog.text


def test_nothing_is_ever_printed() -> None:
    code = (
        "import httpx, contextlib\n"
        "from tests.practice.test_serving import Servers, _serve\n"
        "servers = Servers(); servers.start(); running, url = _serve(servers)\n"
        "for path in ('/broken', '/cut', '/'):\n"
        "    with contextlib.suppress(httpx.HTTPError): httpx.get(url + path)\n"
        "servers.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_socket_that_is_taken_is_an_error_at_once() -> None:
    with listen(0) as sock, pytest.raises(OSError, match="in use"):
        listen(sock.getsockname()[1])


def test_close_may_be_called_twice_and_before_start() -> None:
    servers = Servers()
    servers.close()
    servers.close()


def _ended(sock: socket.socket) -> float:
    """Seconds until the server ended the connection; what it sends before is not read."""
    began = time.monotonic()
    waiting = select.poll()
    waiting.register(sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    assert waiting.poll(20_000), "it stays open"
    return time.monotonic() - began


GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGINNINGS = {
    "nothing": b"",
    "half a line": b"GET /",
    "half a head": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
    "half a chunk": b"POST /body HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    "a request": GET,
    "a request and a half": GET + GET[:9],
    "an answer never read": b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("sent", BEGINNINGS.values(), ids=BEGINNINGS)
def test_idle_connections_end(sent: bytes) -> None:
    servers = Servers(idle_seconds=0.2)
    servers.start()
    try:
        running, _ = _serve(servers)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", running.port))
            sock.sendall(sent)
            assert _ended(sock) < 10
    finally:
        servers.close()


def test_a_connection_that_does_something_does_not_end() -> None:
    """A client that sends or reads slowly, and an app that takes its time."""
    servers = Servers(idle_seconds=0.5)
    servers.start()
    body = b"x" * 12
    try:
        running, url = _serve(servers)
        assert httpx.get(f"{url}/slow", timeout=20).text == "something"
        head = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\n"
        with socket.create_connection(("127.0.0.1", running.port)) as sock:
            for piece in (head[:20], head[20:], *(body[i : i + 1] for i in range(12))):
                sock.sendall(piece)
                time.sleep(0.2)  # the pace of the client is what is tested
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        with httpx.stream("GET", f"{url}/large", timeout=20) as answer:
            read = 0
            for piece in answer.iter_raw(1 << 20):
                read += len(piece)
                time.sleep(0.1)
            assert read == LARGE
    finally:
        servers.close()
