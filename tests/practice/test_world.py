"""The practice world as a whole."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from cgwizard.errors import WizardError
from cgwizard.practice.world import ADMIN_PASSWORD, PracticeWorld


def test_addresses_are_known_and_connectable_before_it_is_started() -> None:
    world = PracticeWorld()
    try:
        assert world.info.username == "admin"
        assert world.info.password.reveal() == ADMIN_PASSWORD
        assert world.info.organization == "example.com"
        url = httpx.URL(world.info.nexus_url)
        # The connection waits in the backlog and is answered as soon as the server runs.
        with socket.create_connection((url.host, url.port or 0)) as early:
            early.sendall(b"GET /service/rest/v1/status HTTP/1.0\r\nHost: x\r\n\r\n")
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
        with pytest.raises(WizardError) as failure:
            PracticeWorld(nexus_port=port)
    problem = failure.value.problem
    assert problem.code == "practice-port-taken"
    assert str(port) in problem.tried


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
