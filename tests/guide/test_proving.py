"""The comparison with cgr.dev, which is what *verified* means."""

from __future__ import annotations

import msgspec
import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import WizardError
from cgwizard.guide.proving import Questions
from cgwizard.guide.step import Check
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.reference import Reference
from tests.helpers_guide import session_of, walk


def test_another_digest_at_the_registry_is_a_problem_and_the_same_one_is_told(
    world: PracticeWorld,
) -> None:
    session = session_of(world)
    walk(session, until="pull")
    target = session.steps.pull.targets()[0]
    reference, finished = Reference.parse(target.reference), session.proofs[0].finished
    seen: list[Check] = []
    same = Questions(session, target, reference, finished, seen.append, Cancel())
    assert same.same_digest() == finished.digest
    assert seen[-1].state == "done"
    other = msgspec.structs.replace(finished, digest=f"sha256:{'0' * 64}")
    moved = Questions(session, target, reference, other, seen.append, Cancel())
    with pytest.raises(WizardError) as raised:
        moved.same_digest()
    assert raised.value.code == "cache-stale-tag"
