"""Other people's clients pull from the practice cgr.dev and agree with it on every digest."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.practice.cgr.server import PracticeRegistry
from tests.support.practice_registry import FREE, PRIVATE, Client, sha256
from tests.support.programs import needs

Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: podman takes 50 characters at most, a socket 107."""
    with tempfile.TemporaryDirectory(prefix="cg-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def host(registry: PracticeRegistry) -> str:
    return registry.url.removeprefix("http://")


def digest(registry: PracticeRegistry, repository: str) -> str:
    client = Client(registry, registry.pull_token)
    return client.get(repository, "manifests/latest").headers["Docker-Content-Digest"]


def authfile(registry: PracticeRegistry, folder: Path) -> str:
    token = registry.pull_token
    basic = base64.b64encode(f"{token.username}:{token.password.reveal()}".encode()).decode()
    file = folder / "auth.json"
    file.write_text(json.dumps({"auths": {host(registry): {"auth": basic}}}))
    return os.fspath(file)


def run(*command: str, ok: bool = True, given: str | None = None, **environment: str) -> Ran:
    ran = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert (ran.returncode == 0) is ok, ran.stdout + ran.stderr
    return ran


@needs("skopeo")
@pytest.mark.parametrize("repository", [FREE, PRIVATE])
def test_skopeo_copies_every_byte(
    registry: PracticeRegistry, repository: str, tmp_path: Path
) -> None:
    source = f"docker://{host(registry)}/{repository}"
    target = tmp_path / "image"
    auth = [f"--authfile={authfile(registry, tmp_path)}"] if repository == PRIVATE else []
    run("skopeo", "copy", "--all", "--src-tls-verify=false", *auth, source, f"dir:{target}")
    assert sha256((target / "manifest.json").read_bytes()) == digest(registry, repository)
    seen = run("skopeo", "inspect", "--tls-verify=false", *auth, source)
    assert json.loads(seen.stdout)["Digest"] == digest(registry, repository)


@needs("skopeo")
def test_skopeo_tells_what_is_refused(registry: PracticeRegistry) -> None:
    for name, reason in (
        (PRIVATE, "unauthorized"),
        ("chainguard/python:3.13", "denied"),
        ("chainguard/static:no-such-tag", "manifest unknown"),
    ):
        source = f"docker://{host(registry)}/{name}"
        ran = run("skopeo", "inspect", "--tls-verify=false", source, ok=False)
        assert reason in ran.stderr


@needs("podman")
def test_podman_signs_in_and_pulls(registry: PracticeRegistry, short: Path) -> None:
    store = ("podman", "--storage-driver=vfs", f"--root={short}/root", f"--runroot={short}/run")
    auth = f"--authfile={short}/login.json"
    token = registry.pull_token

    def login(password: str, *, ok: bool) -> Ran:
        options = ("--tls-verify=false", auth, "-u", token.username, "--password-stdin")
        return run(*store, "login", *options, host(registry), given=password, ok=ok)

    assert "400" in login("wrong", ok=False).stderr
    login(token.password.reveal(), ok=True)
    for repository in (FREE, PRIVATE):
        run(*store, "pull", "-q", "--tls-verify=false", auth, f"{host(registry)}/{repository}")
    listed = run(*store, "images", "--digests", "--format", "{{.Repository}} {{.Digest}}").stdout
    assert set(listed.split("\n")) - {""} == {
        f"{host(registry)}/{repository} {digest(registry, repository)}"
        for repository in (FREE, PRIVATE)
    }


@contextlib.contextmanager
def docker_engine(folder: Path) -> Iterator[str]:
    """A docker daemon of this test's own; its address."""
    address = f"unix://{folder}/docker.sock"
    log = (folder / "log").open("wb")
    daemon = subprocess.Popen(
        [
            *("dockerd", "--iptables=false", "--bridge=none", "--storage-driver=vfs"),
            *(f"--data-root={folder}/data", f"--exec-root={folder}/exec"),
            *(f"--pidfile={folder}/pid", "-H", address),
        ],
        stdout=log,
        stderr=log,
    )
    try:
        deadline = time.monotonic() + 30
        info = ("docker", "-H", address, "info")
        while subprocess.run(info, check=False, capture_output=True).returncode:
            assert daemon.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        daemon.terminate()
        daemon.wait(30)
        log.close()
        # It leaves a network namespace mounted, which keeps the folder from being removed.
        leftover = f"{folder}/exec/netns/default"
        subprocess.run(["umount", leftover], check=False, capture_output=True)


@needs("dockerd", "docker")
@pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("CI"), reason="a docker daemon needs root here"
)
def test_docker_pulls_and_runs(registry: PracticeRegistry, short: Path) -> None:
    token = registry.pull_token
    with docker_engine(short) as address:

        def docker(*command: str, ok: bool = True, given: str | None = None) -> Ran:
            config = os.fspath(short / "config")
            return run("docker", "-H", address, *command, ok=ok, given=given, DOCKER_CONFIG=config)

        def login(password: str, *, ok: bool) -> Ran:
            options = ("-u", token.username, "--password-stdin", host(registry))
            return docker("login", *options, given=password, ok=ok)

        private = f"{host(registry)}/{PRIVATE}"
        # The words that people find in issues about the real registry.
        assert "unauthorized" in docker("pull", private, ok=False).stderr
        assert "unknown: keys have expired" in login("wrong", ok=False).stderr
        login(token.password.reveal(), ok=True)
        for repository in (FREE, PRIVATE):
            pulled = docker("pull", f"{host(registry)}/{repository}").stdout
            assert f"Digest: {digest(registry, repository)}" in pulled
        if platform.machine() == "x86_64":
            said = docker("run", "--rm", "--network=host", f"{host(registry)}/{FREE}").stdout
            assert said == f"Hello from the practice image {FREE}\n"
