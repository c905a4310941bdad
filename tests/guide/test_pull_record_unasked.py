"""A pull that is right stays verified when Nexus does not tell what it keeps of it."""

from __future__ import annotations

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import ExitCode
from cgwizard.frontends.unattended import Checked, Ended
from cgwizard.guide.shown import Check
from cgwizard.plan import model as plan
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs.saved import SavedRun
from tests.support.front_ends import applied, plainly, session_of
from tests.support.guide import act, enter, walk
from tests.support.guide import session_of as guide_of

COMPONENTS = "^GET /service/rest/v1/components"
HTML = "text/html"
ANSWERS = {
    "403": NexusOtherAnswer(status=403),
    "404": NexusOtherAnswer(status=404),
    "500": NexusOtherAnswer(status=500),
    "503": NexusOtherAnswer(status=503),
    "page 200": NexusOtherAnswer(body=b"<html><title>Portal</title></html>", content_type=HTML),
    "page 403": NexusOtherAnswer(403, b"<html><title>Filter</title></html>", content_type=HTML),
    "page 504": NexusOtherAnswer(504, b"<html><title>Gateway</title></html>", content_type=HTML),
    "no JSON": NexusOtherAnswer(body=b"{"),
    "half a list": NexusOtherAnswer(body=b'{"items": [{"id":'),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_unattended_it_is_verified(
    world: PracticeWorld, middleware: FaultMiddleware, answer: str
) -> None:
    middleware.rule(COMPONENTS, ANSWERS[answer])
    code, events, _ = applied(world, plan.Plan(token=plan.Token("skip")))
    assert code == ExitCode.DONE, events
    (last,) = (event for event in events if isinstance(event, Ended))
    assert [one.partition("/")[2] for one in last.verified] == ["chainguard/wolfi-base:latest"]
    told = [event for event in events if isinstance(event, Checked) and event.id == "free-cache"]
    assert told[-1].state == "warning"
    assert "cannot be known: " in told[-1].detail


def test_by_lines_it_is_verified(world: PracticeWorld, middleware: FaultMiddleware) -> None:
    middleware.rule(COMPONENTS, ANSWERS["403"])
    code, out = plainly(session_of(world))
    assert code == ExitCode.DONE
    assert out.count(" verified") >= 2, out
    assert "cannot be known: " in out


@pytest.mark.parametrize("answer", ["403", "500", "page 200"])
def test_a_run_that_goes_on_pulls_again(
    world: PracticeWorld, middleware: FaultMiddleware, answer: str
) -> None:
    first = guide_of(world)
    walk(first, until="pull")
    middleware.rule(COMPONENTS, ANSWERS[answer])
    step = first.steps.pull
    checks: list[Check] = []
    earlier = SavedRun(
        version=1,
        run="1",
        started=0,
        saved=0,
        nexus=world.info.nexus_url,
        user="admin",
        step=first.last.id,
        answers=first.plan,
        proofs=tuple(first.proofs),
    )
    assert not step.resume(earlier, checks.append, Cancel())
    assert checks[-1].state == "warning"
    assert "cannot be known: " in checks[-1].detail


@pytest.mark.parametrize("asked", ["/v1/search", "/v1/(components|search)"])
@pytest.mark.parametrize("answer", ["503", "page 403", "half a list"])
def test_what_cannot_be_asked_is_a_remark(
    world: PracticeWorld, middleware: FaultMiddleware, asked: str, answer: str
) -> None:
    session = guide_of(world)
    walk(session, until="token")
    step = session.steps.pull
    enter(step)
    middleware.rule(f"^GET /service/rest{asked}", ANSWERS[answer])
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
    assert [proof.verified for proof in session.proofs] == [True, True]
    remarks = {check.id for check in step.checks.values() if check.state == "warning"}
    for name, path in (("cache", "components"), ("search", "search")):
        assert (f"free-{name}" in remarks) == (path in asked), remarks
