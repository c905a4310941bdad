"""Resuming a saved run: what was answered is filled in, what is true is asked of Nexus.

A saved run says what was confirmed, not what is there: meanwhile the process may have been
killed in the middle of a change, and others may have worked on the same Nexus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.changes.settle import settle
from cgwizard.guide.shown import Check, Report
from cgwizard.guide.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.runs.saved import SavedRun


def begin(session: Session, run: SavedRun, journals: Path) -> None:
    """Before Connect: fill in the answers and go on with that run's journal."""
    from cgwizard.changes.journal import Journal

    for step in session.steps:
        step.fill(run.answers)
    session.journal = Journal.reopen(journals, run.run, run.nexus)


def go_on(session: Session, run: SavedRun, report: Report, cancel: Cancel) -> Step:
    """After Connect: find out how much still holds. Returns the step to go on with; every step
    before it is through, and nothing was changed in Nexus.
    """
    for settled in settle(session.journal, session.nexus):
        told = "it was done" if settled.done else "it was not done"
        label = f"what became of: {settled.change}"
        report(Check(f"settle-{settled.repository}", label, "done", told))
    for step in session.steps:
        if not step.through and not step.resume(run, report, cancel):
            return step
    return session.last
