"""How much reaches the terminal, which may be at the end of a slow line: bytes per second.

At 80x24 under TERM=xterm-256color, with SSH_CONNECTION set, as a person over SSH has it.
"""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pyte
import pytest
from ptyprocess import PtyProcess

from tests.helpers_terminal import wizard

pytestmark = pytest.mark.bench

PULL_MOST = 8 * 1024
IDLE_MOST = 0.1 * 1024
IDLE_SECONDS = 10.0
SECONDS = 60.0


class Line:
    """A pty with the wizard at its far end; counts what comes over it."""

    def __init__(self, *command: str, home: Path) -> None:
        env = {**os.environ, "TERM": "xterm-256color", "HOME": str(home)}
        env["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 22"
        self.process = PtyProcess.spawn(list(command), dimensions=(24, 80), env=env)
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)

    def read(self, seconds: float) -> int:
        """Read for so long; returns the number of bytes."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            if select.select([self.process.fd], [], [], left)[0]:
                received = self.process.read(65536)
                self._stream.feed(received)
                count += len(received)
        return count

    def until(self, text: str) -> None:
        end = time.monotonic() + SECONDS
        while text not in (shown := "\n".join(self.screen.display)):
            self.read(0.05)
            assert time.monotonic() < end, shown

    def enter(self) -> None:
        self.process.write(b"\r")


def test_a_pull_and_an_idle_screen_are_quiet(tmp_path: Path) -> None:
    line = Line(*wizard("practice", "--speed", "1"), home=tmp_path)
    try:
        first = ("connect", "continue", "use port", "create", "continue")
        for action in (*first, "check the token", "create", "continue", "pull"):
            line.until(f"enter {action}")
            line.enter()
        line.until("left")
        seconds = 5.0
        pulling = line.read(seconds) / seconds
        line.until("enter continue")
        line.read(1.0)
        idle = line.read(IDLE_SECONDS) / IDLE_SECONDS
    finally:
        line.process.terminate(force=True)
    print(f"\nto the terminal during a pull: {pulling / 1024:.2f} KiB/s (at most 8)")
    print(f"to the terminal of an idle screen: {idle / 1024:.3f} KiB/s (at most 0.1)")
    assert pulling <= PULL_MOST
    assert idle <= IDLE_MOST
