"""The servers' loop: what closes, what is logged, what nobody gets to see."""

from __future__ import annotations

import subprocess
import sys
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


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"]
    if path == "/broken":
        raise RuntimeError("a mistake")
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
