"""Where engines are looked for, and what is said of those that do not answer."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.engines.endpoints import docker_sockets, podman_sockets
from cgwizard.engines.find import find, get
from cgwizard.errors import WizardError
from cgwizard.text.sanitize import MAX_EXCERPT
from tests.conftest import CANARY, leaks
from tests.support.engines import podman_engine, short_folder, strange_engine, stream
from tests.support.practice_docker import docker_engine
from tests.support.programs import needs


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def addresses(env: dict[str, str]) -> list[str]:
    return [candidate.address for candidate in docker_sockets(env)]


def with_context(home: Path, name: str, host: str) -> None:
    docker = home / ".docker"
    meta = docker / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    meta.mkdir(parents=True)
    (docker / "config.json").write_text(json.dumps({"currentContext": name}))
    endpoint = {"Host": host, "SkipTLSVerify": False}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))


def test_docker_host_is_the_only_place(folder: Path) -> None:
    with_context(folder, "mine", "unix:///run/mine.sock")
    env = {"HOME": str(folder), "DOCKER_HOST": "unix:///run/other.sock"}
    assert addresses(env) == ["unix:///run/other.sock"]


def test_context(folder: Path) -> None:
    with_context(folder, "mine", "unix:///run/mine.sock")
    assert addresses({"HOME": str(folder)}) == ["unix:///run/mine.sock"]
    elsewhere = {"HOME": "/", "DOCKER_CONFIG": str(folder / ".docker")}
    assert addresses(elsewhere) == ["unix:///run/mine.sock"]
    default = addresses({"HOME": str(folder), "DOCKER_CONTEXT": "default"})
    assert default[0] == "unix:///var/run/docker.sock"


def test_a_context_that_does_not_exist_leads_to_no_other_engine(folder: Path) -> None:
    error = problem({"HOME": str(folder), "DOCKER_CONTEXT": "typo"})
    assert error.code == "engine-absent"
    assert "docker context typo" in error.problem.tried
    assert "no such context" in error.problem.came_back


def test_broken_docker_config_is_as_none(folder: Path) -> None:
    (folder / ".docker").mkdir()
    (folder / ".docker" / "config.json").write_text("{")
    assert addresses({"HOME": str(folder)})[0] == "unix:///var/run/docker.sock"


def test_rootless_places() -> None:
    env = {"HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/1234"}
    assert "unix:///run/user/1234/docker.sock" in addresses(env)
    podman = [candidate.address for candidate in podman_sockets(env)]
    assert podman[0] == "unix:///run/user/1234/podman/podman.sock"
    assert podman[-1] == "unix:///run/podman/podman.sock"


def problem(env: dict[str, str]) -> WizardError:
    with pytest.raises(WizardError) as caught:
        get("docker", env)
    return caught.value


def test_absent(folder: Path) -> None:
    error = problem({"DOCKER_HOST": f"unix://{folder}/none.sock"})
    assert error.code == "engine-absent"
    assert f"{folder}/none.sock" in error.problem.tried
    assert "--engine builtin" in error.problem.next_step


def test_nobody_listens(folder: Path) -> None:
    path = folder / "left.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
    assert problem({"DOCKER_HOST": f"unix://{path}"}).code == "engine-absent"


def test_permission(folder: Path) -> None:
    with strange_engine(folder, stream()) as address:
        (folder / "engine.sock").chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            error = problem({"DOCKER_HOST": address})
        finally:
            if root:
                os.seteuid(0)
    assert error.code == "engine-permission"
    assert "usermod -aG docker" in error.problem.next_step


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:2376", "ssh://me@host", "npipe:////./pipe/x"])
def test_remote_engine_is_not_used(address: str) -> None:
    error = problem({"DOCKER_HOST": address})
    assert error.code == "engine-remote"
    assert address in error.problem.came_back


def test_a_password_in_an_address_is_not_shown() -> None:
    address = f"ssh://root:{CANARY}@host/run/podman.sock"
    with pytest.raises(WizardError) as caught:
        get("podman", {"CONTAINER_HOST": address})
    assert not leaks(str(caught.value.problem).encode())
    assert "ssh://root:***@host" in caught.value.problem.came_back


@pytest.mark.parametrize("address", ["/run/docker.sock", "unix://run/docker.sock"])
def test_a_socket_that_is_not_named_as_one_is_told_how(address: str) -> None:
    error = problem({"DOCKER_HOST": address})
    assert error.code == "engine-remote"
    assert "run/docker.sock" in error.problem.next_step.partition("unix:///")[2]
    assert "ssh" not in error.problem.next_step


def test_an_engine_that_never_answers_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cgwizard.engines.find.ANSWER_SECONDS", 0.2)
    path = folder / "silent.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        error = problem({"DOCKER_HOST": f"unix://{path}"})
    assert error.code == "engine-gone"
    assert "timed out" in error.problem.came_back


def test_a_web_page_in_place_of_an_answer_is_cut(folder: Path) -> None:
    path = folder / "page.sock"
    page = b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n" + b"\x1b[31m<p>" * 500
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()

        def answer() -> None:
            for _ in range(3):
                connection, _ = sock.accept()
                with connection, contextlib.suppress(OSError):  # who only knocks is gone by now
                    connection.recv(4096)
                    connection.sendall(page)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        error = problem({"DOCKER_HOST": f"unix://{path}"})
    assert error.code == "engine-answer"
    assert error.problem.came_back.isprintable()
    assert len(error.problem.came_back) <= MAX_EXCERPT


def test_something_else_listens(folder: Path) -> None:
    path = folder / "other.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()

        def hang_up() -> None:
            for _ in range(2):
                connection, _ = sock.accept()
                connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        error = problem({"DOCKER_HOST": f"unix://{path}"})
        thread.join(5)
    assert error.code == "engine-gone"


def test_nobody_takes_the_connection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgwizard.engines.find.CONNECT_SECONDS", 0.2)
    path = folder / "stuck.sock"
    with socket.socket(socket.AF_UNIX) as sock, socket.socket(socket.AF_UNIX) as waits:
        sock.bind(str(path))
        sock.listen(0)
        waits.connect(str(path))  # the only place in the queue
        error = problem({"DOCKER_HOST": f"unix://{path}"})
    assert error.code == "engine-hangs"
    assert "no connection within" in error.problem.came_back
    assert "restart it" in error.problem.next_step


def test_a_place_in_the_queue_is_waited_for(folder: Path) -> None:
    with strange_engine(folder, stream()) as address:
        queue = Path(address.removeprefix("unix://")).rename(folder / "behind.sock")
        with socket.socket(socket.AF_UNIX) as sock, socket.socket(socket.AF_UNIX) as waits:
            sock.bind(str(folder / "engine.sock"))
            sock.listen(0)
            waits.connect(str(folder / "engine.sock"))
            timer = threading.Timer(0.2, lambda: queue.replace(folder / "engine.sock"))
            timer.start()
            try:
                assert get("docker", {"DOCKER_HOST": address}).version == "27.0"
            finally:
                timer.join()


def test_find_names_both_kinds_when_there_is_none(folder: Path) -> None:
    env = {
        "DOCKER_HOST": f"unix://{folder}/d.sock",
        "CONTAINER_HOST": f"unix://{folder}/p.sock",
    }
    found = find(env)
    assert [f.name for f in found] == ["docker", "podman"]
    assert all(f.engine is None and f.problem and f.problem.code == "engine-absent" for f in found)


@needs("dockerd", "docker", "podman")
def test_real_engines(folder: Path) -> None:
    with docker_engine(folder) as docker, podman_engine(folder) as podman:
        found = find({"DOCKER_HOST": docker, "CONTAINER_HOST": podman})
        assert [(f.name, f.address) for f in found] == [("docker", docker), ("podman", podman)]
        assert all(f.engine and f.engine.version[0].isdigit() for f in found)
        # What answers counts, not which variable names it; and once is enough.
        (same,) = find({"DOCKER_HOST": podman, "CONTAINER_HOST": podman})
        assert same.name == "podman"
        assert get("docker", {"DOCKER_HOST": podman}).name == "podman"
