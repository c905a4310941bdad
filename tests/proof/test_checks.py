"""The comparison with cgr.dev, which is what *verified* means."""

from __future__ import annotations

import msgspec
import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import WizardError
from cgwizard.net.trust import Trust
from cgwizard.practice.world import PracticeWorld
from cgwizard.proof.checks import PullChecks
from cgwizard.registry.reference import Reference
from tests.support.guide import session_of, walk
from tests.support.ports import free_port


def test_another_digest_at_the_registry_is_a_problem_and_the_same_one_is_told(
    world: PracticeWorld,
) -> None:
    session = session_of(world)
    walk(session, until="pull")
    target = session.steps.pull.targets()[0]
    reference, finished = Reference.parse(target.reference), session.proofs[0].finished
    names = (reference.repository,)
    same = PullChecks(reference, finished, Cancel()).same_digest(session.upstream, names)
    assert same == finished.digest
    assert session.steps.pull.checks["free-digest"].state == "done"
    other = msgspec.structs.replace(finished, digest=f"sha256:{'0' * 64}")
    with pytest.raises(WizardError) as raised:
        PullChecks(reference, other, Cancel()).same_digest(session.upstream, names)
    assert raised.value.code == "cache-stale-tag"


def test_a_pinned_certificate_cannot_be_compared_with_that_of_a_plain_connector(
    world: PracticeWorld,
) -> None:
    session = session_of(world)
    walk(session, until="developer")
    session.trust = Trust(fingerprint="0" * 64)
    plain = session.routing.port
    for port, says in ((plain, "wrong version number"), (free_port(), "refused")):
        with pytest.raises(WizardError) as raised:
            session.connector(port, "https")
        assert raised.value.code == "connector-tls-failed"
        assert says in raised.value.problem.came_back.lower()
        assert f"127.0.0.1:{port}" in raised.value.problem.tried
