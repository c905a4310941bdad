"""Undo from Finish, in a real terminal: asked first, then everything that was made is gone."""

from __future__ import annotations

from tests.support.programs import needs
from tests.support.terminal import Terminal, wizard

pytestmark = needs("tmux")


def test_what_was_made_can_be_taken_back_from_finish() -> None:
    with Terminal(*wizard("practice", "--speed", "full"), height=40) as terminal:
        for action in ("connect", "continue", "use port", "create chainguard", "continue"):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        terminal.until("skip")
        terminal.keys("s")
        terminal.until("enter pull")
        terminal.keys("Enter")
        terminal.until("enter continue")
        terminal.keys("Enter")
        terminal.until("✓ verified", "u undo")
        terminal.keys("u")
        screen = terminal.until_true(
            lambda screen: "enter done" not in screen and "enter " in screen, "a question"
        )
        assert "chainguard" in screen
        terminal.keys("Enter")
        terminal.until("✓ ok", "remove", "enter done")
