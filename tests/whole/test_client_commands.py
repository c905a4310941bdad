"""The commands that Finish hands out are run as they stand, by the clients that they are for."""

from __future__ import annotations

import base64
import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cgwizard.guide.client_commands import ANY_USER, CERTS
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Commands
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.text import shell
from tests.support.client_commands import containerd, script, typed
from tests.support.guide import session_of, through, walk
from tests.support.practice_docker import docker_engine
from tests.support.practice_world import ADMIN_PASSWORD, practice_world
from tests.support.programs import needs

WIDTHS = (40, 80, 200)  # of the terminal whose rows are pasted


@pytest.fixture(scope="module")
def session() -> Iterator[Guide]:
    with practice_world() as world:
        session = session_of(world)
        walk(session)
        yield session
        session.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: engines make sockets in it, whose paths are limited."""
    with tempfile.TemporaryDirectory(prefix="cgw-") as name:
        yield Path(name)


def group(session: Guide, *words: str) -> Commands:
    found = [g for g in session.steps.finish.commands() if all(w in g.title for w in words)]
    return next(iter(found))


def puller(session: Guide) -> tuple[str, str]:
    """Name and password of the pull user; where none was made, the administrator pulls."""
    made = session.pull_user
    return (made.username, made.password.reveal()) if made else (ADMIN, ADMIN_PASSWORD)


def run_all(session: Guide, commands: Commands, width: int, **environment: str) -> str:
    """In rows of ``width`` cells."""
    user, password = puller(session)
    told = ""
    for line in commands.lines:
        rows = "\n".join(shell.rows(line, width)).replace(ANY_USER, user)
        ended, printed = typed(rows, password, **environment)
        assert ended == 0, f"{rows}\n{printed}"
        told += printed
    return told


@needs("docker", "dockerd")
@pytest.mark.parametrize("width", WIDTHS)
def test_docker(session: Guide, folder: Path, width: int) -> None:
    with docker_engine(folder) as address:
        told = run_all(
            session,
            group(session, "docker"),
            width,
            DOCKER_HOST=address,
            DOCKER_CONFIG=f"{folder}/config",
        )
    for proof in session.proofs:
        assert proof.finished.digest in told


@needs("podman")
@pytest.mark.parametrize("width", WIDTHS)
def test_podman(session: Guide, folder: Path, width: int) -> None:
    options = "--storage-driver=vfs --cgroup-manager=cgroupfs"
    places = f"--root {folder}/root --runroot {folder}/run"
    script(folder / "bin", "podman", f'exec /usr/bin/podman {options} {places} "$@"')
    path = f"{folder}/bin:{os.environ['PATH']}"
    told = run_all(
        session,
        group(session, "podman"),
        width,
        PATH=path,
        REGISTRY_AUTH_FILE=f"{folder}/auth.json",
    )
    assert told.count("Login Succeeded!") == 2


@needs("skopeo")
@pytest.mark.parametrize("width", WIDTHS)
def test_skopeo(session: Guide, folder: Path, width: int) -> None:
    told = run_all(
        session, group(session, "skopeo"), width, REGISTRY_AUTH_FILE=f"{folder}/auth.json"
    )
    for proof in session.proofs:
        assert proof.finished.digest in told


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("password", [ADMIN_PASSWORD, "a\"b\\c $HOME %s '&|"])
def test_the_secret_of_kubernetes_is_this_login_alone(
    session: Guide, folder: Path, width: int, password: str
) -> None:
    """What kubectl gets: the login by standard input, and no password among its arguments."""
    script(folder / "bin", "kubectl", f'cat >{folder}/stdin; printf "%s\\n" "$@" >{folder}/args')
    (line,) = group(session, "Kubernetes").lines
    ended, told = typed(
        "\n".join(shell.rows(line, width)),
        password,
        PATH=f"{folder}/bin:{os.environ['PATH']}",
    )
    assert ended == 0, told
    assert password not in told
    assert (folder / "args").read_text().split() == [
        *("create", "secret", "generic", "nexus-pull"),
        "--type=kubernetes.io/dockerconfigjson",
        "--from-file=.dockerconfigjson=/dev/stdin",
    ]
    registries = [proof.reference.partition("/")[0] for proof in session.proofs]
    auths = json.loads((folder / "stdin").read_text())["auths"]
    assert list(auths) == [*registries, "cgr.dev"]
    login = base64.b64encode(f"{puller(session)[0]}:{password}".encode()).decode()
    assert all(auth == {"auth": login} for auth in auths.values())


class Proxy(NamedTuple):
    url: str
    asked: list[str]  # the first line of each request


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Stands for the way out: writes down who is asked, and answers nobody."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                with server.accept()[0] as connection:
                    asked.append(connection.recv(4096).decode(errors="replace").split("\r\n")[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield Proxy(f"http://127.0.0.1:{server.getsockname()[1]}", asked)
        server.shutdown(socket.SHUT_RDWR)


def hosts_file(session: Guide, folder: Path) -> Path:
    """As it is handed out, in a folder of the test's own in place of the system's."""
    path = folder / "certs.d" / "cgr.dev" / "hosts.toml"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(group(session, "hosts.toml").lines) + "\n")
    return path


def ctr(session: Guide, folder: Path) -> Commands:
    found = group(session, "containerd", "to try it")
    lines = tuple(line.replace(CERTS, f"{folder}/certs.d") for line in found.lines)
    return Commands(found.title, lines)


@needs("containerd", "ctr")
@pytest.mark.parametrize("width", WIDTHS)
def test_containerd_pulls_both_by_their_names_at_cgr_dev(
    session: Guide, folder: Path, proxy: Proxy, width: int
) -> None:
    hosts_file(session, folder)
    with containerd(folder) as environment:
        run_all(session, ctr(session, folder), width, HTTPS_PROXY=proxy.url, **environment)
        _, told = typed("ctr images list", "", **environment)
    for proof in session.proofs:
        assert proof.finished.digest in told
    assert proxy.asked == []


@needs("containerd", "ctr")
def test_containerd_does_not_fall_through_to_cgr_dev(
    session: Guide, folder: Path, proxy: Proxy
) -> None:
    """Neither for an image that is not there, nor for a password that Nexus refuses."""
    path = hosts_file(session, folder)
    user, password = puller(session)
    pull = ctr(session, folder).lines[0].replace(ANY_USER, user)
    absent = pull.replace("wolfi-base", "no-such-image")
    with containerd(folder) as environment:
        environment |= {"HTTPS_PROXY": proxy.url}
        assert typed(absent, password, **environment)[0] != 0
        assert typed(pull, "wrong", **environment)[0] != 0
        assert proxy.asked == []
        text = path.read_text().replace("server = ", "# ")
        path.write_text(f'server = "https://cgr.dev"\n{text}')  # as it is handed out elsewhere
        assert typed(absent, password, **environment)[0] != 0
        assert proxy.asked
        assert all(asked.startswith("CONNECT cgr.dev:443") for asked in proxy.asked)


@needs("containerd", "ctr")
def test_one_repository_for_both_is_the_only_host(folder: Path, proxy: Proxy) -> None:
    with practice_world() as world:
        session = session_of(world)
        session.steps.token.set("mode", "add")
        walk(session)
        text = hosts_file(session, folder).read_text()
        assert text.count("http://") == 2, text
        assert len({part for part in text.split('"') if part.startswith("http://")}) == 1
        with containerd(folder) as environment:
            run_all(session, ctr(session, folder), 80, HTTPS_PROXY=proxy.url, **environment)
        session.close()
    assert proxy.asked == []


def test_no_command_names_the_administrator(session: Guide) -> None:
    text = session.steps.finish.text()
    assert ADMIN not in text.split()
    assert f"--username {puller(session)[0]}" in text


def test_nothing_to_run_with_before_something_is_proved(world: PracticeWorld) -> None:
    session = session_of(world)
    through(session.steps.connect)
    assert session.steps.finish.commands() == ()
