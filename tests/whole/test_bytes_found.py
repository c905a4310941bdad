"""That a secret which leaks would be found: by whichever route it goes and in whatever form."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs
from tests.support.secret_search import Search
from tests.support.strace import Recording, read, under_strace

pytestmark = needs("strace")

TOKEN = "eyJhbGciOiJSUzI1NiJ9." + "Qk9uZ28tdGhlLW90dGVyLXNheXM" * 30


def encoded(prefix: str, *, url: bool = False) -> str:
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    return encode(f"{prefix}{ADMIN_PASSWORD}??>>".encode()).decode()


LEAKS = {
    "clear": f"password={ADMIN_PASSWORD}",
    "base64, first alignment": encoded("abc"),
    "base64, second alignment": encoded("a"),
    "base64, third alignment": encoded("ab"),
    "base64 for URLs": encoded("a", url=True),
    "base64 in lines": "\n".join(encoded("a")[i : i + 7] for i in range(0, 40, 7)),
    "base64 in a URL": encoded("ab").replace("=", "%3D"),
    "engine's header": encoded('{"username": "admin", "password": "'),
    "percent": "".join(f"%{ord(c):02x}" for c in ADMIN_PASSWORD),
    "percent, partly": ADMIN_PASSWORD.replace("-", "%2D"),
    "JSON": "".join(f"\\u{ord(c):04x}" for c in ADMIN_PASSWORD),
    "repr": ADMIN_PASSWORD.replace("o", "\\x6f"),
    "hex": ADMIN_PASSWORD.encode().hex(),
    "HEX": ADMIN_PASSWORD.encode().hex().upper(),
    "wide": ADMIN_PASSWORD.encode("utf-16-le").decode("latin-1"),
    "wide, the other way round": ADMIN_PASSWORD.encode("utf-16-be").decode("latin-1"),
    "letter by letter on a screen": "".join(
        f"\x1b[3;{i}H{c}" for i, c in enumerate(ADMIN_PASSWORD)
    ),
    "colored": f"\x1b[1m{ADMIN_PASSWORD[:5]}\x1b[0;32m{ADMIN_PASSWORD[5:]}\x1b[0m",
}


@pytest.mark.parametrize("form", LEAKS)
def test_the_search_knows_every_form(form: str) -> None:
    search = Search({"password": ADMIN_PASSWORD})
    data = b"before " + LEAKS[form].encode("latin-1") + b" after"
    assert search.found(data), form
    assert not search.found(data[: len(data) // 2]), "half of it is something else"


def test_the_search_finds_parts_of_a_token_and_nothing_in_what_is_harmless() -> None:
    search = Search({"token": TOKEN, "password": ADMIN_PASSWORD})
    for begin in (0, 7, 100, 300):
        part = TOKEN[begin : begin + 60]
        assert search.found(part.encode()), part
        assert search.found(base64.b64encode(b"x" + part.encode()))
    harmless = {"user": "admin", "hint": "otter-harbour", "password": "***", "n": list(range(99))}
    assert not search.found(json.dumps(harmless).encode() + b"\x1b[2J\xff\0%zz\\u12")


ROUTES = """
import os, socket, subprocess, sys, threading
secret = sys.stdin.read()
first, second = secret[:6].encode(), secret[6:].encode()
def file(name): return os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
one = file("split"); os.write(one, first)
other = file("between"); os.write(other, b"something else")
os.write(one, second)
os.pwrite(file("pwrite"), secret.encode(), 100)
os.writev(file("writev"), [first, second])
thread = threading.Thread(target=lambda: open("thread", "w").write(secret))
thread.start(); thread.join()
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
client.send(first); client.sendmsg([second[:3], second[3:]])
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.sendto(secret.encode(), ("127.0.0.1", 9))
unix = socket.socket(socket.AF_UNIX); unix.bind("engine.sock"); unix.listen()
person = socket.socket(socket.AF_UNIX); person.connect("engine.sock")
person.sendall(secret.encode())
left, right = socket.socketpair(); left.send(secret.encode())
subprocess.run(["cat"], input=secret.encode(), stdout=subprocess.DEVNULL)
subprocess.run(["true", secret]); subprocess.run(["true"], env={"NAME": secret})
os.write(file("renamed"), b"x"); os.rename("renamed", "x" + secret)
os.write(2, secret.encode())
if os.fork() == 0:
    os.write(file("child"), secret.encode()); os._exit(0)
os.wait()
print("told nothing")
"""


def recorded(folder: Path, *command: str, stdin: str = "", **more: str) -> tuple[Recording, str]:
    record = folder / "record"
    done = subprocess.run(
        under_strace(record, *command), input=stdin, capture_output=True, text=True, timeout=60,
        check=True, cwd=folder,
    )  # fmt: skip
    return read(record), done.stdout


def test_the_recording_has_every_route(tmp_path: Path) -> None:
    recording, told = recorded(tmp_path, sys.executable, "-c", ROUTES, stdin=ADMIN_PASSWORD)
    assert told == "told nothing\n"
    search = Search({"password": ADMIN_PASSWORD})
    found = {place for place, data in recording.places.items() if search.found(data)}
    files = {f"file {tmp_path}/{name}" for name in ("split", "pwrite", "writev", "thread", "child")}
    assert files <= found
    assert f"file {tmp_path}/between" not in found
    assert f"{tmp_path}/between" in recording.made
    assert {"names", "arguments", "environment", "unix engine.sock"} <= found
    kinds = sorted(place.partition(" ")[0] for place in found - files)
    # Two pipes: to the child and standard error. The file is /dev/null, to which the child wrote.
    assert kinds == [
        "arguments", "environment", "file", "names", "pipe", "pipe", "tcp", "udp", "unix", "unix",
    ]  # fmt: skip
    assert not recording.unseen


@pytest.mark.parametrize(
    "way",
    [
        "import mmap, os; f = os.open('f', os.O_RDWR | os.O_CREAT); os.ftruncate(f, 99); "
        "mmap.mmap(f, 99)[:3] = b'abc'",
        "import os; f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abc'); "
        "os.sendfile(1, f, 0, 3)",
        "import os; f = os.open('f', os.O_RDWR | os.O_CREAT); os.write(f, b'abc'); "
        "os.copy_file_range(f, os.open('g', os.O_RDWR | os.O_CREAT), 3, 0)",
    ],
)
def test_what_the_recording_cannot_see_is_named(way: str, tmp_path: Path) -> None:
    assert len(recorded(tmp_path, sys.executable, "-c", way)[0].unseen) == 1
