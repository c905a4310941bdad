"""A diagnosis as a front end shows it: what runs, what was found, and what that means."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cgwizard.diagnosis import fresh, runner
from cgwizard.diagnosis.chain import conclude
from cgwizard.diagnosis.finding import Finding, Started, Verdict
from cgwizard.diagnosis.listing import headline, listed
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Cancelled, Problem
from cgwizard.guide.shown import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session

STATES: dict[Verdict, CheckState] = {
    "ok": "done",
    "problem": "problem",
    "warning": "warning",
    "unknown": "unknown",
    "skipped": "skipped",
}


class Diagnosis:
    """First a look at everything, then perhaps a comparison with a freshly made repository.

    For each of both: `begin`, then `run`, which may be in another thread, then `end`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._findings: list[Finding] = []
        self._running: dict[str, str] = {}  # label by check
        self._comparing = False  # whether the comparison runs, or ran last
        self.busy = False

    @property
    def can_compare(self) -> bool:
        """Whether there is a Nexus in which a repository can be made."""
        return self._session.client is not None

    def begin(self, *, compare: bool = False) -> None:
        """A look drops what was found before; a comparison adds to it."""
        if not compare:
            self._findings = []
        self._running = {}
        self.busy, self._comparing = True, compare

    def run(self, report: Callable[[], object], cancel: Cancel) -> None:
        """Do what was begun; ``report`` is called after each change. What was found stays when
        ``cancel`` is set."""

        def take(event: Finding | Started) -> None:
            if isinstance(event, Started):
                self._running[event.check] = event.label
            else:
                self._running.pop(event.check, None)
                self._findings.append(event)
            report()

        job = fresh.compare_with_fresh if self._comparing else runner.run
        with contextlib.suppress(Cancelled), Subject.of(self._session) as subject:
            job(subject, take, cancel)

    def end(self) -> None:
        self.busy = False
        self._running = {}

    @property
    def _cause(self) -> Finding | None:
        failed = self._session.failed
        directly = failed is not None and failed.asks_registry
        return conclude(self._findings, self._session.problem, directly=directly)

    @property
    def heading(self) -> str:
        if self.busy:
            return "Looking for the cause"
        failed, failure = self._session.failed, self._session.problem
        began = f"{failed.title} failed ({failure.code}). " if failed and failure else ""
        return headline(self._findings, self._cause, began)

    @property
    def context(self) -> str:
        """One line below the heading: what to do next, else what the checks do."""
        cause = self._cause
        if cause and not self.busy:
            return f"next: {cause.next_step}"
        if not self._comparing:
            return "These checks only look."
        if self.busy:
            return "A repository is made for the comparison, and removed again."
        # The line of the comparison is among many others, further below.
        compared = [f for f in self._findings if f.check == fresh.CHECK]
        return "; ".join(f"{f.label}: {f.evidence}" for f in compared)

    def checks(self) -> list[Check]:
        """What was found, then what runs."""
        found = [_as_check(number, f) for number, f in enumerate(listed(self._findings))]
        running = list(self._running.items())  # a copy: `run` may be in another thread
        return found + [Check(id, label, "running") for id, label in running]


def _as_check(number: int, finding: Finding) -> Check:
    problem = None
    if finding.code and finding.verdict in {"problem", "warning"}:
        problem = Problem(
            finding.code, finding.label, finding.evidence, finding.cause, finding.next_step
        )
    detail = "" if problem else finding.evidence
    return Check(f"{number}", finding.label, STATES[finding.verdict], detail, problem)
