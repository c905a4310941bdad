"""Checks as they arrive, one line each, and below a failed one the problem in four lines."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from cgwizard.screens.parts.state_marks import WIDTH, mark
from cgwizard.text.sanitize import printed_line, printed_problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cgwizard.errors import Problem
    from cgwizard.guide.shown import Check, CheckState

LABEL = 32  # cells for the label of a check
NAME = 11  # cells for the name of a part of a problem
NARROW = 60  # cells; in a narrower widget details go below their label
MIN_WIDTH = 24  # cells; while a terminal changes its size there may be fewer for a moment
SHOW_SECONDS_AFTER = 2.0  # a check that runs for longer shows its seconds


class Findings(Widget):
    """Drawn again as a whole, because it has few lines, but only when something changed. The lines
    are composed for the width that the layout gives."""

    def __init__(self) -> None:
        super().__init__()
        self._checks: tuple[Check, ...] = ()
        self._problem: Problem | None = None
        self._since: dict[str, float] = {}
        self._composed: tuple[int, list[Content]] = (0, [])  # a width, and the lines for it
        self.under_way: int | None = None  # the line of the check that runs now
        self.failed: int | None = None  # the line of the first check that failed

    def show(self, checks: Iterable[Check], problem: Problem | None) -> None:
        before = self._composed
        self._checks, self._problem = tuple(checks), problem
        self._composed = (0, [])
        lines = self._lines(before[0] or self.size.width or 78)
        self.display = bool(lines)
        if lines != before[1]:
            self.refresh(layout=len(lines) != len(before[1]))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        if self._composed[0] != width:
            self._composed = (width, self._compose_lines(max(width, MIN_WIDTH)))
        return self._composed[1]

    def _compose_lines(self, width: int) -> list[Content]:
        lines: list[Content] = []
        self.under_way = self.failed = None
        shown = False  # whether the problem stands below the check that failed
        now = time.monotonic()
        for check in self._checks:
            detail = check.detail
            if check.state == "problem" and self.failed is None:
                self.failed = len(lines)
            if check.state == "running":
                self.under_way = len(lines)
                seconds = now - self._since.setdefault(check.id, now)
                if seconds >= SHOW_SECONDS_AFTER:
                    detail = f"{detail} {seconds:.0f} s".strip()
            else:
                self._since.pop(check.id, None)
            detail = printed_line(detail) if check.state != "problem" else ""
            lines += _line(check.state, printed_line(check.label), detail, width)
            if check.problem is not None:
                above = {check.label, "" if check.state == "problem" else check.detail}
                lines += _problem(printed_problem(check.problem), width, above)
                shown = shown or check.problem == self._problem
        if self._problem is not None and not shown:
            self.failed = len(lines)
            lines.append(mark("problem"))
            lines += _problem(printed_problem(self._problem), width)
        return lines


def _line(state: CheckState, label: str, detail: str, width: int) -> list[Content]:
    beside = len(label) <= LABEL and width >= NARROW  # there is a column for details
    if (detail and not beside) or WIDTH + len(label) > width:
        first, *rest = _wrapped(label, width - WIDTH, width - WIDTH)
        head = [Content.assemble(mark(state), first)]
        head += [Content(" " * WIDTH + more) for more in rest]
        return [*head, *(_under(more) for more in textwrap.wrap(detail, width - WIDTH - 2))]
    label = label.ljust(LABEL) if detail else label
    start = WIDTH + len(label) + 1
    first, *rest = _wrapped(detail, width - start, width - WIDTH - 2)
    line = Content.assemble(mark(state), label, (f" {first}" if first else "", "dim"))
    return [line, *(_under(more) for more in rest)]


def _under(text: str) -> Content:
    return Content.styled(" " * (WIDTH + 2) + text, "dim")


def _problem(problem: Problem, width: int, above: Collection[str] = ()) -> list[Content]:
    """``above``: texts that the line of its check says already."""
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
        first, *rest = _wrapped(printed_line(text), room, room)
        lines.append(Content.assemble(" " * indent, (name.ljust(NAME), "dim"), first))
        lines += [Content(" " * (indent + NAME) + more) for more in rest]
    return lines


def _wrapped(text: str, first: int, others: int) -> list[str]:
    """``text`` in lines. The first has its own width, because a detail begins after its label."""
    room = max(first, 8)
    lines = textwrap.wrap(text, room) or [""]
    if len(lines) > 1:
        lines = [lines[0], *textwrap.wrap(text[len(lines[0]) :].strip(), max(others, 8))]
    return lines
