"""The screens while layers arrive: what dies, what is suspended, what is canceled."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.terminal import Wire, wizard

# At the letter ! the thread that reads the keys dies.
DYING = """
import os, sys
from cgwizard import cli
read = os.read
def broken(descriptor, size):
    data = read(descriptor, size)
    if data == b"!":
        raise MemoryError("on purpose")
    return data
os.read = broken
sys.argv = ["cgwizard", "practice"]
cli.main()
"""
TO_THE_PULL = (
    *("connect", "continue", "use port", "create chainguard", "continue", "check the token"),
    *("create these 3", "continue", "pull"),
)


def start_pull(wire: Wire) -> None:
    for action in TO_THE_PULL:
        wire.until(f"enter {action}")
        wire.keys("Enter")
    wire.until("Pulling chainguard/wolfi-base", "esc cancel")


def test_an_input_that_dies_is_a_crash_also_then(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Wire(sys.executable, "-c", DYING, env=env) as wire:
        start_pull(wire)
        wire.send(b"!")
        assert wire.exit_code() == 1
        screen = wire.screen()
        assert "it stopped by an error of its own (MemoryError)" in screen
        assert "Traceback" not in screen
        assert wire.received.rindex(b"\x1b[?1049l") > wire.received.rindex(b"\x1b[?1049h")
        assert list(tmp_path.rglob("crashes/*.txt"))


def test_what_is_canceled_says_so_and_is_done_again(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Wire(*wizard("practice"), env=env) as wire:
        start_pull(wire)
        wire.keys("Escape")
        wire.until("Canceled", "enter pull")
        wire.keys("Enter")
        wire.until("Both pulls are verified", "enter continue")
        wire.keys("C-q")
        assert wire.exit_code() == 130


def test_it_is_suspended_and_goes_on(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "PS1": "shell> "}
    with Wire("bash", "--norc", "--noprofile", "-i", env=env) as wire:
        wire.until("shell>")
        wire.send(" ".join(wizard("practice")).encode() + b"\r")
        start_pull(wire)
        wire.keys("C-z")
        wire.until_true(lambda s: "Stopped" in s and "shell>" in s, "the shell")
        wire.send(b"fg\r")
        wire.until("Both pulls are verified", "enter continue")
        wire.keys("C-q")
        wire.until("shell>")
