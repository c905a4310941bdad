"""The whole guide by its defaults, without a front end."""

from __future__ import annotations

from cgwizard.cancel import Cancel
from cgwizard.nexus.client import NexusClient
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from tests.conftest import leaks
from tests.support.guide import act, enter, session_of, through, walk


def test_the_defaults_lead_to_two_verified_pulls(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    assert [proof.verified for proof in session.proofs] == [True, True]
    free, private = session.proofs
    assert free.reference.endswith("/chainguard/wolfi-base:latest")
    assert private.reference.endswith(f"/{world.info.organization}/chainguard-base:latest")
    assert all(proof.in_search and proof.second_seconds is not None for proof in session.proofs)
    states = {c.id: c.state for step in session.steps for c in step.checks.values()}
    assert set(states.values()) == {"done"}, states


def test_nexus_holds_what_the_plan_says(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    with NexusClient(world.info.nexus_url, session.credentials) as client:
        free, private = client.docker_proxy("chainguard"), client.docker_proxy("chainguard-private")
    assert free is not None
    assert private is not None
    assert free.proxy.remote_url == private.proxy.remote_url == "https://cgr.dev/"
    assert session.plan.routing is not None
    assert free.docker.http_port == session.plan.routing.port
    assert not free.has_credentials
    assert private.has_credentials
    made = [entry.repository for entry in session.journal.made()]
    assert made == [
        "chainguard",
        "chainguard-private",
        "chainguard-private-pull",
        "pull-chainguard-private",
    ]


def test_the_plan_goes_through_its_file_and_holds_no_secret(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    text = plan.to_toml(session.plan)
    assert answers_file.parse(text).plan == session.plan
    assert not leaks(text.encode())
    assert world.info.pull_token.password.reveal() not in text


def test_a_second_run_changes_nothing(world: PracticeWorld) -> None:
    walk(session_of(world))
    again = session_of(world)
    walk(again, until="developer")
    assert again.journal.made() == []
    assert again.plan.routing is not None
    assert again.plan.developer is not None
    assert again.plan.developer.existing in {"none", "use"}


def test_the_token_can_be_skipped(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="developer")
    step = session.steps.token
    enter(step)
    step.do("skip", lambda _check: None, Cancel())
    assert step.state == "skipped"
    through(session.steps.pull)
    assert [proof.verified for proof in session.proofs] == [True]


def test_the_token_can_go_into_the_same_repository(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="developer")
    step = session.steps.token
    step.set("mode", "add")
    through(step)
    through(session.steps.pull)
    assert [proof.verified for proof in session.proofs] == [True, True]
    ports = {proof.reference.partition("/")[0] for proof in session.proofs}
    assert len(ports) == 1


def test_nothing_is_sent_before_it_was_shown(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="routing")
    step = session.steps.developer
    enter(step)
    assert any('"remoteUrl": "https://cgr.dev/"' in line for line in step.preview())
    assert session.nexus.docker_proxy("chainguard") is None
    act(step)
    assert session.nexus.docker_proxy("chainguard") is not None


def test_a_preview_never_shows_the_token(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="developer")
    step = session.steps.token
    enter(step)
    act(step)
    shown = "\n".join(step.preview())
    assert '"password": "***"' in shown
    assert world.info.pull_token.password.reveal() not in shown


def test_going_back_and_changing_an_answer_takes_back_what_rests_on_it(
    world: PracticeWorld,
) -> None:
    session = session_of(world)
    walk(session, until="developer")
    session.steps.routing.set("port", "5999")
    assert session.steps.routing.state == "todo"
    assert session.steps.developer.state == "todo"
    assert session.steps.connect.state == "done"
    assert session.steps.developer.values["name"] == "chainguard"


def test_the_commands_name_every_tool_and_hold_no_secret(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    text = session.steps.finish.text()
    for tool in (
        "docker pull",
        "podman pull",
        "skopeo inspect",
        "cosign verify",
        "kubectl",
        "host.",
    ):
        assert tool in text
    assert all(proof.finished.digest in text for proof in session.proofs)
    assert not leaks(text.encode())
    assert world.info.pull_token.password.reveal() not in text
