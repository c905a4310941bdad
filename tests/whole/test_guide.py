"""The wizard in a real terminal, by keys alone, as a user meets it."""

from __future__ import annotations

import re

import pytest

from tests.conftest import leaks
from tests.support.programs import needs
from tests.support.terminal import Terminal, next_action, wizard

pytestmark = needs("tmux")

MAX_ENTERS = 12


def main_action(screen: str) -> str:
    """What Enter does now: the beginning of the bottom line; empty while it works."""
    lines = screen.rstrip("\n").split("\n")
    found = re.match(r"\s*enter (.+?)(?:  |$)", lines[-1] if lines else "")
    return found.group(1) if found else ""


def test_enter_alone_completes_the_guide_with_both_pulls_verified() -> None:
    with Terminal(*wizard("practice")) as terminal:
        enters, proved = 0, False
        terminal.until("Connect to Nexus", "enter connect")
        while "done, leave" not in (action := main_action(terminal.screen())):
            proved |= "✓ ok      restricted to those with the role" in terminal.screen()
            terminal.keys("Enter")
            enters += 1
            assert enters <= MAX_ENTERS, terminal.screen()
            next_action(terminal, action)
        screen = terminal.screen()
        assert screen.count("verified") == 2, screen
        assert re.search(r"✓ verified +127\.0\.0\.1:\d+/chainguard/wolfi-base:latest", screen)
        assert re.search(r"✓ verified +127\.0\.0\.1:\d+/example\.com/chainguard-base", screen)
        assert screen.count("sha256:") == 2
        assert enters < MAX_ENTERS
        assert proved, "the test pull says that it is restricted"
        terminal.keys("Enter")
        left = terminal.until("EXIT 0")
        assert left.count("verified") == 2, "what was proved stays when the screens are gone"


def test_the_steps_stay_in_sight_and_nothing_is_cut_at_80x24() -> None:
    with Terminal(*wizard("practice", "--speed", "full")) as terminal:
        screen = terminal.until("enter connect")
        assert "1 Connect · 2 3 4 5 6" in screen
        assert "ctrl+p menu" in screen
        terminal.keys("Enter")
        terminal.until("enter continue")
        terminal.keys("Enter")
        screen = terminal.until("2 Choose a free port", "enter use port")
        assert "✓ 2 Choose a free port · 3 4 5 6" in screen
        assert all(len(line) <= 80 for line in screen.split("\n"))


def test_a_wide_terminal_has_the_steps_at_the_side() -> None:
    with Terminal(*wizard("practice"), width=120, height=40) as terminal:
        terminal.until("1 Connect", "2 Choose a free port", "6 Finish", "enter connect")
        terminal.resize(80, 24)
        terminal.until("1 Connect · 2 3 4 5 6")
        terminal.resize(120, 40)
        terminal.until("5 Test pull")


def test_escape_goes_back_and_loses_nothing() -> None:
    with Terminal(*wizard("practice")) as terminal:
        terminal.until("enter connect")
        terminal.keys("Enter")
        terminal.until("enter continue")
        terminal.keys("Enter")
        terminal.until("enter use port")
        terminal.keys("Tab")
        terminal.keys("C-u")
        terminal.until("127.0.0.1:PORT/")  # Textual runs keys' actions behind letters typed at once
        terminal.type("5077")
        terminal.until("use port 5077")
        terminal.keys("Escape")
        terminal.until("1 Connect · 2", "enter continue")
        terminal.keys("Enter")
        terminal.until("use port 5077", "5077")


def test_help_opens_and_closes_on_every_way() -> None:
    with Terminal(*wizard("practice")) as terminal:
        terminal.until("enter connect")
        terminal.keys("F1")
        terminal.until("The wizard signs in to Nexus Repository 3")
        terminal.keys("Escape")
        terminal.until("enter connect")


def test_live_the_first_empty_field_has_the_focus() -> None:
    command = wizard("http://127.0.0.1:9", "--user", "deploy")
    with Terminal(*command) as t:
        screen = t.until("http://127.0.0.1:9", "deploy")
        row = next(i for i, line in enumerate(screen.split("\n")) if "Password" in line)
        t.until_true(lambda _screen: t.cursor()[1] == row, "the cursor in the password field")
        t.type("otter-harbour-42")
        screen = t.until("••••", "enter connect")  # it has looked what there is, and hears Enter
        assert not leaks(screen.encode())
        t.keys("Enter")
        screen = t.until("problem", "tried", "came back", "likely", "next")
        assert "refused" in screen
        assert "deploy" in screen, "what was typed is kept"
        assert not leaks(screen.encode())


@pytest.mark.parametrize("name", ["xterm-256color", "screen", "linux", "vt100"])
def test_every_terminal_shows_the_first_screen(name: str) -> None:
    with Terminal("env", f"TERM={name}", *wizard("practice")) as terminal:
        terminal.until("Connect to Nexus", "enter connect")
        terminal.keys("C-q")
        terminal.until("EXIT 130")


def test_without_color_states_have_words() -> None:
    with Terminal("env", "NO_COLOR=1", *wizard("practice")) as terminal:
        terminal.until("enter connect")
        terminal.keys("Enter")
        terminal.until("✓ ok", "enter continue")
