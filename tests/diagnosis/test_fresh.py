"""A freshly made repository to compare with: always removed, and what it tells."""

from __future__ import annotations

import pytest

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.chain import conclude
from cgwizard.diagnosis.finding import Finding, Started
from cgwizard.diagnosis.fresh import PREFIX, compare_with_fresh
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.guide.guide import Guide
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.models import DockerProxy
from cgwizard.plan import model as plan
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.client import Registry
from tests.support.diagnosis import change, set_up
from tests.support.ports import free_port


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    return set_up(world)


def compare(session: Guide) -> list[Finding]:
    with Subject.of(session) as subject:
        return compare_with_fresh(subject, lambda _event: None, Cancel())


def left(session: Guide) -> list[str]:
    return [r.name for r in session.nexus.repositories() if r.name.startswith(PREFIX)]


def slugs(found: list[Finding]) -> list[tuple[str, str]]:
    return [(f.slug, f.verdict) for f in found]


def test_both_serve_it(session: Guide) -> None:
    before = len(session.journal.made())
    found = compare(session)
    assert slugs(found) == [("fresh-repository", "ok")] * 2
    assert found[0].evidence.startswith("both serve it")
    assert left(session) == []
    assert len(session.journal.made()) == before
    entries = [e.state for e in session.journal.entries if e.repository.startswith(PREFIX)]
    assert entries == ["begun", "applied", "undone"]


def test_only_the_fresh_one_serves_it(session: Guide) -> None:
    change(session, "chainguard", proxy={"remote_url": "https://cgr.dev/chainguard"})
    found = compare(session)
    assert slugs(found) == [("compare-only-fresh-works", "problem"), ("fresh-repository", "ok")]
    assert "proxy.remoteUrl is https://cgr.dev/chainguard" in found[0].cause
    assert left(session) == []


def test_both_fail(session: Guide, world: PracticeWorld) -> None:
    world.registry.faults.add(ErrorStatus(repository=plan.FREE_IMAGE, place="manifest", status=404))
    found = compare(session)
    assert slugs(found) == [("compare-both-fail", "problem"), ("fresh-repository", "ok")]
    assert conclude(found) == found[0]


def test_only_the_old_one_serves_it(session: Guide, world: PracticeWorld) -> None:
    """It still serves what it has cached, which a fresh one cannot fetch any more."""
    assert slugs(compare(session)) == [("fresh-repository", "ok")] * 2
    world.registry.faults.add(ErrorStatus(repository=plan.FREE_IMAGE, place="manifest", status=404))
    found = compare(session)
    assert slugs(found) == [("compare-only-fresh-fails", "warning"), ("fresh-repository", "ok")]
    assert found[0].evidence.startswith("the fresh one: 404")
    assert "serves what it has cached" in found[0].cause
    assert left(session) == []


def test_cancelled_in_the_middle(session: Guide) -> None:
    cancel = Cancel()

    def report(event: Finding | Started) -> None:
        if isinstance(event, Finding):
            assert left(session)
            cancel.set()

    with Subject.of(session) as subject, pytest.raises(Cancelled):
        compare_with_fresh(subject, report, cancel)
    assert left(session) == []


def test_screen_that_fails_in_the_middle(session: Guide) -> None:
    def report(event: Finding | Started) -> None:
        if not isinstance(event, Started):
            raise BrokenPipeError("the screen is gone")

    with Subject.of(session) as subject, pytest.raises(BrokenPipeError):
        compare_with_fresh(subject, report, Cancel())
    assert left(session) == []


def test_connector_that_never_answers(session: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgwizard.diagnosis.fresh.CONNECTOR_SECONDS", 0.2)
    with Subject.of(session) as subject:
        subject.connector = lambda _port, _scheme: Registry(f"http://127.0.0.1:{free_port()}")
        found = compare_with_fresh(subject, lambda _event: None, Cancel())
    assert slugs(found) == [("registry-refused", "problem")]
    assert left(session) == []


def test_one_that_an_earlier_run_left_is_named(session: Guide) -> None:
    session.nexus.create_docker_proxy(DockerProxy.new(f"{PREFIX}0a1b2c3d", free_port()))
    found = compare(session)
    assert slugs(found)[0] == ("compare-left-behind", "warning")
    assert left(session) == [f"{PREFIX}0a1b2c3d"]


def test_one_that_cannot_be_removed_is_named(
    session: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: NexusClient, name: str) -> None:
        raise WizardError(
            Code.NEXUS_UNAVAILABLE, tried="deleting", came_back="503", cause="", next_step=""
        )

    with monkeypatch.context() as patched:
        patched.setattr(NexusClient, "delete_repository", refused)
        found = compare(session)
    (name,) = left(session)
    assert found[-1].slug == "compare-left-behind"
    assert name in found[-1].next_step


def test_nothing_is_made_before_connect(world: PracticeWorld) -> None:
    with Subject() as subject:
        (found,) = compare_with_fresh(subject, lambda _event: None, Cancel())
    assert found.verdict == "skipped"
