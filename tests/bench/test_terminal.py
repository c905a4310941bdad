"""How much reaches the terminal, which may be at the end of a slow connection: bytes per second.

At 80x24 under TERM=xterm-256color, with SSH_CONNECTION set, as a user over SSH has it. Of a
pull that takes less than a second, all bytes count for one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.shapes import SHAPES
from tests.support.programs import needs
from tests.support.real_registry import OCI_LAYER, docker_registry, image, push
from tests.support.terminal import wizard
from tests.support.wizard_terminal import SSH, Line, pull_on_screen, worst_second

pytestmark = pytest.mark.bench

PULL_MOST = 8 * 1024
IDLE_MOST = 0.1 * 1024
IDLE_SECONDS = 10.0
STEP_MOST = 3 * 1024


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[str]:
    with docker_registry(folder / "registry") as url:
        yield url.removeprefix("http://")


@needs("docker-registry")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_pull_at_full_speed_is_quiet(folder: Path, host: str, shape: str) -> None:
    name = f"chainguard/{shape.replace(' ', '').lower()}"
    layers = [(data, data, OCI_LAYER) for data in map(os.urandom, SHAPES[shape])]
    push(f"http://{host}", name, image(layers=layers), "latest")
    del layers
    told, line = pull_on_screen(host, name, folder / "told.json", **SSH)
    received = line.between(told["start"], told["end"])
    seconds = told["end"] - told["start"]
    average = sum(count for _, count in received) / max(1.0, seconds)
    worst = worst_second(received)
    print(
        f"\n{shape} in {seconds:.1f} s: {average / 1024:.1f} KiB/s to the terminal,"
        f" {worst / 1024:.1f} in the worst second (at most {PULL_MOST / 1024:g})"
    )
    assert received
    assert average <= PULL_MOST
    assert worst <= PULL_MOST


def test_steps_a_paced_pull_and_an_idle_screen_are_quiet(tmp_path: Path) -> None:
    line = Line(*wizard("practice", "--speed", "1"), env={**SSH, "HOME": str(tmp_path)})
    actions = ("connect", "continue", "use port", "create", "continue", "check the token")
    steps: list[int] = []
    try:
        for action in (*actions, "create", "continue", "pull"):
            before = line.count
            line.until(f"enter {action}")
            line.read(0.5)
            steps.append(line.count - before)
            line.enter()
        line.until("left")
        seconds = 5.0
        pulling = line.read(seconds) / seconds
        line.until("enter continue")
        line.read(1.0)
        idle = line.read(IDLE_SECONDS) / IDLE_SECONDS
    finally:
        line.process.terminate(force=True)
    most = max(steps[1:])  # the first is the start
    print(f"\nfrom one Enter to the next: {most / 1024:.1f} KiB (at most {STEP_MOST / 1024:g})")
    print(f"during a paced pull: {pulling / 1024:.2f} KiB/s (at most {PULL_MOST / 1024:g})")
    print(f"of an idle screen: {idle / 1024:.3f} KiB/s (at most {IDLE_MOST / 1024:g})")
    assert most <= STEP_MOST
    assert pulling <= PULL_MOST
    assert idle <= IDLE_MOST
