"""A diagnosis without any screen: all that the screen Diagnose shows and does."""

from __future__ import annotations

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.diagnosis import Diagnosis
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Check
from cgwizard.practice.world import PracticeWorld
from tests.support.diagnosis import change, set_up


def run(
    diagnosis: Diagnosis, *, compare: bool = False, cancel: Cancel | None = None
) -> list[Check]:
    """Returns the checks that ran at the first report."""
    at_first: list[Check] = []

    def report() -> None:
        at_first[:] = at_first or diagnosis.checks()

    diagnosis.begin(compare=compare)
    assert diagnosis.busy
    assert diagnosis.heading == "Looking for the cause"
    diagnosis.run(report, cancel or Cancel())
    diagnosis.end()
    assert not diagnosis.busy
    return at_first


def test_a_cause_is_named_with_what_to_do(world: PracticeWorld) -> None:
    session = set_up(world)
    change(session, "chainguard", proxy={"remote_url": "https://cgr.dev/chainguard"})
    diagnosis = Diagnosis(session)
    assert run(diagnosis)[0].state == "running"
    assert diagnosis.heading.startswith("Most likely: ")
    assert diagnosis.context.startswith("next: ")
    failed = [check for check in diagnosis.checks() if check.state == "problem"]
    assert failed
    assert all(check.problem and not check.detail for check in failed)
    assert "running" not in {check.state for check in diagnosis.checks()}


def test_a_comparison_adds_to_what_was_found(world: PracticeWorld) -> None:
    diagnosis = Diagnosis(set_up(world))
    run(diagnosis)
    assert diagnosis.heading.startswith("Nothing wrong was found")
    assert diagnosis.context == "These checks only look."
    looked = len(diagnosis.checks())
    assert diagnosis.can_compare
    run(diagnosis, compare=True)
    assert len(diagnosis.checks()) > looked
    assert "both serve it" in diagnosis.context
    run(diagnosis)
    assert len(diagnosis.checks()) == looked, "a look begins from nothing"


def test_before_there_is_a_nexus_nothing_can_be_compared() -> None:
    assert not Diagnosis(Guide(url="http://127.0.0.1:1")).can_compare


def test_what_was_found_before_a_cancel_stays(world: PracticeWorld) -> None:
    diagnosis = Diagnosis(set_up(world))
    run(diagnosis)
    before = diagnosis.checks()
    cancel = Cancel()
    cancel.set()
    run(diagnosis, compare=True, cancel=cancel)
    assert diagnosis.checks() == before
