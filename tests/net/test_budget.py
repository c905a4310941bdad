"""Each answer has its bytes and its seconds: of Nexus and of registries, packed or not."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.net import budget
from cgwizard.net.budget import (
    CONFIG_BYTES,
    FETCH_SECONDS,
    MIB,
    PULL_BYTES,
    STALL_SECONDS,
    TABLE,
    ZSTD_WINDOW,
    Budget,
)
from cgwizard.net.trust import Trust
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.transport import RestTransport
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import OCI_INDEX
from cgwizard.registry.retry import RetryPolicy
from tests.support.scripted_server import ADMIN, CE, Reply, ScriptedServer, raw_server

REST = "/service/rest"
REALMS, LIST = f"{REST}/v1/security/realms/active", f"{REST}/v1/repositorySettings"
LATEST = "/v2/a/manifests/latest"
ONCE = RetryPolicy(tries=0)
JSON = b'["NexusAuthenticatingRealm"]'
PACKED = gzip.compress(JSON, mtime=0)
BOMB = gzip.compress(gzip.compress(b"[" + b" " * (32 << 20) + b"]", 9, mtime=0), 9, mtime=0)


def realms(body: bytes, coding: str) -> list[str]:
    reply = Reply(body=body, headers={"Content-Encoding": coding} if coding else {})
    with ScriptedServer({REALMS: reply}) as server, NexusClient(server.url, ADMIN) as client:
        found = client.active_realms()
        assert {each.headers["accept-encoding"] for each in server.seen} == {"identity"}
        return found


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (JSON, ""),
        (JSON, "identity"),
        (PACKED, "gzip"),
        (PACKED, "X-GZIP"),
        (PACKED, "identity, gzip"),
    ],
)
def test_one_gzip_is_undone(body: bytes, coding: str) -> None:
    assert realms(body, coding) == ["NexusAuthenticatingRealm"]


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(PACKED, mtime=0), "gzip, gzip"),
        (BOMB, "gzip, gzip"),
        (BOMB, "gzip,gzip,gzip"),
        (JSON, "br"),
        (zlib.compress(JSON), "deflate"),
        (JSON, "zstd, gzip"),
        (JSON, "\x1b[31m, gzip"),
    ],
)
def test_other_codings_are_named(body: bytes, coding: str) -> None:
    with pytest.raises(WizardError) as caught:
        realms(body, coding)
    assert caught.value.code == "nexus-answer-unexpected"
    assert "which nobody asked for" in caught.value.problem.came_back
    named = coding.replace("\x1b", "").partition(",")[0]
    assert f"coded ({named}" in caught.value.problem.came_back


@pytest.mark.parametrize(
    "body", [PACKED[:-5], PACKED[:12] + b"\xff" * 20, PACKED + b"x", PACKED + PACKED, b"\x1f"]
)
def test_broken_gzip(body: bytes) -> None:
    with pytest.raises(WizardError) as caught:
        realms(body, "gzip")
    assert "gzip" in caught.value.problem.came_back


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("path", "limit"), [(REALMS, budget.NEXUS_ANSWER.bytes), (LIST, budget.NEXUS_LIST.bytes)]
)
def test_bytes_of_nexus(path: str, limit: int, packed: bool) -> None:
    def answer(size: int) -> list[object]:
        body = b"[" + b" " * (size - 2) + b"]"
        header = {"Content-Encoding": "gzip"} if packed else {}
        routes = {
            path: Reply(body=gzip.compress(body, 1, mtime=0) if packed else body, headers=header)
        }
        with ScriptedServer(routes) as server, NexusClient(server.url, ADMIN) as client:
            return [*(client.active_realms() if path == REALMS else client.repositories())]

    assert answer(limit) == []
    with pytest.raises(WizardError) as caught:
        answer(limit + 1)
    assert caught.value.code == "nexus-answer-too-big"
    assert f"{limit // 1024:,} KiB" in caught.value.problem.came_back


def test_the_first_answer_before_any_sign_in() -> None:
    status = Reply(body=BOMB, headers={"Content-Encoding": "gzip, gzip"})
    with ScriptedServer({f"{REST}/v1/status": status}) as server:
        with NexusClient(server.url, ADMIN) as client, pytest.raises(WizardError) as caught:
            client.server()
        assert caught.value.code == "nexus-answer-unexpected"
        assert server.with_credentials == []


def drip(head: bytes) -> AbstractContextManager[int]:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(b" ")
            time.sleep(0.02)

    return raw_server(handle)


def test_seconds_of_nexus() -> None:
    head = f"HTTP/1.1 200 OK\r\nServer: {CE}\r\n\r\n".encode()
    with drip(head) as port:
        transport = RestTransport(f"http://127.0.0.1:{port}", Trust(), budget=Budget("", MIB, 0.3))
        with pytest.raises(WizardError) as caught:
            transport.send("GET", REALMS, tried="x")
        transport.close()
    assert caught.value.code == "nexus-too-slow"


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "401 Unauthorized", "500 Oh"])
def test_seconds_of_registries(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Budget("", MIB, 0.3)
    for module in ("responses", "validation"):
        monkeypatch.setattr(f"cgwizard.registry.{module}.REGISTRY_ANSWER", quick)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n".encode()
    began = time.monotonic()
    with (
        drip(head) as port,
        Registry(f"http://127.0.0.1:{port}", patience=ONCE) as registry,
        pytest.raises(RegistryError) as caught,
    ):
        registry.manifest("a", "latest")
    assert time.monotonic() - began < 5
    if status.startswith("200"):
        assert caught.value.code == "registry-stalled"
        assert "no complete answer within 0 s" in caught.value.problem.came_back


def test_seconds_of_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgwizard.registry.validation.REGISTRY_ANSWER", Budget("", MIB, 0.3))
    with drip(b"HTTP/1.1 200 OK\r\n\r\n") as port, ScriptedServer(server_header=None) as server:
        header = {"WWW-Authenticate": f'Bearer realm="http://127.0.0.1:{port}/token"'}
        server.routes[LATEST] = Reply(401, headers=header)
        with (
            Registry(server.url, patience=ONCE) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.manifest("a", "latest")
    assert caught.value.code == "registry-stalled"


def token(body: bytes, coding: str = "") -> RegistryError:
    with ScriptedServer(server_header=None) as server:
        header = {"WWW-Authenticate": f'Bearer realm="{server.url}/token"'}
        coded = {"Content-Encoding": coding} if coding else {}
        server.routes |= {LATEST: Reply(401, headers=header), "/token": Reply(200, body, coded)}
        with (
            Registry(server.url, patience=ONCE) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.manifest("a", "latest")
        assert {each.headers["accept-encoding"] for each in server.seen} == {"identity"}
    return caught.value


def test_bytes_of_a_token() -> None:
    whole = json.dumps({"token": "abc"}).encode()
    limit = budget.REGISTRY_ANSWER.bytes
    assert token(whole.ljust(limit)).code == "no-login"  # it was read, and the registry refuses it
    assert token(whole.ljust(limit + 1)).code == "answer-too-large"
    assert token(gzip.compress(whole.ljust(limit + 1), mtime=0), "gzip").code == "answer-too-large"
    assert token(gzip.compress(whole, mtime=0), "gzip").code == "no-login"
    error = token(BOMB, "gzip, gzip")
    assert error.code == "token-unreadable"
    assert "coded (gzip, gzip)" in error.problem.came_back


def test_a_refusal_that_is_packed() -> None:
    said = json.dumps({"errors": [{"code": "X", "message": "the name is wrong"}]}).encode()
    for body, coding, words in (
        (gzip.compress(said, mtime=0), "gzip", "the name is wrong"),
        (BOMB, "gzip, gzip", "coded (gzip, gzip)"),
        (gzip.compress(b" " * (64 << 20), mtime=0), "gzip", "404"),
    ):
        header = {"Content-Encoding": coding, "Content-Type": "application/json"}
        with (
            ScriptedServer({LATEST: Reply(404, body, header)}, server_header=None) as server,
            Registry(server.url, patience=ONCE) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.manifest("a", "latest")
        assert words in caught.value.problem.came_back


def test_bytes_of_a_manifest() -> None:
    limit = budget.REGISTRY_ANSWER.bytes
    whole = json.dumps({"mediaType": OCI_INDEX, "manifests": []}).encode()
    for size, fits in ((limit, True), (limit + 1, False)):
        routes = {LATEST: Reply(200, whole.ljust(size), {"Content-Type": OCI_INDEX})}
        with (
            ScriptedServer(routes, server_header=None) as server,
            Registry(server.url, patience=ONCE) as registry,
        ):
            if fits:
                assert len(registry.manifest("a", "latest").raw) == size
                continue
            with pytest.raises(RegistryError, match="answer-too-large"):
                registry.manifest("a", "latest")


def test_the_page_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "measures.md").read_text()
    rows = [f"| {each.answer} | {each.bytes >> 20} MiB | {each.seconds:.0f} s |" for each in TABLE]
    rows += [
        f"| all manifests and configs of one pull together | {PULL_BYTES >> 20} MiB | |",
        f"| the config of an image | {CONFIG_BYTES >> 20} MiB | |",
        f"| a layer | its size | {STALL_SECONDS:.0f} s without a byte, "
        f"{FETCH_SECONDS / 60:.0f} min until it begins at a Nexus |",
        f"| the window of a layer of zstd | {ZSTD_WINDOW >> 20} MiB, or the layer's size | |",
    ]
    assert [row for row in rows if row not in page.splitlines()] == []
