"""A change is done when Nexus tells it as it was sent."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest

from cgwizard.cancel import Cancel
from cgwizard.changes import read_back
from cgwizard.errors import Cancelled
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Check
from cgwizard.guide.step import run_checked
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
    session: Guide,
    world: PracticeWorld,
    middleware: FaultMiddleware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_back, "READ_BACK_SECONDS", 1.0)
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
    # Another node may have it: nothing is deleted for a 404, and undo finds it in the journal.
    assert [entry.repository for entry in session.journal.made()] == ["chainguard"]
    put(world)  # with which Nexus closes the connector, too
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"


@pytest.mark.parametrize("status", [404, 500, 502, 503])
@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_node_of_a_cluster_learns_of_it_later(
    session: Guide, middleware: FaultMiddleware, status: int, times: int
) -> None:
    def behind() -> None:
        middleware.rule(f"^GET {PROXIES}/chainguard$", NexusOtherAnswer(status=status), times=times)

    made = NexusOtherAnswer(works=True, status=201, then=behind)
    middleware.rule(f"^POST {PROXIES}$", made, times=1)
    step = session.steps.developer
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
    assert middleware.count("^DELETE ") == 0
    assert middleware.count(f"^POST {PROXIES}$") == 1
    assert [entry.state for entry in session.journal.made()] == ["applied"]


def test_nothing_is_deleted_for_a_404(
    session: Guide,
    world: PracticeWorld,
    middleware: FaultMiddleware,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_back, "READ_BACK_SECONDS", 1.0)

    def behind() -> None:
        middleware.rule(f"^GET {PROXIES}/chainguard$", NexusOtherAnswer(status=404))

    made = NexusOtherAnswer(works=True, status=201, then=behind)
    middleware.rule(f"^POST {PROXIES}$", made, times=1)
    step = session.steps.developer
    refused(step, "repository-not-found-after-change")
    assert middleware.count("^DELETE ") == 0
    assert "chainguard" in names(world)
    middleware.rules.clear()
    act(step)
    assert step.state == "done"
    assert middleware.count(f"^POST {PROXIES}$") == 1, "it is found, and not made again"


def test_looking_again_can_be_cancelled(session: Guide, middleware: FaultMiddleware) -> None:
    def behind() -> None:
        middleware.rule(f"^GET {PROXIES}/chainguard$", NexusOtherAnswer(status=404))
        threading.Timer(0.3, cancel.set).start()

    cancel = Cancel()
    made = NexusOtherAnswer(works=True, status=201, then=behind)
    middleware.rule(f"^POST {PROXIES}$", made, times=1)
    started = time.monotonic()
    with session.steps.developer.session.stopped_by(cancel), pytest.raises(Cancelled):
        session.steps.developer.act(lambda check: None, cancel)
    assert time.monotonic() - started < read_back.READ_BACK_SECONDS


def test_an_odd_repository_of_others_is_a_remark(
    world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    odd = [
        {"name": "odd", "format": "docker", "type": "hosted", "docker": {"httpPort": "8082 (old)"}},
        {"name": "whole", "format": "docker", "type": "hosted", "docker": {"httpPort": 8083.0}},
        {"name": None},
    ]
    listed = NexusOtherAnswer(body=msgspec.json.encode(odd))
    middleware.rule("^GET /service/rest/v1/repositorySettings$", listed)
    made = session_of(world)
    walk(made, until="connect")
    step = made.steps.routing
    seen: list[Check] = []
    run_checked(step, step.enter, seen.append, Cancel())
    assert step.problem is None, step.problem
    remarks = {check.detail: check for check in seen if check.state == "warning"}
    assert any("odd: docker.httpPort is '8082 (old)', which cannot be read" in r for r in remarks)
    assert any("whole: docker.httpPort is 8083.0, read as 8083" in r for r in remarks)
    (unread,) = (c for c in seen if c.id == "connector-port-unread")
    assert unread.problem is not None
    assert "the repository odd" in unread.problem.tried
