"""Drives the guide without any front end."""

from __future__ import annotations

from cgwizard.cancel import Cancel
from cgwizard.errors import Problem
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import CONTINUE, Check
from cgwizard.guide.step import Step, run_checked
from cgwizard.practice.world import PracticeWorld
from cgwizard.text.sanitize import MAX_PROBLEM
from tests.support.ports import free_ports
from tests.support.practice_world import ADMIN_PASSWORD


def session_of(world: PracticeWorld, *, url: str | None = None) -> Guide:
    """A session in practice, every field filled in."""
    session = Guide(practice=world.info, start_practice=world.start)
    session.first_port = free_ports(4)[0]
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


def walk(session: Guide, until: str = "finish") -> None:
    """Every step up to and including ``until``."""
    for step in session.steps:
        through(step)
        if step.id == until:
            return


def refused(step: Step, code: str, *secrets: str, by: str = "act") -> Problem:
    """Do the step's action (or ``by="enter"``), which fails with ``code``: told fit for a screen,
    in full and without secrets, and with every answer kept as it was."""
    values, kept = dict(step.values), dict(step.secrets)
    seen: list[Check] = []
    run_checked(step, step.act if by == "act" else step.enter, seen.append, Cancel())
    assert step.problem is not None, f"no problem, but {code} was expected"
    assert step.problem.code == code, step.problem
    assert (step.values, step.secrets) == (values, kept)
    assert step.state == "problem"
    assert not any(check.state == "running" for check in step.checks.values()), step.checks
    tell(step.problem, *secrets)
    return step.problem


def tell(problem: Problem, *secrets: str) -> None:
    """Every member filled in, printable, short enough for a screen, and no secret in it."""
    members = (problem.tried, problem.came_back, problem.cause, problem.next_step)
    assert all(members), problem
    text = " ".join(members)
    assert text.isprintable(), problem
    assert len(text) <= MAX_PROBLEM + 3, (len(text), problem)
    for secret in (*secrets, ADMIN_PASSWORD):
        assert secret not in text
