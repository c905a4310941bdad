"""Changes of Nexus whose requests fail, get lost, or do not come to an end."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.changes import journal
from cgwizard.changes.journal import Journal
from cgwizard.errors import Cancelled, Code
from cgwizard.guide import connector
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Check
from cgwizard.guide.step import Step, run_checked
from cgwizard.nexus.models import DockerProxy
from cgwizard.practice.faults.answer_lost import AnswerLost
from cgwizard.practice.faults.connection_cut import RequestCut
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text import decode
from tests.conftest import leaks
from tests.support.faulty_nexus import names
from tests.support.guide import act, enter, refused, session_of, through, walk

PROXIES = "/service/rest/v1/repositories/docker/proxy"


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    made = session_of(world)
    walk(made, until="routing")
    enter(made.steps.developer)
    return made


def settings(world: PracticeWorld, name: str) -> str:
    """The whole configuration as Nexus keeps it, to compare; secrets as they print themselves."""
    return str(world.call(lambda: world.state.repositories[name].settings))


def password(world: PracticeWorld, name: str) -> Secret | None:
    def work() -> Secret | None:
        client = world.state.repositories[name].settings["httpClient"]
        found = (client.get("authentication") or {}).get("password")
        return found if found is None or isinstance(found, Secret) else Secret(found)

    return world.call(work)  # type: ignore[no-any-return]


# Lost answers, and a Nexus that dies


def test_a_request_that_never_arrived(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)
    step = session.steps.developer
    middleware.rule(f"^POST {PROXIES}$", RequestCut(), times=1)
    refused(step, "nexus-answer-broken")
    assert names(world) == before
    assert session.journal.made() == []
    act(step)
    assert step.state == "done"
    assert names(world) == before | {"chainguard"}


def test_an_answer_that_got_lost(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    """It was made: that is found out, told as done, and made once."""
    before = names(world)
    step = session.steps.developer
    middleware.rule(f"^POST {PROXIES}$", AnswerLost(), times=1)
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
    assert names(world) == before | {"chainguard"}
    assert [entry.repository for entry in session.journal.made()] == ["chainguard"]
    assert middleware.count(f"^POST {PROXIES}$") == 1


def test_a_gateway_that_gave_up_waiting(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    page = b"<html><title>504 Gateway Time-out</title></html>"
    rule = middleware.rule(
        f"^POST {PROXIES}$", NexusOtherAnswer(works=True, status=504, body=page), times=1
    )
    step = session.steps.developer
    act(step)
    assert rule.is_spent
    assert step.state == "done"
    assert middleware.count(f"^POST {PROXIES}$") == 1


def test_nexus_dies_with_the_answer(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)
    step = session.steps.developer
    rule = middleware.rule(
        f"^POST {PROXIES}$", AnswerLost(then=lambda: middleware.rule("", RequestCut())), times=1
    )
    told = refused(step, "change-unknown")
    assert "looked at first" in told.next_step
    assert rule.is_spent
    refused(step, "nexus-answer-broken")  # still dead
    middleware.rules.clear()
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
    assert names(world) == before | {"chainguard"}
    assert middleware.count(f"^POST {PROXIES}$") == 1


def test_what_cannot_be_read_back_is_removed(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)
    step = session.steps.developer
    middleware.rule(f"^GET {PROXIES}/chainguard$", NexusOtherAnswer(status=500, body=b"{}"))
    refused(step, "nexus-server-error")
    assert names(world) == before
    assert session.journal.made() == []
    middleware.rules.clear()
    act(step)
    assert step.state == "done"


def test_what_can_neither_be_read_back_nor_removed_is_said(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)
    step = session.steps.developer
    middleware.rule(f"^GET {PROXIES}/chainguard$", NexusOtherAnswer(status=500, body=b"{}"))
    middleware.rule("^DELETE", RequestCut())
    told = refused(step, "nexus-server-error")
    assert "chainguard stays in Nexus" in told.next_step
    assert [entry.repository for entry in session.journal.made()] == ["chainguard"]
    middleware.rules.clear()
    act(step)
    assert step.state == "done"
    assert names(world) == before | {"chainguard"}


def test_nexus_dies_at_every_request_of_a_creation(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    before = names(world)
    middleware.seen.clear()
    act(session.steps.developer)
    count = len(middleware.seen)
    session.nexus.delete_repository("chainguard")
    assert count >= 4
    for number in range(count):
        assert names(world) == before
        session.steps.developer.reset()
        enter(session.steps.developer)
        middleware.rule("", RequestCut(), after=number)
        run_checked(session.steps.developer, session.steps.developer.act, lambda _: None, Cancel())
        assert session.steps.developer.problem is not None, number
        middleware.rules.clear()
        act(session.steps.developer)
        assert session.steps.developer.problem is None, (number, session.steps.developer.problem)
        assert session.steps.developer.state == "done"
        assert names(world) == before | {"chainguard"}
        session.nexus.delete_repository("chainguard")


# The token into a repository that is there


def test_the_way_back_restores_what_was_there(
    session: Guide, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(session.steps.developer)
    before = settings(world, "chainguard")
    step = session.steps.token
    enter(step)
    step.set("mode", "add")
    act(step)
    assert any(line.startswith("PUT") for line in step.preview())
    with monkeypatch.context() as patch:
        patch.setattr(connector, "CONNECTOR_SECONDS", 0.0)
        patch.setattr(connector, "_ping", unanswered)
        refused(step, "connector-not-published", token_of(world))
    assert settings(world, "chainguard") == before
    assert password(world, "chainguard") is None
    assert session.plan.token is None
    act(step)
    assert step.problem is None, step.problem
    assert password(world, "chainguard") == world.info.pull_token.password


def unanswered(*_: object) -> bool:
    from cgwizard.registry.errors import RegistryError

    raise RegistryError(Code.REGISTRY_REFUSED, tried="x", came_back="x", cause="x", next_step="x")


def token_of(world: PracticeWorld) -> str:
    return world.info.pull_token.password.reveal()


def test_a_password_that_nobody_knows_cannot_come_back(
    session: Guide, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = DockerProxy.new(
        "chainguard", session.routing.port, credentials=Credentials("someone", Secret("kelp-7"))
    )
    session.nexus.create_docker_proxy(theirs)
    through(session.steps.developer)
    step = session.steps.token
    enter(step)
    step.set("mode", "add")
    act(step)
    assert any("someone" in note for note in step.notes())
    with monkeypatch.context() as patch:
        patch.setattr(connector, "CONNECTOR_SECONDS", 0.0)
        patch.setattr(connector, "_ping", unanswered)
        told = refused(step, "connector-not-published", token_of(world), "kelp-7")
    assert "chainguard stays in Nexus as changed" in told.next_step
    act(step)
    assert step.state == "done"


def test_a_token_of_this_run_comes_back(
    session: Guide, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(session.steps.developer)
    step = session.steps.token
    step.set("mode", "add")
    through(step)
    first = world.info.pull_token
    assert password(world, "chainguard") == first.password
    second = world.registry.tokens.issue(world.info.organization)
    step.set("token", f"{second.username} {second.password.reveal()}")
    act(step)
    with monkeypatch.context() as patch:
        patch.setattr(connector, "CONNECTOR_SECONDS", 0.0)
        patch.setattr(connector, "_ping", unanswered)
        refused(step, "connector-not-published", token_of(world), second.password.reveal())
    assert password(world, "chainguard") == first.password
    act(step)
    assert password(world, "chainguard") == second.password


def test_a_lost_answer_to_a_token(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    through(session.steps.developer)
    for mode, method in (("separate", "POST"), ("add", "PUT")):
        step = session.steps.token
        step.set("mode", mode)
        enter(step)
        if step.checked is None:
            act(step)
        middleware.rule(f"^{method} {PROXIES}", AnswerLost(), times=1)
        act(step)
        assert step.problem is None, step.problem
        assert step.state == "done"
        name = step.target.name
        assert password(world, name) == world.info.pull_token.password


def test_a_token_repository_left_by_a_nexus_that_died(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    through(session.steps.developer)
    step = session.steps.token
    enter(step)
    act(step)
    middleware.rule(
        f"^POST {PROXIES}", AnswerLost(then=lambda: middleware.rule("", RequestCut())), times=1
    )
    refused(step, "change-unknown", token_of(world))
    middleware.rules.clear()
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
    assert password(world, "chainguard-private") == world.info.pull_token.password


def test_remembered_failures_that_stay_are_a_warning(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    through(session.steps.developer)
    step = session.steps.token
    step.set("mode", "add")
    enter(step)
    act(step)
    middleware.rule("invalidate-cache$", NexusOtherAnswer(status=500, body=b"{}"))
    act(step)
    assert step.state == "done"
    assert step.checks["forget"].state == "warning"
    assert session.plan.token is not None


# Cancelling


def cancelled_at(step: Step, number: int) -> bool:
    """Act, cancelled when the ``number``-th report comes; whether it came that far."""
    cancel = Cancel()
    reports = 0

    def report(_check: Check) -> None:
        nonlocal reports
        if reports == number:
            cancel.set()
        reports += 1

    try:
        run_checked(step, step.act, report, cancel)
    except Cancelled:
        step.reset()
    return reports > number


@pytest.mark.parametrize("slow", [False, True])
def test_cancelling_at_every_point_leaves_nothing_half_made(
    session: Guide, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    """``slow``: the connector does not answer at once, so that it is waited for."""
    tries = 0
    ping = connector._ping

    def sluggish(*arguments: object) -> bool:
        nonlocal tries
        tries += 1
        return ping(*arguments) if tries % 3 == 0 else unanswered()  # type: ignore[arg-type]

    if slow:
        monkeypatch.setattr(connector, "_ping", sluggish)
    monkeypatch.setattr(connector, "POLL_SECONDS", 0.01)
    before = names(world)
    developer, token = session.steps.developer, session.steps.token
    number = 0
    outcomes = set()
    while True:
        enter(developer)
        reached = cancelled_at(developer, number)
        outcomes.add(developer.state)
        if developer.state == "done":
            assert names(world) == before | {"chainguard"}
            session.nexus.delete_repository("chainguard")
            developer.reset()
        else:
            assert developer.state == "todo"
            assert names(world) == before
            assert session.journal.made() == []
        if not reached:
            break
        number += 1
        for entry in session.journal.made():
            session.journal.write(entry.change, entry.repository, "undone")
    assert outcomes == {"todo", "done"}
    act(developer)
    assert developer.state == "done"

    configured = settings(world, "chainguard")
    for mode in ("separate", "add"):
        number = 0
        token.set("mode", mode)
        while True:
            enter(token)
            if token.checked is None:
                reached = cancelled_at(token, number)
                assert settings(world, "chainguard") == configured
                assert names(world) == before | {"chainguard"}
                if token.checked is None:
                    number += 1
                else:
                    number = 0
                continue
            reached = cancelled_at(token, number)
            if token.state == "done":
                break
            assert names(world) == before | {"chainguard"}
            assert settings(world, "chainguard") == configured
            number += 1
            assert reached
        if mode == "separate":
            session.nexus.delete_repository("chainguard-private")


def test_connect_and_the_port_can_be_cancelled_at_every_point(world: PracticeWorld) -> None:
    session = session_of(world)
    for step in (session.steps.connect, session.steps.routing):
        if step.id == "routing":
            enter(step)
        number = 0
        values, secrets = dict(step.values), dict(step.secrets)
        while cancelled_at(step, number):
            assert (step.values, step.secrets) == (values, secrets)
            step.reset()
            number += 1
        assert step.state == "done"
        assert number > 1


# The journal


def test_the_journal_is_read_back_and_private(world: PracticeWorld, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journal"
    session = session_of(world)
    session.journal = Journal(folder)
    walk(session, until="token")
    assert session.journal.path is not None
    assert stat.S_IMODE(session.journal.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert journal.read(session.journal.path) == session.journal.entries
    states = [(entry.repository, entry.state) for entry in session.journal.entries]
    assert states == [
        ("chainguard", "begun"),
        ("chainguard", "applied"),
        ("chainguard-private", "begun"),
        ("chainguard-private", "applied"),
        ("chainguard-private-pull", "begun"),
        ("chainguard-private-pull", "applied"),
        ("pull-chainguard-private", "begun"),
        ("pull-chainguard-private", "applied"),
    ]
    written = session.journal.path.read_bytes()
    assert not leaks(written)
    assert world.info.pull_token.password.reveal().encode() not in written
    assert world.info.nexus_url.encode() in written


def test_nothing_is_sent_that_could_not_be_noted(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    before = names(world)
    session.journal = Journal(blocked)
    step = session.steps.developer
    refused(step, "journal-not-written")
    assert names(world) == before
    assert middleware.count("^POST") == 0
    blocked.unlink()
    act(step)
    assert step.state == "done"


def test_lines_that_a_crash_or_a_full_disk_cut(tmp_path: Path) -> None:
    made = Journal(tmp_path)
    made.write("create a", "a", "begun")
    assert made.path is not None
    with made.path.open("ab") as file:
        file.write(b'{"run": "x", "tim')
    made._torn = True  # as after a write that did not end
    made.write("create a", "a", "applied")
    with made.path.open("ab") as file:
        file.write(b'{"run": "x"')
    assert [entry.state for entry in journal.read(made.path)] == ["begun", "applied"]
    made.path.write_bytes(b'{"run": 5}\n')
    with pytest.raises(decode.Unreadable):
        journal.read(made.path)


def test_a_repository_that_someone_took_away_meanwhile(
    session: Guide, world: PracticeWorld
) -> None:
    through(session.steps.developer)
    step = session.steps.token
    step.set("mode", "add")
    enter(step)
    act(step)
    session.nexus.delete_repository("chainguard")
    refused(step, "repository-not-found", token_of(world))
    developer = session.steps.developer
    developer.reset()
    through(developer)
    through(step)
    assert step.state == "done"
