"""A problem made fit for one screen: what servers said is cut short, what to do never is."""

from __future__ import annotations

import msgspec

from cgwizard.errors import Problem
from cgwizard.text.sanitize import printable

MAX_CHARACTERS = 420  # characters in all; with a form above, four such lines still fit 80x24
LEAST = 70  # of what was tried and of what came back


def fitted(problem: Problem) -> Problem:
    """``problem`` without control characters, of at most `MAX_CHARACTERS` where cutting the
    quoted parts is enough for that."""
    found = {
        name: printable(getattr(problem, name))
        for name in ("tried", "came_back", "cause", "next_step")
    }
    for name in ("came_back", "tried"):
        over = sum(map(len, found.values())) - MAX_CHARACTERS
        if over > 0:
            found[name] = _cut(found[name], max(LEAST, len(found[name]) - over))
    return msgspec.structs.replace(problem, **found)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
