"""Which line of an answer's header is broken: named, cleaned, bounded."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from cgwizard.errors import WizardError
from cgwizard.net.headers import broken_header
from cgwizard.registry.client import Registry
from cgwizard.registry.retry import RetryPolicy
from tests.commands.test_pull_input import ended
from tests.support.scripted_server import problem, raw_server

OK = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 2\r\n\r\n{}"
BROKEN = [
    (OK + b"X-Filter passed by policy 7\r\n" + END, "X-Filter passed by policy 7"),
    (OK + b": no name\r\n" + END, ": no name"),
    (OK + b"Bad Name: x\r\n" + END, "Bad Name: x"),
    (OK + b"X-Space : x\r\n" + END, "X-Space : x"),
    (OK + b" folded at once\r\n" + END, "folded at once"),
    (OK + b"X-Nul: a\x00b\r\n" + END, "X-Nul: ab"),
    (OK + b"\x1b[31mred\x1b[0m\r\n" + END, "[31mred[0m"),
    (OK + b"Content-Length: -1\r\n\r\n", "Content-Length: -1"),
    (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "Content-Length: 3"),
    (OK + b"Transfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding: gzip"),
    (b"HTTP/1.1 OK\r\n" + END, "HTTP/1.1 OK"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"second block\r\n" + END, "second block"),
]


def answering(raw: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    return handle


@pytest.mark.parametrize(("raw", "line"), BROKEN)
def test_named_by_both_clients(raw: bytes, line: str) -> None:
    assert broken_header(raw) == line
    with raw_server(answering(raw)) as port:
        url = f"http://127.0.0.1:{port}"
        error = problem(url)
        with (
            Registry(url, patience=RetryPolicy(tries=0)) as registry,
            pytest.raises(WizardError) as caught,
        ):
            registry.manifest("nginx", "latest")
    assert (error.code, caught.value.code) == ("nexus-answer-broken", "registry-answer")
    for each in (error, caught.value):
        assert each.problem.came_back == f"an answer with a broken header line: {line}"


@pytest.mark.parametrize(
    "raw",
    [
        OK + END,
        OK + b"X: y\r\n folded\r\n" + END,
        OK.replace(b"\r", b"") + b"X:y\n\nno header any more",
        b"HTTP/1.1 204\r\n\r\n",
        OK + b"X-Latin: \xe9\r\n" + END,
        OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"",
    ],
)
def test_what_is_not_broken(raw: bytes) -> None:
    assert broken_header(raw) == ""


def test_long_lines_are_cut() -> None:
    assert len(broken_header(OK + b"x" * 9000 + b"\r\n")) == 80


@pytest.mark.parametrize("rest", [END, b"X: y"])
def test_pull_does_not_advise_plain_http(rest: bytes) -> None:
    with raw_server(answering(OK + b"X-Filter passed\r\n" + rest)) as port:
        code, _, errors = ended(f"127.0.0.1:{port}/nginx")
    assert code != 0
    assert "X-Filter passed" in errors
    assert "plain-http" not in errors
