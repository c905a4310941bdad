"""How long a user waits for the wizard: as ratios, both sides alternating in one run.

`cgwizard --version` beside ``python -c pass``, and the first paint of `cgwizard practice` beside
that of a Textual application that shows one line. First paint is when a heading's text has
arrived at the terminal, counted from starting the process; both are stopped right then.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

BIN = Path(sys.executable).parent
ROUNDS = 15
VERSION_MOST = 3.0
PAINT_MOST = 1.6
SECONDS = 30.0
HEADING = "Connect to Nexus"

EMPTY = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Nothing to see here")

Empty().run()
"""

_CODES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|.)")


def compare(measure: Callable[[], float], beside: Callable[[], float]) -> tuple[float, float]:
    """Medians in seconds of both, which take turns so that the machine's moods hit both alike."""
    measure(), beside()  # what the first run compiles and reads is not what a user meets daily
    pairs = [(measure(), beside()) for _ in range(ROUNDS)]
    one, other = zip(*pairs, strict=True)
    return statistics.median(one), statistics.median(other)


def report(what: str, one: float, beside: str, other: float, most: float) -> float:
    ratio = one / other
    print(
        f"\n{what}: {ratio:.2f} times {beside} (at most {most:g});"
        f" medians of {ROUNDS}: {one * 1000:.0f} ms and {other * 1000:.0f} ms"
    )
    return ratio


def until_exit(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def until_shown(command: Sequence[str], text: str, env: dict[str, str]) -> float:
    """Seconds until ``text`` arrived at an 80x24 terminal."""
    wanted = text.encode()
    start = time.perf_counter()
    process = PtyProcess.spawn(list(command), dimensions=(24, 80), env=env)
    try:
        received = b""
        while wanted not in _CODES.sub(b"", received):
            received += process.read(65536)
            assert time.perf_counter() - start < SECONDS
        return time.perf_counter() - start
    finally:
        process.terminate(force=True)


@pytest.mark.bench
def test_version() -> None:
    one, other = compare(
        lambda: until_exit([str(BIN / "cgwizard"), "--version"]),
        lambda: until_exit([sys.executable, "-c", "pass"]),
    )
    assert report("cgwizard --version", one, "python -c pass", other, VERSION_MOST) <= VERSION_MOST


@pytest.mark.bench
def test_first_paint(tmp_path: Path) -> None:
    empty = tmp_path / "empty.py"
    empty.write_text(EMPTY)
    env = {
        **os.environ,
        "TERM": "xterm-256color",
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "TMPDIR": str(tmp_path),  # what a process that is stopped cannot tidy up
    }
    one, other = compare(
        lambda: until_shown([str(BIN / "cgwizard"), "practice"], HEADING, env),
        lambda: until_shown([sys.executable, str(empty)], "Nothing to see here", env),
    )
    ratio = report("cgwizard practice, first paint", one, "an empty Textual app", other, PAINT_MOST)
    assert ratio <= PAINT_MOST
