"""Others' text, made fit for a terminal: the one place that says which characters pass.

Characters that steer a terminal or hide in a text are left out: control characters and escape
sequences' ESC, bidirectional marks and isolates, zero-width characters, soft hyphens, tag
characters, variation selectors, lone surrogates, private and unassigned code points. White space
of every kind, line breaks included, becomes a space.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from cgwizard.errors import Problem

MAX_EXCERPT = 160  # characters of a server's own words that are shown
MAX_PROBLEM = 420  # characters of a problem; with a form above, four such lines still fit 80x24
MIN_QUOTE = 70  # characters that stay of what was tried and of what came back

# Unicode calls these printable, but they are to be ignored where they are not supported: joiners,
# fillers and variation selectors, which show nothing.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def printable(text: str) -> str:
    """``text`` on one line, with its spacing."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if character.isspace():
        return " "
    # `isprintable` refuses the categories Cc, Cf, Cs, Co, Cn, Zl and Zp.
    return "" if not character.isprintable() or _INVISIBLE.match(character) else character


def one_line(text: str) -> str:
    """``text`` on one line, trimmed, with single spaces."""
    return " ".join(printable(text).split())


def shortened(text: str, limit: int = MAX_EXCERPT) -> str:
    """`one_line` of at most ``limit`` characters."""
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def lines(text: str) -> str:
    """``text`` with its line breaks and its spacing."""
    return "\n".join(map(printable, text.split("\n")))


def fitted(problem: Problem) -> Problem:
    """``problem`` with each part on one line, cut to `MAX_PROBLEM` characters in all. Only what
    was tried and what came back are cut, because these quote others; what to do never is."""
    parts = {
        name: one_line(getattr(problem, name))
        for name in ("tried", "came_back", "cause", "next_step")
    }
    for name in ("came_back", "tried"):
        over = sum(map(len, parts.values())) - MAX_PROBLEM
        if over > 0:
            parts[name] = shortened(parts[name], max(MIN_QUOTE, len(parts[name]) - over))
    return msgspec.structs.replace(problem, **parts)
