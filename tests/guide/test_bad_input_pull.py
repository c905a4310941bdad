"""Test pull through a Nexus whose remote, cache or rights are not as they should be."""

from __future__ import annotations

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, Code
from cgwizard.events import LayerProgress, PullEvent
from cgwizard.guide.guide import Guide
from cgwizard.guide.image_names import image_problem
from cgwizard.guide.pull import PullStep
from cgwizard.guide.shown import Check
from cgwizard.guide.step import run_checked
from cgwizard.practice.faults.base import RegistryFault
from cgwizard.practice.faults.connection_cut import CutAnswer
from cgwizard.practice.faults.corrupt_body import CorruptBlob
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.faults.manifest_mismatch import ManifestMismatch
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.world import PracticeWorld
from cgwizard.proof.checks import OpenRegistry, PullChecks
from cgwizard.proof.result import Disproved
from cgwizard.registry import retry
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Secret
from tests.support.diagnosis import change
from tests.support.faulty_nexus import names
from tests.support.guide import act, enter, refused, session_of, through, walk

FREE = "chainguard/wolfi-base"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as always, but quick ones; no engine of this machine is looked for."""
    quick = RetryPolicy(
        first_pause=0.01, longest_pause=0.02, tries=2, stall_seconds=1.0, answer_seconds=5.0
    )
    monkeypatch.setattr(retry, "RetryPolicy", lambda **_: quick)
    monkeypatch.setattr(PullStep, "_find_engines", lambda _self: None)


@pytest.fixture
def world(world: PracticeWorld) -> PracticeWorld:
    world.docker.first_block_seconds = 0.01
    return world


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    """Both repositories are there, nothing was pulled yet."""
    made = session_of(world)
    walk(made, until="token")
    enter(made.steps.pull)
    return made


@pytest.fixture
def step(session: Guide) -> PullStep:
    return session.steps.pull


def recovers(step: PullStep, references: int = 2) -> None:
    for _ in range(3):  # the way Nexus keeps away from a remote that failed ends by itself
        act(step)
        if step.problem is None:
            break
    assert step.problem is None, step.problem
    assert [proof.verified for proof in step.session.proofs] == [True] * references
    assert step.state == "done"


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (CorruptBlob(FREE, place="blob"), {"digest-mismatch", "registry-cut"}),
        (CutAnswer(FREE, place="blob"), {"registry-cut"}),
        (ErrorStatus(FREE, place="blob", status=500), {"registry-unavailable"}),
        (ErrorStatus(FREE, place="manifest", status=503), {"remote-auto-blocked"}),
        (ManifestMismatch(FREE, place="manifest"), {"manifest-unknown"}),
    ],
)
def test_what_nexus_gets_from_its_remote_is_broken(
    step: PullStep, world: PracticeWorld, fault: RegistryFault, codes: set[str]
) -> None:
    before = names(world)
    world.registry.faults.add(fault)
    act(step)
    assert step.problem is not None
    assert step.problem.code in codes | {
        "blob-unknown",
        "manifest-unknown",
        "registry-unavailable",
        "remote-auto-blocked",
        "digest-mismatch",
    }
    assert step.session.proofs == []
    assert names(world) == before
    world.registry.faults.clear()
    recovers(step)


def test_the_registry_is_gone_behind_nexus(step: PullStep, world: PracticeWorld) -> None:
    world.registry.faults.add(ErrorStatus(place="token", status=503))
    act(step)
    assert step.problem is not None
    assert step.session.proofs == []
    world.registry.faults.clear()
    recovers(step)


def test_an_image_that_nobody_has(step: PullStep, world: PracticeWorld) -> None:
    step.set("free_image", "chainguard/no-such-image")
    told = refused(step, "manifest-unknown", world.info.pull_token.password.reveal())
    assert told.next_step
    step.set("free_image", FREE)
    assert step.fix is None
    recovers(step)


def test_what_nexus_remembers_as_unknown_is_forgotten_by_enter(
    step: PullStep, world: PracticeWorld
) -> None:
    world.registry.faults.add(ErrorStatus(FREE, place="manifest", status=404))
    refused(step, "manifest-unknown")
    world.registry.faults.clear()
    assert step.action().label == "forget failures, pull again"
    act(step)
    assert step.problem is None, step.problem
    assert step.session.proofs[0].verified


def test_a_second_image_that_fails_keeps_the_proof_of_the_first(
    step: PullStep, world: PracticeWorld
) -> None:
    org = world.info.organization
    step.set("private_image", f"{org}/redis-fips")  # not bought
    refused(step, "manifest-unknown", world.info.pull_token.password.reveal())
    (first,) = step.session.proofs
    assert first.verified
    assert step.checks["free-pull"].state == "done"
    assert step.checks["private-pull"].state == "problem"
    world.registry.requests.clear()
    refused(step, "manifest-unknown")
    assert step.session.proofs == [first]  # and it was not pulled again
    assert not [r for r in world.registry.requests if FREE in r.path and "blobs" in r.path]
    step.set("private_image", f"{org}/chainguard-base")
    recovers(step)


def test_a_tag_that_moved_is_fetched_anew_by_enter(
    step: PullStep, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nexus has the older one: here the comparison hears so once."""
    through(step)
    step.reset()
    asked: list[str] = []
    same = PullChecks.same_digest

    def moved(checks: PullChecks, upstream: OpenRegistry, names: tuple[str, ...]) -> str:
        asked.append(checks.reference.repository)
        if len(asked) == 1:
            raise Disproved(
                Code.CACHE_STALE_TAG, tried="x", came_back="x", cause="x", next_step="x"
            )
        return same(checks, upstream, names)

    monkeypatch.setattr(PullChecks, "same_digest", moved)
    refused(step, "cache-stale-tag")
    assert step.action().label == "invalidate its cache, pull again"
    act(step)
    assert step.problem is None, step.problem
    assert step.checks["forget"].state == "done"
    assert all(proof.verified for proof in step.session.proofs)


def test_upstream_that_cannot_be_asked_is_no_failure_of_nexus(
    step: PullStep, world: PracticeWorld, session: Guide
) -> None:
    through(step)
    step.reset()
    world.registry.faults.add(ErrorStatus(place="token", status=503))
    act(step)
    assert step.problem is None, step.problem
    assert step.checks["free-digest"].state == "warning"
    assert [proof.verified for proof in session.proofs] == [False, False]
    assert session.steps.finish.results()[0].verdict == "pulled, not compared"


def test_a_search_that_fails_is_no_failure_of_the_pull(
    step: PullStep, middleware: FaultMiddleware
) -> None:
    middleware.rule("/v1/search$", NexusOtherAnswer(status=500, body=b"{}"))
    act(step)
    assert step.problem is None, step.problem
    assert step.checks["free-search"].state == "warning"


def test_a_private_image_that_everybody_sees(
    step: PullStep, world: PracticeWorld, session: Guide
) -> None:
    token = world.info.pull_token
    change(session, "chainguard-private", token, docker={"force_basic_auth": False})
    world.state.realms_active.append("DockerToken")
    world.state.anonymous.enabled = True
    refused(step, "anonymous-sees-private", token.password.reveal())
    world.state.anonymous.enabled = False
    recovers(step)


def test_a_closed_door_is_not_taken_for_a_locked_one(
    step: PullStep, session: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the connector does not answer does not prove that it wants a sign-in."""
    connector = session.connector

    def gone(port: int, scheme: str = "http", **rest: object) -> object:
        if rest.get("anonymous"):
            return connector(1, scheme)
        return connector(port, scheme, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(session, "connector", gone)
    act(step)
    assert step.problem is None, step.problem
    assert step.checks["private-closed"].state == "warning"


def test_nexus_frozen_or_unlicensed_while_it_pulls(step: PullStep, world: PracticeWorld) -> None:
    world.state.eula_accepted = False
    refused(step, "nexus-eula")
    world.state.eula_accepted = True
    recovers(step)


def test_a_password_changed_meanwhile(step: PullStep, world: PracticeWorld, session: Guide) -> None:
    user = world.state.users["admin"]
    world.call(lambda: setattr(user, "password", Secret("another-one-55")))
    told = refused(step, "login-wrong", "another-one-55")
    assert told.next_step
    world.call(lambda: setattr(user, "password", world.info.password))
    recovers(step)


@pytest.mark.parametrize("platform", ["linux", "linux/amd64/v8/x", "a b/c", "windows/amd64"])
def test_a_platform_that_is_none(step: PullStep, platform: str) -> None:
    step.set("platform", platform)
    if not step.field_problems():
        act(step)
        assert step.problem is not None
        assert step.session.proofs == []
    step.set("platform", "linux/amd64")
    recovers(step)


@pytest.mark.parametrize(
    "image", ["", "wolfi-base", "cgr.dev/chainguard/wolfi-base", "chainguard/", "a/\x1b", "A/b",
              "chainguard/wolfi base", "chainguard/x:", "chainguard/x@sha256:12"],
)  # fmt: skip
def test_what_is_no_image(image: str) -> None:
    told = image_problem(image)
    assert told
    assert told.isprintable()


def test_cancelling_at_every_report_and_in_the_middle_of_a_layer(
    step: PullStep, world: PracticeWorld
) -> None:
    before = names(world)
    number, ended = 0, False
    while not ended:
        cancel, reports = Cancel(), 0

        def report(_check: Check, at: int = number, stop: Cancel = cancel) -> None:
            nonlocal reports
            if reports == at:
                stop.set()
            reports += 1

        try:
            run_checked(step, step.act, report, cancel)
            ended = True
        except Cancelled:
            step.reset()
            assert step.session.proofs == []
        assert not step.running
        assert names(world) == before
        number += 1
    assert number > 3
    step.reset()
    cancel = Cancel()

    def in_a_layer(event: PullEvent) -> None:
        if isinstance(event, LayerProgress) and event.state == "downloading":
            cancel.set()

    step.session.on_event = in_a_layer
    with pytest.raises(Cancelled):
        run_checked(step, step.act, lambda _check: None, cancel)
    step.session.on_event = lambda _event: None
    step.reset()
    recovers(step)
