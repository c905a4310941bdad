"""Undo from Finish, in a real terminal: asked first, then everything that was made is gone."""

from __future__ import annotations

from tests.support.programs import needs
from tests.support.terminal import Terminal, take_away, wizard

pytestmark = needs("tmux")


def test_what_was_made_can_be_taken_back_from_finish() -> None:
    with Terminal(*wizard("practice", "--speed", "full"), height=40) as terminal:
        for action in ("connect", "continue", "use port", "create chainguard", "continue"):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        terminal.until("skip")
        terminal.keys("F7")
        terminal.until("enter pull")
        terminal.keys("Enter")
        terminal.until("enter continue")
        terminal.keys("Enter")
        terminal.until("✓ verified", "f8 undo")
        terminal.keys("F8")
        screen = terminal.until("enter keep everything", "f8 undo this")
        assert "chainguard" in screen
        terminal.keys("Enter")  # keeps it
        terminal.until("enter done", "f8 undo")
        terminal.keys("F8")
        take_away(terminal, "undo this")
        terminal.until("✓ ok", "remove", "enter done")
