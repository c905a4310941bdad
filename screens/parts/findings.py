"""Checks as they come in, a line each, and under a failed one the problem in four lines."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from cgwizard.screens.parts.state_marks import WIDTH, mark
from cgwizard.text.sanitize import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cgwizard.errors import Problem
    from cgwizard.guide.step import Check

LABEL = 32
NAME = 11
NARROW = 60  # columns, below which details go under their label
LEAST = 24  # while the terminal is made narrower there may be fewer for a moment
TOLD_AFTER_SECONDS = 2.0  # how long something may run before its seconds are shown


class Findings(Widget):
    """Redrawn whole, which is a few short lines, and only when something changed. Its lines are
    made for the width that there is when it is laid out."""

    def __init__(self) -> None:
        super().__init__()
        self._checks: tuple[Check, ...] = ()
        self._problem: Problem | None = None
        self._since: dict[str, float] = {}
        self._drawn: tuple[int, list[Content]] = (0, [])  # the width, and the lines for it
        self.under_way: int | None = None  # the line of what runs now
        self.failed: int | None = None  # the line of what failed

    def show(self, checks: Iterable[Check], problem: Problem | None) -> None:
        before = self._drawn
        self._checks, self._problem = tuple(checks), problem
        self._drawn = (0, [])
        lines = self._lines(before[0] or self.size.width or 78)
        self.display = bool(lines)
        if lines != before[1]:
            self.refresh(layout=len(lines) != len(before[1]))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        if self._drawn[0] != width:
            self._drawn = (width, self._made(max(width, LEAST)))
        return self._drawn[1]

    def _made(self, width: int) -> list[Content]:
        lines: list[Content] = []
        self.under_way = self.failed = None
        told = False  # whether the problem stands under the check that failed
        now = time.monotonic()
        for check in self._checks:
            detail = check.detail
            if check.state == "problem" and self.failed is None:
                self.failed = len(lines)
            if check.state == "running":
                self.under_way = len(lines)
                seconds = now - self._since.setdefault(check.id, now)
                if seconds >= TOLD_AFTER_SECONDS:
                    detail = f"{detail} {seconds:.0f} s".strip()
            else:
                self._since.pop(check.id, None)
            lines += _line(check, printable(detail) if check.state != "problem" else "", width)
            if check.problem is not None:
                above = {check.label, "" if check.state == "problem" else check.detail}
                lines += _problem(check.problem, width, above)
                told = told or check.problem == self._problem
        if self._problem is not None and not told:
            self.failed = len(lines)
            lines.append(mark("problem"))
            lines += _problem(self._problem, width)
        return lines


def _line(check: Check, detail: str, width: int) -> list[Content]:
    beside = len(check.label) <= LABEL and width >= NARROW  # whether a column is left there
    if (detail and not beside) or WIDTH + len(check.label) > width:
        first, *rest = _wrapped(check.label, width - WIDTH, width - WIDTH)
        head = [Content.assemble(mark(check.state), first)]
        head += [Content(" " * WIDTH + more) for more in rest]
        return [*head, *(_under(more) for more in textwrap.wrap(detail, width - WIDTH - 2))]
    label = check.label.ljust(LABEL) if detail else check.label
    start = WIDTH + len(label) + 1
    first, *rest = _wrapped(detail, width - start, width - WIDTH - 2)
    line = Content.assemble(mark(check.state), label, (f" {first}" if first else "", "dim"))
    return [line, *(_under(more) for more in rest)]


def _under(text: str) -> Content:
    return Content.styled(" " * (WIDTH + 2) + text, "dim")


def _problem(problem: Problem, width: int, above: Collection[str] = ()) -> list[Content]:
    """``above``: what the line of its check says already."""
    rows = (
        ("tried", problem.tried),
        ("came back", problem.came_back),
        ("likely", problem.cause),
        ("next", problem.next_step),
    )
    lines: list[Content] = []
    for name, text in rows:
        if not text or text in above:
            continue
        indent = WIDTH if width >= NARROW else 1
        room = width - indent - NAME
        first, *rest = _wrapped(printable(text), room, room)
        lines.append(Content.assemble(" " * indent, (name.ljust(NAME), "dim"), first))
        lines += [Content(" " * (indent + NAME) + more) for more in rest]
    return lines


def _wrapped(text: str, first: int, others: int) -> list[str]:
    """``text`` in lines, the first of another width: a detail begins behind its label."""
    room = max(first, 8)
    lines = textwrap.wrap(text, room) or [""]
    if len(lines) > 1:
        lines = [lines[0], *textwrap.wrap(text[len(lines[0]) :].strip(), max(others, 8))]
    return lines
