"""The practice world as a whole."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from cgwizard.practice.world import PortTakenError, PracticeWorld
from cgwizard.secrets.secret import Secret
from tests.support.ports import free_port
from tests.support.practice_docker import ADMIN_AUTH, PRIVATE_IMAGE, pull


def test_addresses_are_known_and_connectable_before_it_is_started() -> None:
    world = PracticeWorld()
    try:
        assert world.info.username == "admin"
        assert world.info.password.reveal()
        assert world.info.organization == "example.com"
        url = httpx.URL(world.info.nexus_url)
        # The connection waits in the backlog and is answered as soon as the server runs.
        with socket.create_connection((url.host, url.port or 0)) as early:
            early.sendall(b"GET /service/rest/v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n")
            world.start()
            early.settimeout(10)
            assert early.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        world.close()


def test_a_world_is_made_at_once_and_without_the_servers_libraries() -> None:
    code = (
        "import sys; from cgwizard.practice.world import PracticeWorld; PracticeWorld().close();"
        "print([m for m in ('starlette', 'uvicorn', 'httpx', 'cryptography', 'jwt')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_both_servers_answer_after_start() -> None:
    with PracticeWorld() as world:
        status = httpx.get(f"{world.info.nexus_url}/service/rest/v1/status")
        assert status.status_code == 200
        assert status.headers["server"] == "Nexus/3.96.3-01 (COMMUNITY)"
        assert httpx.get(f"{world.info.registry_url}/v2/").status_code == 401


def test_start_may_be_called_by_many_and_close_twice() -> None:
    world = PracticeWorld()
    threads = [threading.Thread(target=world.start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert httpx.get(f"{world.info.nexus_url}/service/rest/v1/status").status_code == 200
    world.close()
    world.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{world.info.nexus_url}/service/rest/v1/status")


def test_the_password_is_made_for_each_world_or_given() -> None:
    worlds = [PracticeWorld(), PracticeWorld(), PracticeWorld(password=Secret("a b"))]
    try:
        first, second, given = (world.info.password.reveal() for world in worlds)
        assert first != second
        assert all(re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", made) for made in (first, second))
        assert given == "a b"
    finally:
        for world in worlds:
            world.close()


def test_nothing_is_left_behind() -> None:
    threads = threading.active_count()
    with PracticeWorld() as world:
        data = world.data
        (data / "something").write_text("x")
    assert not data.exists()
    assert threading.active_count() == threads
    never_started = PracticeWorld()
    never_started.close()
    assert not never_started.data.exists()


def test_closing_does_not_wait_for_open_connections() -> None:
    world = PracticeWorld()
    world.start()
    with httpx.Client() as client:
        client.get(f"{world.info.nexus_url}/service/rest/v1/status")
        began = time.monotonic()
        world.close()
    assert time.monotonic() - began < 2


def test_a_taken_port_is_a_clear_error() -> None:
    with PracticeWorld() as world:
        port = httpx.URL(world.info.nexus_url).port
        assert port is not None
        with pytest.raises(PortTakenError) as failure:
            PracticeWorld(nexus_port=port)
    assert failure.value.filename.endswith(f":{port}")


def test_state_is_touched_on_the_servers_loop() -> None:
    with PracticeWorld() as world:
        main = threading.current_thread()
        assert world.call(threading.current_thread) is not main
        assert world.call(lambda a, b: a + b, 1, 2) == 3

        async def slow() -> str:
            await asyncio.sleep(0)
            return "done"

        assert world.call(slow) == "done"
        with pytest.raises(ZeroDivisionError):
            world.call(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("preset", "server"),
    [
        ("3.96", "Nexus/3.96.3-01 (COMMUNITY)"),
        ("fresh", "Nexus/3.96.3-01 (COMMUNITY)"),
        ("3.76", "Nexus/3.76.1-01 (OSS)"),
        ("pro", "Nexus/3.96.3-01 (PRO)"),
    ],
)
def test_presets(preset: str, server: str) -> None:
    with PracticeWorld(preset=preset, context_path="/nexus") as world:
        assert world.info.nexus_url.endswith("/nexus")
        answer = httpx.get(f"{world.info.nexus_url}/service/rest/v1/status")
        assert (answer.status_code, answer.headers["server"]) == (200, server)


def test_the_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    world = PracticeWorld()
    try:
        assert world.data.parent == tmp_path
        assert world.data.stat().st_mode & 0o077 == 0
    finally:
        world.close()


def test_a_repository_made_by_rest_pulls_and_is_found(world: PracticeWorld) -> None:
    port = free_port()
    token = world.info.pull_token
    body = {
        "name": "chainguard",
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "proxy": {"remoteUrl": "https://cgr.dev/", "contentMaxAge": 1440, "metadataMaxAge": 1440},
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {
            "blocked": False,
            "autoBlock": True,
            "authentication": {
                "type": "username",
                "username": token.username,
                "password": token.password.reveal(),
            },
        },
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": port},
        "dockerProxy": {"indexType": "REGISTRY"},
    }
    rest = httpx.Client(base_url=f"{world.info.nexus_url}/service/rest", auth=ADMIN_AUTH)
    docker = httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=ADMIN_AUTH)
    with rest, docker:
        created = rest.post("/v1/repositories/docker/proxy", json=body)
        assert created.status_code == 201, created.text
        pull(docker, PRIVATE_IMAGE)
        found = rest.get("/v1/components", params={"repository": "chainguard"}).json()["items"]
        assert [(item["name"], item["version"]) for item in found] == [(PRIVATE_IMAGE, "latest")]
        digest = docker.head(f"/v2/{PRIVATE_IMAGE}/manifests/latest").headers[
            "docker-content-digest"
        ]
        assert f"sha256:{found[0]['assets'][0]['checksum']['sha256']}" == digest
        details = rest.get("/internal/ui/repositories/details").json()
        ours = next(item for item in details if item["name"] == "chainguard")
        assert ours["status"]["description"] == "Remote Available"
        assert rest.delete("/v1/repositories/chainguard").status_code == 204
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/v2/")
