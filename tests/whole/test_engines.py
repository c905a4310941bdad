"""The test pull by a container engine, live on the wizard's screen in a real terminal."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.engines import podman_engine
from tests.support.practice_docker import docker_engine
from tests.support.programs import needs
from tests.support.terminal import Terminal, wizard

pytestmark = needs("tmux")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: engines make sockets in it, whose paths are limited."""
    with tempfile.TemporaryDirectory(prefix="cgw-") as name:
        yield Path(name)


def pull_by(name: str, variable: str, engine: AbstractContextManager[str]) -> None:
    with engine as address:
        env = {variable: address}
        with Terminal(*wizard("practice"), env=env, height=30) as terminal:
            for action in ("connect", "continue", "use port", "create chainguard", "continue"):
                terminal.until(f"enter {action}")
                terminal.keys("Enter")
            terminal.until("skip")
            terminal.keys("F7")
            screen = terminal.until("Pulled by", "● this wizard", f"○ {name}", "enter pull")
            terminal.keys("Tab", "Tab", "Tab")
            terminal.keys("Right")
            terminal.until(f"● {name}", f"{name} keeps the images")
            terminal.keys("Enter")
            terminal.until("━", "linux/")  # podman tells blobs, but counts no bytes
            screen = terminal.until("same digest at cgr.dev", "not refetched", "enter continue")
            assert "✓ ok      pulled chainguard/wolfi-base" in screen
            terminal.keys("Enter")
            terminal.until("✓ verified", "docker login")
        if name == "docker":
            listed = subprocess.run(
                ["docker", "-H", address, "images"], check=True, capture_output=True, text=True
            )
            assert "chainguard/wolfi-base" in listed.stdout, "it is the engine that has it"


@needs("docker", "dockerd")
def test_docker_pulls_live(folder: Path) -> None:
    pull_by("docker", "DOCKER_HOST", docker_engine(folder))


@needs("podman")
def test_podman_pulls_live(folder: Path) -> None:
    pull_by("podman", "CONTAINER_HOST", podman_engine(folder))
