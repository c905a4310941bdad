"""Driving the guide without any front end."""

from __future__ import annotations

from cgwizard.cancel import Cancel
from cgwizard.guide.session import Session
from cgwizard.guide.step import CONTINUE, Check, Step, run_checked
from cgwizard.practice.world import PracticeWorld


def session_of(world: PracticeWorld, *, url: str | None = None) -> Session:
    """A session in practice, every field filled in."""
    session = Session(practice=world.info, start_practice=world.start)
    if url is not None:
        session.steps.connect.set("url", url)
    return session


def enter(step: Step) -> list[Check]:
    seen: list[Check] = []
    run_checked(step, step.enter, seen.append, Cancel())
    return seen


def act(step: Step) -> list[Check]:
    """Do the main action once; returns the checks as they came in."""
    seen: list[Check] = []
    assert not step.field_problems(), step.field_problems()
    run_checked(step, step.act, seen.append, Cancel())
    return seen


def through(step: Step) -> None:
    """Enter the step and press Enter until it is through; fails when there is a problem."""
    enter(step)
    for _ in range(4):
        assert step.problem is None, step.problem
        if step.state in {"done", "skipped"} or step.action() == CONTINUE:
            return
        act(step)
    raise AssertionError(f"{step.id} does not come to an end")


def walk(session: Session, until: str = "finish") -> None:
    """Every step up to and including ``until``."""
    for step in session.steps:
        through(step)
        if step.id == until:
            return
