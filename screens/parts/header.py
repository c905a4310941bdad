"""The top line and the rail: which Nexus this is, and which step of the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textual.content import Content
from textual.widgets import Static

from cgwizard.screens.parts.state_marks import STEP_MARKS

if TYPE_CHECKING:
    from cgwizard.guide.step import Step


def host(step: Step) -> str:
    session = step.session
    url = session.plan.connect.url if session.plan.connect else session.url
    if session.practice:
        return "practice"
    return urlsplit(url).netloc if "//" in url else url


class Top(Static):
    """The top line. It names the steps only where the terminal is too narrow for the `Rail`."""

    def show(self, step: Step, width: int, *, steps: bool) -> None:
        where = host(step)
        left = Content.assemble(("cgwizard", "bold"), *([(f" · {where}", "dim")] if where else []))
        right = _line(step) if steps else Content("")
        if left.cell_length + right.cell_length + 2 > width:
            right = _short_line(step) if steps else Content("")
        if left.cell_length + right.cell_length + 2 > width:
            left = Content.styled("cgwizard", "bold")
        gap = max(1, width - left.cell_length - right.cell_length)
        self.update(Content.assemble(left, " " * gap, right))


def _line(current: Step) -> Content:
    parts: list[Content] = []
    later: list[str] = []
    passed = False
    for number, step in enumerate(current.session.steps, 1):
        if step is current:
            parts.append(Content.styled(f"{number} {step.title}", "bold"))
            passed = True
        elif passed:
            later.append(str(number))
        else:
            mark = STEP_MARKS[step.state].strip() or str(number)
            parts.append(Content.styled(mark, "$success" if mark == "✓" else "dim"))
    line = Content(" ").join(parts)
    if later:
        line = Content.assemble(line, (" · " + " ".join(later), "dim"))
    return line


def _short_line(current: Step) -> Content:
    steps = current.session.steps
    where = f"{steps.index(current) + 1}/{len(steps)}"
    return Content.styled(f"{where} {current.title}", "bold")


class Rail(Static):
    """The steps with their states, at the left of a wide terminal."""

    def show(self, current: Step) -> None:
        lines = []
        for number, step in enumerate(current.session.steps, 1):
            mark = STEP_MARKS[step.state]
            text = f"{mark} {number} {step.title}"
            if step is current:
                lines.append(Content.styled(f"▸ {text[2:]}", "bold"))
            else:
                lines.append(Content.styled(text, "" if step.state == "done" else "dim"))
        self.update(Content("\n").join(lines))
