"""Secrets in a real terminal: masked, shown on demand, never copied; long tokens stay whole."""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest

from cgwizard.secrets.secret import Credentials
from tests.support.practice_docker import PRIVATE_IMAGE
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs
from tests.support.recorded_command import LIVE, Traced, answer_next, answers, traced
from tests.support.terminal import Terminal

pytestmark = needs("tmux")

__all__ = ["traced"]


def drag(terminal: Terminal, begin: tuple[int, int], end: tuple[int, int]) -> None:
    """Press the mouse at one row and column, move it, and let go at the other."""
    (row, column), (last, leave) = begin, end
    for what in (f"0;{column};{row}M", f"32;{leave};{last}M", f"0;{leave};{last}m"):
        terminal.type(f"\x1b[<{what}")


def at_column(terminal: Terminal, column: int, _screen: str) -> bool:
    return terminal.cursor()[0] == column


def buffers(terminal: Terminal) -> str:
    """Everything that was copied."""
    names = terminal._tmux("list-buffers", "-F", "#{buffer_name}").split()
    return "\n".join(terminal._tmux("show-buffer", "-b", name) for name in names)


def test_a_secret_is_masked_shown_on_demand_and_never_copied_out(traced: Traced) -> None:
    start = ("env", "-u", "TMUX", *LIVE, traced.world.info.nexus_url, "--user", "admin")
    with Terminal(*start, env=traced.env) as terminal:
        terminal._tmux("set", "-s", "set-clipboard", "on")  # what is copied would be in a buffer
        terminal.until("Password", "enter connect")
        terminal.type(ADMIN_PASSWORD)
        screen = terminal.until("•" * len(ADMIN_PASSWORD))
        assert ADMIN_PASSWORD not in screen
        terminal.keys("F3")
        screen = terminal.until(ADMIN_PASSWORD)
        row = next(i for i, line in enumerate(screen.split("\n"), 1) if ADMIN_PASSWORD in line)
        column = screen.split("\n")[row - 1].index(ADMIN_PASSWORD) + 1
        end = column + len(ADMIN_PASSWORD)
        for select in ("S-Home", "S-End"):
            terminal.keys(select, "C-c", "C-x", select.removeprefix("S-"))
            edge = column if select == "S-Home" else end
            at_edge = partial(at_column, terminal, edge - 1)
            terminal.until_true(at_edge, f"the cursor after {select}")
        terminal.type("!")  # by the time this is shown everything before was seen
        terminal.until(f"{ADMIN_PASSWORD}!")
        assert buffers(terminal) == ""
        for begin in ((row, column), (row, 2), (row - 1, 2)):
            drag(terminal, begin, (row, end))
            terminal.keys("C-c")
        terminal.keys("F1")
        terminal.until("first password into a file", "esc back")
        assert ADMIN_PASSWORD not in buffers(terminal)
        terminal.keys("Escape")
        terminal.until_true(lambda screen: "Password" in screen and "•" in screen, "masked again")


@pytest.mark.parametrize("width", [40, 61])
def test_a_long_token_broken_by_a_narrow_terminal_arrives_whole(traced: Traced, width: int) -> None:
    """cgr.dev compares every letter of it."""
    token = long_token(traced)
    line = f'docker login "cgr.dev" --username "{token.username}" --password '
    line += f'"{token.password.reveal()}"'
    start = (*LIVE, traced.world.info.nexus_url, "--user", "admin")
    with Terminal(*start, env=traced.env, width=80) as terminal:
        terminal.until("Password", "enter connect")
        terminal.type(ADMIN_PASSWORD)
        terminal.keys("Enter")
        for action in ("continue", "use port", "create chainguard", "continue"):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        terminal.until("enter check the token")
        terminal.paste("\n".join(line[i : i + width] for i in range(0, len(line), width)))
        terminal.until("••••")
        terminal.keys("Tab")
        terminal.type(PRIVATE_IMAGE)
        terminal.until(PRIVATE_IMAGE)
        terminal.keys("Enter")
        terminal.until("cgr.dev accepts it", "enter create these 3")


def test_a_long_token_at_the_prompts_is_whole_in_lines_and_refused_in_one(traced: Traced) -> None:
    token = long_token(traced)
    text = f"{token.username}\n{token.password.reveal()}"
    padded = f"{token.username} {'#' * 4096} {token.password.reveal()}"
    typed = answers(traced) | {"Pull token": padded}
    start = (*LIVE, traced.world.info.nexus_url, "--user", "admin", "--plain")
    with Terminal(*start, env=traced.env, height=90) as terminal:
        screen = ""
        while "4,095 characters" not in screen:
            screen = answer_next(terminal, screen, typed)
        # Folded by the terminal, between any two letters.
        assert "the rest is lost. Paste it in several lines" in screen.replace("\n", "")
        typed["Pull token"] = "\n".join(text[i : i + 40] for i in range(0, len(text), 40))
        while "cgr.dev accepts it" not in screen:
            screen = answer_next(terminal, screen, typed)


def long_token(traced: Traced) -> Credentials:
    """One of more than 2,000 characters, which the practice cgr.dev knows."""
    book = traced.world.registry.tokens
    token = book.issue("a long name of an organization, " * 40)
    assert 2000 < len(token.password.reveal()) < 4000
    issued = book._issued[token.username]
    known = dataclasses.replace(issued, organization=traced.world.info.organization)
    book._issued[token.username] = known
    return token
