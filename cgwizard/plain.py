"""The guide as plain lines: no escape sequence, for pipes, recordings and screen readers.

Unattended, it takes every step's defaults; this is how `cgwizard practice` runs where there is
no terminal.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TextIO

from cgwizard.cancel import Cancel
from cgwizard.errors import ExitCode, Problem
from cgwizard.events import LayerProgress, PullEvent, Resolved
from cgwizard.guide.pull import size
from cgwizard.guide.step import CONTINUE, Check, Step, run_checked

if TYPE_CHECKING:
    from cgwizard.guide.session import Session

WORDS = {"done": "ok", "warning": "warning", "problem": "problem", "skipped": "skipped"}


class Plain:
    """Writes the guide to ``out`` as it goes; a failure ends it, told in full."""

    def __init__(self, session: Session, out: TextIO | None = None) -> None:
        self.session = session
        self.out = out or sys.stdout
        self.cancel = Cancel()
        self._lock = threading.Lock()  # the pull's events come from its threads

    def line(self, text: str = "") -> None:
        with self._lock:
            self.out.write(text + "\n")
            self.out.flush()

    def walk(self) -> ExitCode:
        """Every step with its defaults. Returns how it ended."""
        self.session.steps.pull.on_event = self._event
        for number, step in enumerate(self.session.steps, 1):
            if number > 1:
                self.line()
            self.line(f"{number} {step.title}: {step.heading}")
            if not self._through(step):
                return ExitCode.FAILED
        for reference, digest, verdict in self.session.steps.finish.proved():
            self.line(f"{reference} {digest} {verdict}")
        return ExitCode.DONE

    def _through(self, step: Step) -> bool:
        run_checked(step, step.enter, self._check, self.cancel)
        while step.problem is None and step.action() != CONTINUE and step.state != "done":
            for field, problem in step.field_problems().items():
                self.line(f"  {field}: {problem}")
                return False
            for line in step.preview():
                self.line(f"  | {line}".rstrip())
            self.line(f"  {step.action().label}")
            run_checked(step, step.act, self._check, self.cancel)
        if step.problem is not None:
            self.problem(step.problem)
            return False
        return True

    def _check(self, check: Check) -> None:
        if check.state in WORDS:
            detail = f": {check.detail}" if check.detail else ""
            self.line(f"  {WORDS[check.state]}  {check.label}{detail}")

    def _event(self, event: PullEvent) -> None:
        match event:
            case Resolved():
                self.line(f"  {event.reference} {event.digest} {event.platform}")
                self.line(f"  {len(event.layers)} layers, {size(event.total)}")
            case LayerProgress(state="done" | "cached" | "retrying" | "failed"):
                digest = event.digest.partition(":")[2][:12]
                detail = f", {event.detail}" if event.detail else ""
                self.line(f"  layer {digest} {event.state}, {size(event.total)}{detail}")
            case _:
                pass

    def problem(self, problem: Problem) -> None:
        self.line(f"  problem: {problem.code}")
        self.line(f"    tried:        {problem.tried}")
        self.line(f"    came back:    {problem.came_back}")
        self.line(f"    likely cause: {problem.cause}")
        self.line(f"    next step:    {problem.next_step}")
