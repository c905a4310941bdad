"""Others' text, made fit for a terminal: the one place that says which characters pass.

Characters that steer a terminal or hide in a text are left out: control characters and escape
sequences' ESC, bidirectional marks and isolates, zero-width characters, soft hyphens, tag
characters, variation selectors, lone surrogates, private and unassigned code points. White space
of every kind, line breaks included, becomes a space.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

from cgwizard.errors import Problem

MAX_EXCERPT = 160  # characters of a server's own words that are shown
MAX_PROBLEM = 420  # characters of a problem; with a form above, four such lines still fit 80x24
MAX_LINE = 4000  # characters of a line that is printed: a request's body has about as many
MAX_PART = 1000  # characters of each part of a problem that is printed
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


def printed(text: str) -> str:
    """``text`` as lines for a terminal or a pipe, the last thing before it is written. Each line
    is `printable`, and has at most `MAX_LINE` characters."""
    return "\n".join(map(printed_line, text.split("\n")))


def printed_line(text: str) -> str:
    """As `printed`, on one line."""
    return _cut(printable(text))


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"


def printed_problem(problem: Problem) -> Problem:
    """``problem`` as it is printed: each part is one line of at most `MAX_PART` characters,
    so that none looks like another line of the program's."""
    parts = ("tried", "came_back", "cause", "next_step")
    return msgspec.structs.replace(
        problem, **{part: shortened(getattr(problem, part), MAX_PART) for part in parts}
    )


def bounded(value: object) -> Any:
    """``value`` for JSON, which escapes control characters itself: each text in it is cut to
    `MAX_LINE` characters."""
    return _bounded(msgspec.to_builtins(value))


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, dict):
        return {name: _bounded(item) for name, item in value.items()}
    return [_bounded(item) for item in value] if isinstance(value, list | tuple) else value


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
