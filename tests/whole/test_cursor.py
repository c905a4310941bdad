"""The terminal's own cursor, which screen readers, braille displays and magnifiers follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.programs import needs
from tests.support.terminal import Terminal, main_action, to_finish, wizard

pytestmark = needs("tmux")

FIELDS = {
    "connect": ["Nexus URL", "User", "Password"],
    "use port 5051": ["Port", "Connector"],
    "create chainguard": ["Name", "Remote storage"],
    "check the token": ["Pull token", "Image to try", "Goes into", "Name", "Port"],
    "pull": ["Free image", "Your image", "Prove restricted", "Platform"],
    "done, leave": [],
}
HEADINGS = ("Connect to", "Choose the port", "Create the repository", "Add your", "Pull through",
            "Both pulls", "Nexus now serves")  # fmt: skip


def line(terminal: Terminal) -> str:
    return terminal.screen().split("\n")[terminal.cursor()[1]]


def at(terminal: Terminal, wanted: Callable[[str, int], bool], what: str) -> None:
    """Wait until the cursor is on the wanted line and column."""
    terminal.until_true(
        lambda _: wanted(line(terminal), terminal.cursor()[0]),
        f"the cursor {what}",
    )


def on_heading(text: str, x: int) -> bool:
    once = "shown only here" in text and x == 4  # a password comes before the heading
    return once or (text.strip().startswith(HEADINGS) and x == 1)


def in_field(label: str) -> Callable[[str, int], bool]:
    def there(text: str, x: int) -> bool:
        if not text.strip().startswith(label):
            return False
        if "this machine's" in text:  # shown while nothing is typed
            return x == text.index("this")
        chosen = text.find("●")
        return x == (chosen if chosen >= 0 else min(max(len(text), 18), 78))

    return there


def test_in_each_step_and_at_each_tab_it_is_where_the_focus_is() -> None:
    with Terminal(*wizard("practice", "--speed", "full")) as terminal:
        seen = set()
        for action, _ in to_finish(terminal):
            at(terminal, on_heading, "on the heading")
            assert not terminal.cursor_shown(), "hidden where nothing is typed"
            if action not in FIELDS:
                continue
            seen.add(action)
            for label in FIELDS[action]:
                terminal.keys("Tab")
                at(terminal, in_field(label), f"in {label}")
                terminal.until_true(lambda _: terminal.cursor_shown(), "a cursor to be seen")
            terminal.keys("Tab")
            at(terminal, on_heading, "on the heading again")
        assert seen == set(FIELDS)


def test_it_follows_the_caret_and_the_choice() -> None:
    with Terminal(*wizard("practice", "--speed", "full")) as terminal:
        terminal.until("enter connect")
        terminal.keys("Tab")
        at(terminal, in_field("Nexus URL"), "in the URL")
        end = terminal.cursor()[0]
        terminal.keys("Left")
        at(terminal, lambda _, x: x == end - 1, "a letter to the left")
        terminal.keys("Home")
        at(terminal, lambda text, x: x == text.index("http"), "at the beginning")
        terminal.keys("Enter")
        terminal.until("enter continue")
        terminal.keys("BTab")
        terminal.keys("BTab")
        terminal.keys("BTab")
        terminal.keys("Enter")
        terminal.until("enter use port")
        terminal.keys("Tab")
        at(terminal, in_field("Port"), "in the port")
        terminal.keys("Tab")
        at(terminal, in_field("Connector"), "on the chosen one")
        first = terminal.cursor()
        terminal.keys("Right")
        at(
            terminal,
            lambda text, x: x > first[0] and text[x] == "●" and text[x:].startswith("● HTTPS"),
            "on the other one",
        )


def test_while_something_runs_it_is_on_the_line_of_what_runs() -> None:
    with Terminal(*wizard("practice", "--speed", "1")) as terminal:
        for action, _ in to_finish(terminal):
            if action == "pull":
                break
        terminal.keys("Enter")
        terminal.until("total", "%", "running")
        at(terminal, lambda text, _: "… running" in text, "on the line that is running")
        assert not terminal.cursor_shown()


def test_after_a_failure_it_is_on_the_line_of_what_failed_or_in_the_field_in_doubt() -> None:
    command = wizard("http://127.0.0.1:9", "--user", "deploy")
    with Terminal(*command) as terminal:
        terminal.until("enter connect")
        at(terminal, in_field("Password"), "in the empty field")
        terminal.type("x")
        terminal.keys("Enter")
        terminal.until("came back")
        at(
            terminal,
            lambda text, _: "problem" in text or text.strip().startswith("Nexus URL"),
            "at the problem",
        )


@pytest.mark.parametrize(
    ("key", "shown", "first"),
    [("F1", "The wizard signs in", "Connect"), ("F2", "enter look again", "")],
    ids=("help", "diagnose"),
)
def test_on_other_screens_it_is_on_the_first_line_that_is_said(
    key: str, shown: str, first: str
) -> None:
    with Terminal(*wizard("practice")) as terminal:
        terminal.until("enter connect")
        terminal.keys("Tab")
        at(terminal, in_field("Nexus URL"), "in the URL")
        terminal.keys(key)
        screen = terminal.until(shown)
        heading = first if first else screen.split("\n")[2].strip()
        at(terminal, lambda text, _: text.strip() == heading != "", "on the heading")
        terminal.until_true(lambda _: not terminal.cursor_shown(), "no cursor to be seen")
        terminal.keys("Escape")
        terminal.until("enter connect")
        at(terminal, in_field("Nexus URL"), "where it was before")
        assert main_action(terminal.screen()) == "connect"
