"""Copying from Finish: what arrives, what the screen says about it, and the file beside it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engines import short_folder
from tests.support.programs import needs
from tests.support.terminal import Terminal, wizard

pytestmark = needs("tmux")

FILE = "cgwizard-commands.txt"
BY_TMUX = "Sent to tmux's buffer; paste there with prefix ]."
BY_TERMINAL = "Sent to the terminal, which may or may not take it."


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a name so short that the screen does not fold it."""
    with short_folder() as made:
        yield made


def at_finish(folder: Path, *before: str) -> Terminal:
    """The practice guide at its last step, started in ``folder`` by the command ``before``."""
    start = ("env", "-C", str(folder), *before, *wizard("practice", "--speed", "full"))
    terminal = Terminal(*start, width=98, height=60)
    for action in ("connect", "continue", "use port", "create chainguard", "continue"):
        terminal.until(f"enter {action}")
        terminal.keys("Enter")
    terminal.until("skip")
    terminal.keys("F7")
    for action in ("pull", "continue"):
        terminal.until(f"enter {action}")
        terminal.keys("Enter")
    terminal.until("✓ verified", "enter done", "f5 copy")
    return terminal


def copied(terminal: Terminal) -> str | None:
    """What is in tmux's buffer; None when tmux has no buffer."""
    try:
        return terminal._tmux("show-buffer")
    except subprocess.CalledProcessError:
        return None


def said(screen: str) -> str:
    """The screen as one line: long sentences are folded at its edge."""
    return " ".join(screen.replace("▌", " ").split())


def until_said(terminal: Terminal, text: str) -> None:
    terminal.until_true(lambda screen: all(word in said(screen) for word in text.split()), text)


def test_through_tmux_it_is_in_its_buffer_and_in_a_file(folder: Path) -> None:
    with at_finish(folder) as terminal:
        terminal.keys("F5")
        until_said(terminal, BY_TMUX)
        terminal.until("saved the commands", FILE, "enter done")
        text = copied(terminal)
        path = folder / FILE
        assert text == path.read_text()
        assert "docker pull 127.0.0.1:" in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert str(path) in terminal.screen()
        terminal.keys("F5")  # the same again is in the same file

        def left(screen: str) -> bool:
            if "EXIT 0" not in screen:
                terminal.keys("Enter")  # not heard while it saves
            return "EXIT 0" in screen

        terminal.until_true(left, "the end")
    assert [p.name for p in folder.iterdir()] == [FILE]


@pytest.mark.parametrize("takes", ["on", "off"])
def test_by_the_escape_sequence_no_more_is_claimed_than_is_known(folder: Path, takes: str) -> None:
    with at_finish(folder, "env", "-u", "TMUX") as terminal:
        terminal._tmux("set", "-s", "set-clipboard", takes)
        terminal.keys("F5")
        until_said(terminal, BY_TERMINAL)
        terminal.until("saved the commands", FILE, "enter done")
        expected = (folder / FILE).read_text()
        assert copied(terminal) == (expected if takes == "on" else None)


def test_a_tmux_that_does_not_answer_leaves_the_screen_alone(folder: Path) -> None:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "tmux").write_text("#!/bin/sh\necho noise of tmux; echo noise >&2; exit 1\n")
    (programs / "tmux").chmod(0o755)
    path = f"PATH={programs}:{os.environ['PATH']}"
    with at_finish(folder, "env", path) as terminal:
        terminal.keys("F5")
        until_said(terminal, BY_TERMINAL)
        screen = terminal.until("saved the commands", "enter done")
        assert "noise" not in screen


def test_where_no_file_can_be_made_that_is_told_and_the_copy_is_there() -> None:
    with at_finish(Path("/proc")) as terminal:
        terminal.keys("F5")
        until_said(terminal, BY_TMUX)
        terminal.until("✗ problem", f"/proc/{FILE}", "next")
        assert "docker pull 127.0.0.1:" in (copied(terminal) or "")
