"""The runner: order, isolation, bounds in time, cancelling; and what is concluded."""

from __future__ import annotations

import importlib
import pkgutil
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

from cgwizard import diagnosis
from cgwizard.cancel import Cancel
from cgwizard.diagnosis import runner
from cgwizard.diagnosis.chain import CHAIN, conclude, family
from cgwizard.diagnosis.check import CheckInfo, Need, Work
from cgwizard.diagnosis.checks import CHECKS
from cgwizard.diagnosis.finding import Finding, Started, ok, problem
from cgwizard.diagnosis.runner import run
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.practice.world import PracticeWorld
from tests.support.diagnosis import findings, set_up
from tests.support.practice_world import ADMIN_PASSWORD


def these(monkeypatch: pytest.MonkeyPatch, *works: Work, seconds: float = 5) -> None:
    """Put ``works`` in the place of the registered checks."""
    infos = tuple(CheckInfo(w.__name__, f"label {w.__name__}", (), seconds, w) for w in works)
    monkeypatch.setattr("cgwizard.diagnosis.runner.CHECKS", infos)


def test_ids_are_unique_and_needs_are_known() -> None:
    assert len({info.id for info in CHECKS}) == len(CHECKS)
    known: set[Need] = set(runner._MISSING)
    assert {need for info in CHECKS for need in info.needs} <= known


def test_every_check_is_run() -> None:
    """One that is declared, but not named in `checks`, would never run."""
    names = [module.name for module in pkgutil.iter_modules(diagnosis.__path__)]
    modules = [importlib.import_module(f"cgwizard.diagnosis.{name}") for name in names]
    declared = {
        thing.id
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, CheckInfo)
    }
    assert declared <= {info.id for info in CHECKS}
    assert "repository-rules" in declared


def test_order_is_that_of_the_checks_not_of_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def slow(subject: Subject) -> Finding:
        assert gate.wait(5)
        return ok("slow")

    def quick(subject: Subject) -> Iterator[Finding]:
        yield ok("one")
        yield ok("two")
        gate.set()

    these(monkeypatch, slow, quick)
    seen: list[Finding | Started] = []
    found = run(Subject(), seen.append, Cancel())
    assert [f.evidence for f in found] == ["slow", "one", "two"]
    assert [e.check for e in seen if isinstance(e, Started)] == ["slow", "quick"]
    assert [e.evidence for e in seen if isinstance(e, Finding)] == ["one", "two", "slow"]
    assert found[0] == Finding("ok", "slow", check="slow", label="label slow")


def test_mistake_in_one_check_ends_only_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(subject: Subject) -> Iterator[Finding]:
        yield ok("before")
        raise ValueError("password=hunter2")

    def fine(subject: Subject) -> Finding:
        return ok("after")

    these(monkeypatch, broken, fine)
    found = run(Subject(), lambda _event: None, Cancel())
    assert [(f.slug, f.verdict) for f in found] == [
        ("broken", "ok"),
        ("check-failed", "unknown"),
        ("fine", "ok"),
    ]
    assert "hunter2" not in found[1].evidence


@pytest.mark.parametrize(
    ("code", "verdict"), [("nexus-refused", "problem"), ("nexus-forbidden", "unknown")]
)
def test_failure_becomes_a_finding(
    monkeypatch: pytest.MonkeyPatch, code: str, verdict: str
) -> None:
    def fails(subject: Subject) -> Finding:
        raise WizardError(Code(code), tried="this", came_back="that", cause="why", next_step="do")

    these(monkeypatch, fails)
    (found,) = run(Subject(), lambda _event: None, Cancel())
    assert (found.slug, found.verdict, found.evidence) == (code, verdict, "this: that")
    assert (found.cause, found.next_step) == ("why", "do")


def test_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def hangs(subject: Subject) -> Iterator[Finding]:
        yield ok("begun")
        gate.wait(20)
        yield ok("too late")

    these(monkeypatch, hangs, seconds=0.2)
    began = time.monotonic()
    found = run(Subject(), lambda _event: None, Cancel())
    gate.set()
    assert time.monotonic() - began < 5
    assert [(f.slug, f.verdict) for f in found] == [("hangs", "ok"), ("no-result", "unknown")]


def test_cancelling_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    cancel = Cancel()

    def hangs(subject: Subject) -> Finding:
        cancel.set()
        gate.wait(20)
        return ok()

    these(monkeypatch, hangs)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        run(Subject(), lambda _event: None, cancel)
    gate.set()
    assert time.monotonic() - began < 5


def test_no_more_than_a_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def counted(subject: Subject) -> Finding:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        return ok()

    these(monkeypatch, *[counted] * 20)
    assert len(run(Subject(), lambda _event: None, Cancel())) == 20
    assert 1 < most[0] <= runner.PARALLEL


def test_nothing_known_is_no_problem() -> None:
    """Whatever is missing, a check says so; only the hosts can be looked at without anything."""
    chosen = [info.id for info in CHECKS if "host-" not in info.id]
    found = run(Subject(), lambda _event: None, Cancel(), only=chosen)
    assert {f.verdict for f in found} == {"skipped"}
    assert [f.check for f in found] == chosen
    assert all(f.evidence for f in found)


def test_facts_are_found_once_and_failures_remembered() -> None:
    subject, calls = Subject(), []

    def work() -> str:
        calls.append(1)
        raise WizardError(Code.CRASHED, tried="", came_back="", cause="", next_step="")

    for _ in range(3):
        with pytest.raises(WizardError):
            subject.fact("key", work)
    assert len(calls) == 1


def test_findings_hold_no_secret(world: PracticeWorld) -> None:
    session = set_up(world)
    token = world.info.pull_token.password.reveal()
    world.registry.tokens.revoke(world.info.pull_token)
    text = msgspec.json.encode(findings(session)).decode()
    assert ADMIN_PASSWORD not in text
    assert token not in text
    assert token[:40] not in text


@pytest.mark.parametrize(
    ("slugs", "cause"),
    [
        ([], None),
        (["manifest-unknown", "remote-url-path"], "remote-url-path"),
        (["upstream-down", "host-tls", "host-refused", "host-dns"], "host-dns"),
        (["token-expired", "host-http"], "host-http"),
        (["manifest-unknown", "routing-rule"], "routing-rule"),
        (["anonymous-sees-private", "manifest-unknown"], "manifest-unknown"),
        (["negative-cache", "nexus-eula"], "nexus-eula"),
    ],
)
def test_conclusion_is_the_earliest_break(slugs: list[str], cause: str | None) -> None:
    found = [problem(Code(slug), "", "") for slug in slugs] + [ok()]
    concluded = conclude(found)
    assert (concluded.slug if concluded else None) == cause


def test_every_family_of_the_chain_has_members() -> None:
    """A mistyped one would be empty."""
    assert all(link for link in CHAIN)
    assert Code.NEXUS_TLS_NAME in family("nexus-tls-")
