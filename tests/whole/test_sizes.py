"""Terminals of every size, and sizes that change while the wizard runs."""

from __future__ import annotations

import pytest

from tests.support.programs import needs
from tests.support.terminal import Terminal, main_action, to_finish, wizard

pytestmark = needs("tmux")

SAME = 8  # looks at a screen, after which it is taken to stay
STORM = [(1, 1), (40, 12), (200, 60), (3, 24), (80, 2), (120, 40), (39, 11), (41, 13)]


def told_size(terminal: Terminal, width: int, height: int) -> None:
    """Wait until the screen was drawn for this size."""
    small = width < 40 or height < 12

    def drawn(screen: str) -> bool:
        if small:
            said = "".join(screen.split())
            wanted = f"{width}x{height}istoosmall:cgwizardneeds40x12."
            return said.startswith(wanted[: width * height])
        lines = screen.rstrip("\n").split("\n")
        return "too small" not in screen and len(lines) == height

    terminal.until_true(drawn, f"drawn for {width}x{height}")


def settled(terminal: Terminal) -> str:
    """The screen, as soon as it no longer changes."""
    seen: list[str] = []

    def same(screen: str) -> bool:
        seen.append(screen)
        return len(seen) >= SAME and len(set(seen[-SAME:])) == 1

    return terminal.until_true(same, "a screen that stays as it is")


def storm(terminal: Terminal) -> None:
    for width, height in STORM:
        terminal.resize(width, height)
        if (width, height) in {(1, 1), (40, 12), (200, 60)}:
            told_size(terminal, width, height)  # the others may be over before they are seen
    terminal.resize(80, 24)
    told_size(terminal, 80, 24)


def test_a_storm_of_sizes_at_each_step_leaves_the_screen_as_it_was() -> None:
    with Terminal(*wizard("practice", "--speed", "full")) as terminal:
        for action, _ in to_finish(terminal):
            screen = settled(terminal)
            storm(terminal)
            terminal.until_true(
                lambda now, was=screen: now == was,  # type: ignore[misc]
                f"the screen of {action!r} again:\n{screen}",
            )
        terminal.keys("F1")
        terminal.until("What was made in Nexus", "esc back")
        help = settled(terminal)
        storm(terminal)
        terminal.until_true(lambda now: now == help, "help again")
        terminal.keys("Escape")
        terminal.until("enter done")
        terminal.keys("F2")
        terminal.until("enter look again")
        storm(terminal)
        terminal.until("enter look again")
        terminal.keys("Escape")
        terminal.until("enter done")
        terminal.keys("Enter")
        terminal.until("EXIT 0")


def test_a_storm_of_sizes_while_layers_arrive_disturbs_nothing() -> None:
    with Terminal(*wizard("practice", "--speed", "2")) as terminal:
        for action, _ in to_finish(terminal):
            if action == "pull":
                break
        terminal.keys("Enter")
        terminal.until("total", "%")
        storm(terminal)
        terminal.until("total", "%", "running")
        storm(terminal)
        terminal.until("Both pulls are verified", "enter continue")
        screen = settled(terminal)
        terminal.keys("C-l")  # draws the whole screen again
        terminal.until_true(lambda now: now == screen, "the same when drawn again")
        assert screen.count("✓ ok") == 12


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (120, 40)])
def test_the_whole_guide_at_other_sizes_by_what_the_screens_say(size: tuple[int, int]) -> None:
    width, height = size
    command = wizard("practice", "--speed", "full")
    with Terminal(*command, width=width, height=height) as terminal:
        for _, first in to_finish(terminal):
            screen = first
            lines = screen.rstrip("\n").split("\n")
            assert len(lines) == height, "the bottom line says what Enter does"
            assert "cgwizard" in lines[0]
            if width < 100:
                assert "/6" in lines[0] or " · " in lines[0] or "6 Finish" in lines[0]
            while "pgdn more" in screen:
                terminal.keys("NPage")
                screen = terminal.until_true(
                    lambda now, was=screen: now != was,  # type: ignore[misc]
                    f"more than this:\n{screen}",
                )
        terminal.keys("Enter")
        terminal.until("EXIT 0")


def test_too_small_a_terminal_says_so_and_confirms_nothing() -> None:
    with Terminal(*wizard("practice"), width=39, height=24) as terminal:
        terminal.until("39x24 is too small: cgwizard needs", "40x12.", "ctrl+q quits")
        terminal.keys("Enter")
        terminal.keys("x")
        terminal.resize(38, 24)  # what was typed has been read by the time this is drawn
        terminal.until("38x24 is too small")
        terminal.resize(80, 24)
        screen = terminal.until("enter connect")
        assert main_action(screen) == "connect", "Enter was not taken unseen"
        terminal.resize(80, 11)
        terminal.until("80x11 is too small")
        terminal.keys("C-q")
        terminal.until("EXIT 130")
