"""A trial Nexus from Connect, in a real terminal: started by Docker, then walked through."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.support.nexus_image import bridge, docker_daemon, push_nexus_images
from tests.support.ports import free_port
from tests.support.practice_docker import debian_registry
from tests.support.programs import needs
from tests.support.terminal import Terminal, wizard

pytestmark = needs("tmux", "docker-registry", "dockerd", "runc")


def replace(terminal: Terminal, old: str, new: str) -> None:
    """In the field that has the focus."""
    terminal.keys("C-u")
    # Of the form, that is: what will be run shows the default while a field is empty.
    form = "Start a Nexus"
    terminal.until_true(
        lambda screen: (
            old not in screen.partition(form)[2].partition("\n\n\n")[0].split("docker")[0]
        ),
        f"{old!r} to be gone",
    )
    terminal.type(new)
    terminal.until(new)


def test_from_nothing_to_a_created_repository() -> None:
    nexus, connector = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory(prefix="cgw-", ignore_cleanup_errors=True) as name,
        bridge() as network,
    ):
        if not network:
            pytest.skip("this machine allows no bridge, without which ports are not published")
        folder = Path(name)
        (folder / "images").mkdir()
        with (
            debian_registry(folder / "images") as registry,
            docker_daemon(folder, network) as address,
        ):
            push_nexus_images(registry, "practice/nexus3", latest={})
            image = f"{registry.removeprefix('http://')}/practice/nexus3:latest"
            env = {
                **os.environ,
                "DOCKER_HOST": address,
                "CONTAINER_HOST": f"unix://{folder}/nobody.sock",
                "HOME": name,
            }
            with Terminal(*wizard(), env=env, height=30) as terminal:
                terminal.until("Nexus URL", "ctrl+n trial Nexus")
                terminal.keys("C-n")
                terminal.until("sonatype/nexus3", "enter ")
                screen = terminal.screen()
                assert "docker run -d" in screen, "what will be run is shown first"
                terminal.keys("Tab")
                terminal.until_true(
                    lambda s: "Image" in s.split("\n")[terminal.cursor()[1]], "a cursor in Image"
                )
                replace(terminal, "sonatype/nexus3", image)
                terminal.keys("Tab", "Tab")
                replace(terminal, "8081", str(nexus))
                terminal.keys("Tab")
                replace(terminal, "5051, 5052", str(connector))
                terminal.keys("Enter")
                terminal.until(f"127.0.0.1:{nexus}", "•••", "enter connect", seconds=90)
                terminal.keys("Enter")
                # A fresh Community Edition: nothing is served before a user accepts.
                terminal.until("signed in as admin", "End User License Agreement", "enter accept")
                terminal.keys("Enter")
                terminal.until("license agreement is accepted", "enter continue")
                terminal.keys("Enter")
                screen = terminal.until(f"use port {connector}", "Nexus runs in the container")
                terminal.keys("Enter")
                terminal.until("enter create chainguard")
                terminal.keys("Enter")
                terminal.until("created chainguard", f"answers at 127.0.0.1:{connector}")
