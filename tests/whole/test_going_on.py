"""The command itself, live and without a terminal: cut off, resumed, undone, forgotten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cgwizard.errors import ExitCode
from cgwizard.nexus.client import NexusClient
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials
from tests.conftest import leaks
from tests.support.front_ends import NO_NETWORK

COMMAND = str(Path(sys.executable).parent / "cgwizard")
# No engine answers: the menu of Connect is the same on every machine.
NO_ENGINE = {"DOCKER_HOST": "unix:///none/docker.sock", "CONTAINER_HOST": "unix:///none/p.sock"}


def command(*arguments: str, typed: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *arguments], check=False, capture_output=True, text=True, timeout=120,
        input=typed, env={**os.environ, **NO_ENGINE, **NO_NETWORK, **env},
    )  # fmt: skip
    assert not leaks((done.stdout + done.stderr).encode())
    assert "\x1b" not in done.stdout
    return done


@pytest.fixture
def state(own_folders: Path) -> Path:
    return own_folders / "state" / "cgwizard"


def test_cut_off_gone_on_with_undone_and_forgotten(world: PracticeWorld, state: Path) -> None:
    password = world.info.password.reveal()
    connect = f"{world.info.nexus_url}\nadmin\n{password}\n\n"  # kept in memory
    cut = command("--plain", typed=f"{connect}\n\n\n\n\n")
    assert cut.returncode == ExitCode.UNFINISHED, cut.stdout + cut.stderr
    assert "created chainguard" in cut.stdout

    later = command("--plain", typed=f"1\n\n\n{password}\n\nskip\n\n\n\n")
    assert later.returncode == ExitCode.DONE, later.stdout + later.stderr
    assert "A run did not come to its end" in later.stdout
    assert "Step 2 of " not in later.stdout, "what is done is not asked again"
    assert "chainguard/wolfi-base:latest sha256:" in later.stdout

    assert "did not come to its end" not in command("--plain", typed="").stdout

    undone = command("undo", "--yes", "--password-from", "env:PW", PW=password)
    assert undone.returncode == 0, undone.stderr
    assert "removed chainguard" in undone.stdout
    with NexusClient(world.info.nexus_url, Credentials("admin", world.info.password)) as client:
        assert client.docker_proxy("chainguard") is None

    assert list((state / "runs").iterdir()) != []
    forgotten = command("forget", "--yes")
    assert forgotten.returncode == 0, forgotten.stderr
    assert list((state / "runs").iterdir()) == []
    assert command("forget", "--yes").stdout == "There is nothing to forget.\n"


def test_the_keyring_is_emptied_too(state: Path, tmp_path: Path) -> None:
    """With a keyring of its own kind: one in a file of this test."""
    (tmp_path / "filering.py").write_text(RING)
    env = {
        "PYTHON_KEYRING_BACKEND": "filering.Ring",
        "PYTHONPATH": str(tmp_path),
        "RING": str(tmp_path / "ring.json"),
    }
    code = (
        "from cgwizard.secrets import keyring as keyrings\n"
        "from cgwizard.secrets.secret import Credentials, Secret\n"
        "from cgwizard.secrets.store import packed\n"
        "keyrings.save('nexus-password', 'admin@https://n', Secret('x1'))\n"
        "keyrings.save('pull-token', 'cgr.dev', packed(Credentials('u', Secret('x2'))))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **env}, timeout=60)
    assert "x1" in (tmp_path / "ring.json").read_text()
    shown = command("forget", "--dry-run", **env)
    assert "the nexus password of admin@https://n" in shown.stdout
    assert "the pull token of cgr.dev" in shown.stdout
    assert command("forget", **env).returncode == ExitCode.USAGE, "nobody is there to ask"
    assert command("forget", "--yes", **env).stdout.endswith("2 removed.\n")
    assert (tmp_path / "ring.json").read_text() == "{}"


RING = """
import json, os, pathlib
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

class Ring(KeyringBackend):
    priority = 9
    path = pathlib.Path(os.environ["RING"])
    def _all(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}
    def get_password(self, service, username):
        return self._all().get(service + "|" + username)
    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({**self._all(), service + "|" + username: password}))
    def delete_password(self, service, username):
        found = self._all()
        if found.pop(service + "|" + username, None) is None:
            raise PasswordDeleteError(username)
        self.path.write_text(json.dumps(found))
"""
