"""Characters on terminals that have few: nothing fails, nothing moves, data stays as it is."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cgwizard.text import ascii_fallback
from tests.support.pull import PROGRAM
from tests.support.scripted_server import raw_server

SAID = "Zugriff für müde Otter verweigert: 権限 – ✓…"
LOCALES: list[dict[str, str]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "en_US.ISO-8859-1"},
    {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "latin-1:strict"},
]


@given(st.text())
def test_any_text_becomes_ascii(text: str) -> None:
    for codec in (ascii_fallback.LINES, ascii_fallback.CELLS):
        out = io.TextIOWrapper(io.BytesIO(), encoding=codec, errors="strict")
        out.write(text)
        out.flush()
        assert out.buffer.getvalue().isascii()


# Texts of the wizard, of servers in other languages, what Textual draws boxes and bars with.
@pytest.mark.parametrize(
    "text",
    [SAID, "✓ ok ✗ ○ ● ▸ ━━╸ – · ×", "┌─┬┐│█▄▁▌", "«naïve» “café” ‘x’", "日本語 한국어", "Ελλάδα"],
)
def test_what_stands_to_the_right_does_not_move(text: str) -> None:
    assert cell_len(ascii_fallback.ascii_cells(text)) == cell_len(text)


def test_what_is_told_in_lines_can_be_read() -> None:
    assert ascii_fallback.ascii_lines(SAID) == "Zugriff fuer muede Otter verweigert: ???? - ok..."


@pytest.fixture
def refusing() -> Iterator[str]:
    """HOST:PORT of a registry that refuses with a message beyond ASCII."""
    body = json.dumps({"errors": [{"code": "DENIED", "message": SAID}]}, ensure_ascii=False)
    head = f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(body.encode())}\r\n"
    head += "Content-Type: application/json\r\nConnection: close\r\n\r\n"

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head.encode() + body.encode())

    with raw_server(handle) as port:
        yield f"127.0.0.1:{port}"


def pull(reference: str | bytes, *options: str, env: dict[str, str]) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [PROGRAM, "pull", reference, *options], check=False, capture_output=True, timeout=60,
        env={**os.environ, **env}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("env", LOCALES, ids=str)
def test_a_pull_tells_what_a_server_said_in_any_locale(refusing: str, env: dict[str, str]) -> None:
    reference = f"{refusing}/chainguard/wolfi-base"
    _, said, told = pull(reference, env=env)
    assert (said + told).isascii()
    assert b"Zugriff fuer muede Otter verweigert: ????" in told
    _, said, _ = pull(reference, "--json", env=env)
    assert said.isascii()
    last = json.loads(said.splitlines()[-1])
    assert SAID.rstrip("…") in json.dumps(last, ensure_ascii=False), "data is not changed"


def test_a_pull_tells_it_as_it_is_where_there_is_utf8(refusing: str) -> None:
    env = {"LC_ALL": "C.UTF-8"}
    _, _, told = pull(f"{refusing}/chainguard/wolfi-base", env=env)
    assert SAID.rstrip("…") in told.decode()


@pytest.mark.parametrize("env", [*LOCALES, {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}])
def test_bytes_that_are_no_text_end_no_command(env: dict[str, str]) -> None:
    code, said, told = pull(b"127.0.0.1:9/\xff\xfe/x", env=env)
    assert code == 2
    assert b"report" not in said + told, "no mistake of ours"
    assert told
