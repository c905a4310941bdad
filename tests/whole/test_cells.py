"""What a real terminal shows, to the last cell, beside a whole redraw of the same screen."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import needs
from tests.support.terminal import POLL_SECONDS, SECONDS, Terminal
from tests.support.terminal_cells import Cell, Cells
from tests.support.wizard_terminal import SSH

pytestmark = needs("tmux")

SIZES = [(100, 30), (50, 14), (80, 24)]

# The wizard in practice; at F12 it leaves what Textual would write for the whole screen.
WIZARD = """
import os, sys
from pathlib import Path
from textual.binding import Binding
from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.world import PracticeWorld

folder = Path(sys.argv[1])

class Telling(Wizard):
    BINDINGS = [Binding("f12", "tell", priority=True)]

    def action_tell(self):
        whole = self.screen._compositor.render_full_update().render_segments(self.console)
        (folder / "new").write_text(whole)
        (folder / "new").rename(folder / "whole")

(folder / "pid").write_text(str(os.getpid()))
with PracticeWorld(speed=4e6) as world:
    Telling(Guide(practice=world.info, start_practice=world.start)).run(mouse=False)
"""


class Seen(Terminal):
    """A terminal whose cells can be looked at."""

    def __init__(self, *command: str, folder: Path) -> None:
        super().__init__(*command, env=SSH)
        self._folder = folder
        self._size = (80, 24)
        self._tty = self._tmux("display", "-p", "#{pane_tty}").strip()

    def resize(self, width: int, height: int) -> None:
        super().resize(width, height)
        self._size = (width, height)
        # tmux tells the program of a second change in a row only after a while.
        with Path(self._tty).open() as tty:
            self.until_true(
                lambda _: os.get_terminal_size(tty.fileno()) == self._size, f"{self._size}"
            )

    def cells(self) -> list[list[Cell]]:
        cells = Cells(*self._size)
        cells.feed(self._tmux("capture-pane", "-p", "-e", "-N").rstrip("\n").replace("\n", "\r\n"))
        return cells.shown()

    def whole(self) -> list[list[Cell]]:
        """What a whole redraw of Textual's would show now."""
        self.keys("F12")
        found = self._folder / "whole"
        deadline = time.monotonic() + SECONDS
        while not found.exists():
            assert time.monotonic() < deadline, self.screen()
            time.sleep(POLL_SECONDS)
        cells = Cells(*self._size)
        cells.feed(found.read_text())
        found.unlink()
        return cells.shown()

    def settles(self) -> None:
        """Both show the same, at once or as soon as what is under way was drawn."""
        deadline = time.monotonic() + SECONDS
        while (shown := self.cells()) != (wanted := self.whole()):
            if time.monotonic() > deadline:
                pairs = zip(shown, wanted, strict=True)
                told = (f"{_text(is_)}\n{_text(to_be)}" for is_, to_be in pairs if is_ != to_be)
                raise AssertionError("\n".join(told))

    def sizes(self) -> None:
        for width, height in SIZES:
            self.resize(width, height)
            self.settles()

    def write_over(self, text: str) -> None:
        Path(self._tty).write_text(text)


def _text(row: list[Cell]) -> str:
    return "".join(cell[0] for cell in row)


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Seen]:
    with Seen(sys.executable, "-c", WIZARD, str(tmp_path), folder=tmp_path) as terminal:
        terminal.until("enter connect")
        yield terminal


def test_every_step_shows_what_a_whole_redraw_would(seen: Seen) -> None:
    seen.settles()
    seen.sizes()
    actions = ("connect", "continue", "use port", "create", "continue", "check the token", "create")
    for action in (*actions, "continue", "pull"):
        seen.until(f"enter {action}")
        seen.settles()
        seen.keys("F1")
        seen.until("esc")
        seen.settles()
        seen.keys("Escape")
        seen.until(f"enter {action}")
        seen.keys("Enter")
    seen.until("left")  # it pulls
    seen.resize(70, 20)
    seen.resize(80, 24)
    seen.until("enter continue")
    seen.settles()
    seen.sizes()
    seen.keys("Enter")
    seen.until("6 Finish")
    seen.settles()
    seen.sizes()


def test_a_size_that_comes_back_before_it_was_seen(seen: Seen, tmp_path: Path) -> None:
    # A terminal made smaller loses what is outside, also when it is large again at once.
    process = int((tmp_path / "pid").read_text())
    seen.settles()
    os.kill(process, signal.SIGSTOP)
    seen.resize(50, 14)
    seen.resize(80, 24)
    assert "ctrl+p menu" not in seen.screen()
    os.kill(process, signal.SIGCONT)
    seen.until("ctrl+p menu")
    seen.settles()


def test_a_stop_and_what_was_written_meanwhile(seen: Seen, tmp_path: Path) -> None:
    process = int((tmp_path / "pid").read_text())
    os.kill(process, signal.SIGTSTP)
    seen.until_true(lambda screen: "enter connect" not in screen, "the wizard stopped")
    seen.write_over("\x1b[2J\x1b[5;5Hsomething else\r\n")
    os.kill(process, signal.SIGCONT)
    seen.until("enter connect")
    seen.settles()


def test_ctrl_l_writes_all_again_after_others_wrote_over_it(seen: Seen) -> None:
    seen.settles()
    seen.write_over("\x1b[8;10H\x1b[7mthe system is going down\x1b[m\x1b[24;1H\x1b[K")
    seen.until("the system is going down")
    assert seen.cells() != seen.whole()
    seen.keys("C-l")
    seen.until("enter connect")
    seen.settles()
