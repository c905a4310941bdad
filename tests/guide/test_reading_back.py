"""A change is done when Nexus tells it as it was sent."""

from __future__ import annotations

import pytest

from cgwizard.guide.guide import Guide
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.world import PracticeWorld
from tests.support.faulty_nexus import names, put
from tests.support.guide import act, enter, refused, session_of, walk

PROXIES = "/service/rest/v1/repositories/docker/proxy"


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    made = session_of(world)
    walk(made, until="routing")
    enter(made.steps.developer)
    return made


def test_someone_edits_it_meanwhile(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)

    def edit() -> None:
        settings = world.state.repositories["chainguard"].settings
        settings["proxy"]["remoteUrl"] = "https://elsewhere.example.com"

    middleware.rule(
        f"^POST {PROXIES}$", NexusOtherAnswer(works=True, status=201, then=edit), times=1
    )
    step = session.steps.developer
    told = refused(step, "repository-not-as-sent")
    assert "https://elsewhere.example.com/, not " in told.came_back
    assert "someone else edited it" in told.cause
    assert names(world) == before, "what was just made is taken back"
    act(step)
    assert step.state == "done"


def test_someone_removes_it_meanwhile(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)

    def remove() -> None:
        del world.state.repositories["chainguard"]

    middleware.rule(
        f"^POST {PROXIES}$", NexusOtherAnswer(works=True, status=201, then=remove), times=1
    )
    step = session.steps.developer
    told = refused(step, "repository-not-found-after-change")
    assert "does not know it" in told.came_back
    assert "removed it meanwhile" in told.cause
    assert names(world) == before
    assert session.journal.made() == []
    put(world)  # with which Nexus closes the connector, too
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
