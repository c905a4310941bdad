"""A password in plain HTTP to another machine: said once a run and host, before it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.frontends.unattended import Checked
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Check
from cgwizard.guide.step import run_checked
from cgwizard.net import unencrypted
from cgwizard.plan import model as plan
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.world import PracticeWorld
from tests.support.front_ends import applied, plainly
from tests.support.guide import act, enter, session_of, through, walk

TOLD = "the password crosses the network unencrypted"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no address were this machine's."""
    monkeypatch.setattr(unencrypted, "is_this_machine", lambda host: False)


def warnings(checks: list[Check]) -> list[str]:
    return [f"{check.label}: {check.detail}" for check in checks if "unencrypted" in check.id]


@pytest.mark.usefixtures("elsewhere")
def test_connect_says_it_before_the_password_is_sent(
    world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    session = session_of(world)
    step = session.steps.connect
    signed_before: list[int] = []

    def report(check: Check) -> None:
        if "unencrypted" in check.id:
            signed_before.append(len(middleware.signed))

    enter(step)
    run_checked(step, step.act, report, Cancel())
    assert step.problem is None
    assert signed_before == [0]
    assert middleware.signed
    assert warnings(list(step.checks.values())) == [f"Plain HTTP to 127.0.0.1: {TOLD}"]
    assert warnings(act(step)) == [], "once a run and host"
    session.close()


@pytest.mark.usefixtures("elsewhere")
def test_once_for_nexus_and_its_connectors(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="pull")
    enter(session.steps.finish)
    found = [text for step in session.steps for text in warnings(list(step.checks.values()))]
    assert found == [f"Plain HTTP to 127.0.0.1: {TOLD}"]
    session.close()


def test_a_connector_of_plain_http_of_a_nexus_with_tls(
    world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(world)
    walk(session, until="token")
    monkeypatch.setattr(unencrypted, "is_this_machine", lambda host: False)
    step = session.steps.pull
    enter(step)
    seen: list[Check] = []
    run_checked(step, step.act, seen.append, Cancel())
    assert step.problem is None
    assert warnings(seen) == [f"Plain HTTP to 127.0.0.1: {TOLD}"]
    assert "unencrypted" in seen[0].id, "before anything is pulled"
    session.close()


def test_finish_says_it_where_the_pulls_are_of_an_earlier_run(
    world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(world)
    walk(session, until="pull")
    monkeypatch.setattr(unencrypted, "is_this_machine", lambda host: False)
    assert warnings(enter(session.steps.finish)) == [f"Plain HTTP to 127.0.0.1: {TOLD}"]
    session.close()


@pytest.mark.usefixtures("elsewhere")
def test_a_registry_of_plain_http(world: PracticeWorld) -> None:
    registry = plan.Registry("http://registry.invalid:5000")
    session = Guide(url=world.info.nexus_url, user=world.info.username, registry=registry)
    session.steps.connect.set("password", world.info.password.reveal())
    session.steps.connect.set("keep", "memory")
    through(session.steps.connect)
    assert warnings(list(session.steps.connect.checks.values())) == [
        f"Plain HTTP to 127.0.0.1: {TOLD}",
        "Plain HTTP to registry.invalid: the pull token crosses the network unencrypted",
    ]
    session.close()


@pytest.mark.usefixtures("elsewhere")
def test_prompts_and_unattended_runs_say_it(world: PracticeWorld, tmp_path: Path) -> None:
    session = session_of(world)
    _, out = plainly(session)
    assert out.count(TOLD) == 1
    assert f"warning  Plain HTTP to 127.0.0.1: {TOLD}" in out
    _, events, _ = applied(world, session.plan)
    warned = [e for e in events if isinstance(e, Checked) and "unencrypted" in e.id]
    assert [(e.step, e.state, e.label) for e in warned] == [
        ("connect", "warning", "Plain HTTP to 127.0.0.1")
    ]


def test_this_machine_is_no_network(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    assert [text for step in session.steps for text in warnings(list(step.checks.values()))] == []
    assert "unencrypted" not in session.steps.finish.text()
    session.close()
