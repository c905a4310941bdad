"""The label of a check says what was seen: only a check that is done claims what it looked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cgwizard.errors import Code, WizardError
from cgwizard.guide.guide import Guide
from cgwizard.guide.pull import PullStep
from cgwizard.guide.shown import Check
from cgwizard.practice.world import PracticeWorld
from cgwizard.proof.checks import PullChecks
from cgwizard.proof.result import Disproved, Outcome
from cgwizard.proof.upstream import Artifacts
from tests.support.guide import act, enter, session_of, walk

CLAIMS = {
    "private-digest": "same digest at cgr.dev",
    "private-cache": "second pull came from the cache",
    "private-search": "found in Nexus's search",
    "private-attached": "signature and SBOM come through",
    "private-closed": "refused without signing in",
}


@pytest.fixture
def step(world: PracticeWorld, monkeypatch: pytest.MonkeyPatch) -> PullStep:
    monkeypatch.setattr(PullStep, "_find_engines", lambda _self: None)
    session = session_of(world)
    walk(session, until="token")
    enter(session.steps.pull)
    return session.steps.pull


def fails(*_: object) -> None:
    raise WizardError(Code.REGISTRY_DNS, tried="asking", came_back="[Errno -2] Name unknown")


def disproves(*_: object) -> None:
    raise Disproved(Code.ANONYMOUS_SEES_PRIVATE, tried="asking", came_back="200")


def test_what_is_so_is_claimed(step: PullStep) -> None:
    act(step)
    assert {id: step.checks[id].label for id in CLAIMS} == CLAIMS


@pytest.mark.parametrize(
    ("method", "id"),
    [("same_digest", "digest"), ("in_search", "search"), ("attached", "attached"),
     ("closed", "closed")],
)  # fmt: skip
@pytest.mark.parametrize("work", [fails, disproves])
def test_what_could_not_be_asked_or_is_not_so_is_not_claimed(
    step: PullStep,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    id: str,
    work: Callable[..., None],
) -> None:
    seen: list[Check] = []
    monkeypatch.setattr(PullChecks, method, work)
    seen += act(step)
    failed = [each for each in seen if each.id.endswith(f"-{id}") and each.state != "done"]
    assert {each.state for each in failed} >= {"running", "problem" if step.problem else "warning"}
    for each in failed:
        assert each.label not in CLAIMS.values()
        assert "Errno" not in f"{each.detail}{each.problem}"


def not_there(*_: object) -> Artifacts:
    return Artifacts(signature=True, attestation=False, sbom_tag=False, referrers=())


def not_yet(*_: object) -> Outcome:
    return Outcome("warning", "not within 15 s")


def refetched(*_: object) -> Outcome:
    return Outcome("warning", "Nexus fetched it again")


def test_what_was_looked_for_and_not_found_is_not_claimed(
    step: PullStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PullChecks, "attached", not_there)
    monkeypatch.setattr(PullChecks, "in_search", not_yet)
    monkeypatch.setattr("cgwizard.guide.pull_image.compared", refetched)
    act(step)
    for id in ("attached", "search", "cache"):
        check = step.checks[f"free-{id}"]
        assert check.state == "warning"
        assert check.label.endswith("?")


def test_the_checks_of_the_token(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="developer")
    token = session.steps.token
    enter(token)
    token.set("image", f"{world.info.organization}/redis-fips")
    act(token)
    assert token.problem is not None
    (failed,) = [check for check in token.checks.values() if check.state == "problem"]
    assert failed.label == f"cgr.dev: does it accept the token for {world.info.organization}?"
    token.values["check"] = "nexus"
    act(token)
    assert token.checks["accepted"].state == "warning"
    assert token.checks["accepted"].label.endswith("?")


def test_the_checks_of_connect(world: PracticeWorld) -> None:
    world.state.read_only = True
    session: Guide = session_of(world)
    enter(session.steps.connect)
    act(session.steps.connect)
    (failed,) = [c for c in session.steps.connect.checks.values() if c.state == "problem"]
    assert failed.label == "can it be changed?"
