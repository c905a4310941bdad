"""A machine that may not reach cgr.dev, with a Nexus that may: common behind firewalls."""

from __future__ import annotations

from cgwizard.cancel import Cancel
from cgwizard.guide.step import run_checked
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.client import Registry
from cgwizard.secrets.secret import Credentials
from tests.support.guide import act, enter, session_of, through, walk
from tests.support.ports import free_port


def test_the_token_can_go_to_nexus_unasked_by_choice(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="developer")
    session.upstream = _nowhere  # type: ignore[method-assign]
    step = session.steps.token
    enter(step)
    act(step)
    assert step.problem is not None
    assert step.problem.code == "registry-refused"
    assert session.nexus.docker_proxy("chainguard-private") is None
    assert step.action().label == "try again"
    (offer,) = (other for other in step.others() if other.key == "f7")
    assert offer.label == "go on without asking cgr.dev from here"
    run_checked(step, lambda told, stop: step.do(offer.id, told, stop), lambda _: None, Cancel())
    act(step)
    assert step.problem is None
    assert step.checks["accepted"].state == "warning"
    assert step.preview(), "what will be sent is shown first, as always"
    act(step)
    assert step.state == "done"
    # The pull through Nexus proves the token; the comparison is missing, and that is said.
    through(session.steps.pull)
    assert [proof.verified for proof in session.proofs] == [False, False]
    assert session.steps.pull.checks["private-digest"].state == "warning"


def _nowhere(credentials: Credentials | None = None) -> Registry:
    return Registry(f"http://127.0.0.1:{free_port()}", credentials, name="cgr.dev")
