"""A good pull stays one, whatever Nexus says when it is asked about its records afterwards."""

from __future__ import annotations

import pytest

from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.world import PracticeWorld
from tests.support.guide import act, enter, session_of, walk

PAGE = b"<html><head><title>Blocked by policy</title></head></html>"
ANSWERS = {
    "no privilege": NexusOtherAnswer(status=403),
    "broken": NexusOtherAnswer(status=500),
    "busy": NexusOtherAnswer(status=503),
    "page": NexusOtherAnswer(status=200, body=PAGE, content_type="text/html"),
    "page of a filter": NexusOtherAnswer(status=403, body=PAGE, content_type="text/html"),
    "half": NexusOtherAnswer(status=200, body=b'{"items": [{"id":'),
}


@pytest.mark.parametrize("asked", ["/v1/components", "/v1/search", "/v1/(components|search)"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_cannot_be_asked_is_a_remark(
    world: PracticeWorld, middleware: FaultMiddleware, asked: str, answer: str
) -> None:
    session = session_of(world)
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
