"""Cancel in every step: it ends at once whatever Nexus does, and the step can be done again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from cgwizard.cancel import Cancel
from cgwizard.changes import change as changes
from cgwizard.changes import undo
from cgwizard.diagnosis import fresh, runner
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.guide import connector
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Report
from cgwizard.guide.step import Step, run_checked
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.no_answer import NexusNoAnswer
from cgwizard.practice.world import PracticeWorld
from tests.support.faulty_nexus import names
from tests.support.guide import act, enter, session_of, through, walk

SOON = 1.0  # seconds

Work = Callable[[Report, Cancel], None]


def stuck_at(
    middleware: FaultMiddleware,
    number: int,
    work: Callable[[Cancel], None],
    *,
    works_once: bool = False,
    trickles: bool = False,
) -> bool:
    """Do ``work``, which is cancelled when its ``number``-th request gets no answer; whether it
    came to such a request. It ends soon after it was cancelled."""
    fault = NexusNoAnswer(works_once=works_once, trickles=trickles)
    cancel = Cancel()
    ended = threading.Event()
    cancelled: list[float] = []

    def user() -> None:
        while not fault.reached.wait(0.01):
            if ended.is_set():
                return
        cancelled.append(time.monotonic())
        cancel.set()

    rule = middleware.rule("", fault, after=number)
    thread = threading.Thread(target=user)
    thread.start()
    try:
        work(cancel)
    except Cancelled:
        assert cancelled
    finally:
        seconds = time.monotonic() - (cancelled or [time.monotonic()])[0]
        middleware.rules.remove(rule)
        ended.set()
        thread.join()
    assert seconds < SOON, f"request {number}: {seconds:.1f} s, {middleware.seen[-1]}"
    return bool(cancelled)


def acting(step: Step) -> Callable[[Cancel], None]:
    return lambda cancel: run_checked(step, step.act, lambda _: None, cancel)


@pytest.mark.parametrize("trickles", [False, True], ids=["silent", "trickling"])
@pytest.mark.parametrize("name", ["connect", "routing", "pull"])
def test_a_step_that_only_asks(
    middleware: FaultMiddleware,
    world: PracticeWorld,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    trickles: bool,
) -> None:
    monkeypatch.setattr(changes, "SOON_SECONDS", 0.2)
    session = session_of(world)
    before = {"connect": "", "routing": "connect", "pull": "token"}[name]
    if before:
        walk(session, until=before)
    step = getattr(session.steps, name)
    enter(step)
    number = 0
    while stuck_at(middleware, number, acting(step), trickles=trickles):
        assert step.state == "todo", f"request {number}"
        assert step.problem is None
        number += 1
    assert number >= 1
    assert step.problem is None
    assert step.state == "done"


@pytest.mark.parametrize("late", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("name", ["developer", "token"])
def test_a_change_whose_request_is_under_way(
    middleware: FaultMiddleware,
    world: PracticeWorld,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    late: bool,
) -> None:
    """What became of it is asked before anything else is done, and nothing is made twice."""
    monkeypatch.setattr(changes, "SOON_SECONDS", 0.2)
    number, made = 0, 0
    while True:
        session = session_of(world)
        walk(session, until="routing" if name == "developer" else "developer")
        step = getattr(session.steps, name)
        enter(step)
        if name == "token":
            act(step)  # the token is checked, not sent yet
        own = len(session.journal.entries)
        reached = stuck_at(middleware, number, acting(step), works_once=late)
        sent = [entry.state for entry in session.journal.entries[own:]]
        if reached:
            assert step.state in {"todo", "problem"}
            if step.problem is not None:
                assert step.problem.code == "change-not-undone", step.problem
        through(step)
        assert step.state == "done"
        repository = session.steps.developer.values["name"]
        if name == "token":
            repository = step.values["name"]
        assert repository in names(world)
        # The journal knows what was made, so that it can be undone.
        assert repository in {entry.repository for entry in session.journal.made()}, sent
        found = undo.survey(session.journal.entries, session.nexus)
        assert repository in {item.repository for item in found if item.acts}, (number, sent)
        made += sent == ["begun"]
        for item in found:
            if item.acts:
                undo.undo(item, session.nexus, lambda _: None)
        if not reached:
            break
        number += 1
    assert made == 1, "one of the requests is the change itself"
    assert number > 3


def test_taking_back_what_failed_can_be_stopped_too_and_that_is_told(
    middleware: FaultMiddleware, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "CONNECTOR_SECONDS", 0.3)
    session = session_of(world)
    walk(session, until="routing")
    step = session.steps.developer
    enter(step)
    # Nexus saves it, but its connector never opens; then the request to remove it hangs.
    monkeypatch.setattr(connector, "_ping", unanswered)
    number = len(middleware.seen)
    acting(step)(Cancel())
    assert step.problem is not None
    hangs_at = next(
        i for i, line in enumerate(middleware.seen[number:]) if line.startswith("DELETE")
    )
    enter(step)
    asked = len(middleware.seen)
    assert stuck_at(middleware, hangs_at, acting(step))
    assert middleware.seen[asked + hangs_at].startswith("DELETE")
    assert step.problem is not None
    assert "stays in Nexus" in step.problem.next_step
    assert "change-not-undone" in step.problem.next_step


def unanswered(*_: object) -> bool:
    raise WizardError(Code.NEXUS_REFUSED, tried="a", came_back="b", cause="c", next_step="d")


def test_undo_from_finish(middleware: FaultMiddleware, world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    finish = session.steps.finish
    asking: Work = lambda report, cancel: finish.do("undo", report, cancel)  # noqa: E731
    for work in (asking, finish.act):
        number = 0
        while stuck_at(middleware, number, lambda cancel, w=work: once(session, w, cancel)):  # type: ignore[misc]
            assert finish.problem is None
            assert finish.state == "todo"
            if work == finish.act:
                once(session, asking, Cancel())
            number += 1
        assert number > 1
    assert not {"chainguard", "chainguard-private"} & names(world)


def once(session: Guide, work: Work, cancel: Cancel) -> None:
    run_checked(session.steps.finish, work, lambda _: None, cancel)


@pytest.mark.parametrize("job", [runner.run, fresh.compare_with_fresh], ids=["look", "compare"])
def test_diagnose(
    middleware: FaultMiddleware,
    world: PracticeWorld,
    monkeypatch: pytest.MonkeyPatch,
    job: Callable[..., object],
) -> None:
    monkeypatch.setattr(changes, "SOON_SECONDS", 0.2)
    session = session_of(world)
    walk(session, until="token")
    before = names(world)

    def diagnose(cancel: Cancel) -> None:
        with Subject.of(session) as subject:
            job(subject, lambda _: None, cancel)

    number = 0
    while stuck_at(middleware, number, diagnose):
        number += 1
        assert session.nexus.cancel is None
        for name in names(world) - before:  # it could not be removed: its name says what it is
            assert name.startswith(fresh.PREFIX)
            session.nexus.delete_repository(name)
    assert number > 3
