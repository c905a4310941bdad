"""The one walk through the guide, which every front end answers and none decides.

At each step a front end does what `stage` says: it shows the problem, asks for the fields, shows
what will be sent, starts the action, or goes on. `enter`, `act` and `do` are the only ways in
which a step is set to work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from cgwizard.guide.shown import CONTINUE, QUIT
from cgwizard.guide.step import run_checked

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.shown import Report
    from cgwizard.guide.step import Step
    from cgwizard.plan.model import Plan

Stage = Literal["problem", "through", "fields", "preview", "act"]
MAX_ACTS = 6  # of one step; each ends, and none needs more than check, accept, apply


def stage(step: Step, *answered: Stage) -> Stage:
    """What comes next at ``step``. ``answered``: what the user has dealt with already: a problem
    that was read, a preview that was seen."""
    if step.problem is not None and "problem" not in answered:
        return "problem"
    if step.through or step.action() in {CONTINUE, QUIT}:
        return "through"
    if step.field_problems():
        return "fields"
    if "preview" not in answered and (step.fix is not None or step.preview()):
        return "preview"
    return "act"


def enter(step: Step, report: Report, cancel: Cancel) -> None:
    """Let the step find out what it must know before it asks. Raises Cancelled."""
    run_checked(step, step.enter, report, cancel)


def enter_unattended(step: Step, chosen: Plan, report: Report, cancel: Cancel) -> None:
    """The same where nobody can be asked: what ``chosen`` does not expect is a problem, and what
    it leaves out is skipped."""
    if step.skipped_by(chosen):
        run_checked(step, step.skip, report, cancel)
        return
    enter(step, report, cancel)
    if step.problem is None:
        run_checked(step, lambda *_: step.refuse_unexpected(chosen), report, cancel)


def act(step: Step, report: Report, cancel: Cancel) -> None:
    """Do the step's main action. Raises Cancelled."""
    run_checked(step, step.act, report, cancel)


def do(step: Step, action: str, report: Report, cancel: Cancel) -> None:
    """Do one of the step's other actions. Raises Cancelled."""
    run_checked(step, lambda told, stop: step.do(action, told, stop), report, cancel)
