"""A part of an image is missing, at the registry or in Nexus: guide and diagnosis name it."""

from __future__ import annotations

import pytest

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.diagnosis import Diagnosis
from cgwizard.guide.guide import Guide
from cgwizard.plan.model import FREE_IMAGE
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.models import Image, Index
from cgwizard.registry.platforms import Platform
from tests.support.diagnosis import findings, set_up
from tests.support.guide import act, enter

HERE = str(Platform.here())


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    made = set_up(world)
    enter(made.steps.pull)
    return made


def child(session: Guide) -> str:
    with session.upstream() as registry:
        index = registry.manifest(FREE_IMAGE, "latest").parsed
    assert isinstance(index, Index)
    (found,) = [each.digest for each in index.manifests if str(each.platform) == HERE]
    return found


def blobs(session: Guide) -> Image:
    with session.upstream() as registry:
        image = registry.manifest(FREE_IMAGE, child(session)).parsed
    assert isinstance(image, Image)
    return image


def diagnosed(session: Guide) -> Diagnosis:
    diagnosis = Diagnosis(session)
    diagnosis.begin()
    diagnosis.run(lambda: None, Cancel())
    diagnosis.end()
    return diagnosis


def nothing_doubts_the_name(session: Guide, missing: str, code: str) -> None:
    step = session.steps.pull
    act(step)
    assert step.problem is not None
    assert step.problem.code == code
    assert missing in step.problem.cause
    assert step.doubtful == ""
    assert step.action().label == "forget failures, pull again"
    diagnosis = diagnosed(session)
    assert missing in diagnosis.heading, diagnosis.heading
    said = [diagnosis.heading, diagnosis.context, str(step.problem)]
    said += [str(check) for check in diagnosis.checks()]
    for text in said:
        assert "the name or the tag is wrong" not in text
        assert "check the name" not in text
        assert "another name" not in text


def test_a_manifest_that_the_registry_does_not_have(session: Guide, world: PracticeWorld) -> None:
    gone = ErrorStatus(FREE_IMAGE, place="manifest", status=404, reference=child(session))
    world.registry.faults.add(gone)
    nothing_doubts_the_name(session, f"the manifest for {HERE}", "manifest-unknown")
    direct = [f for f in findings(session, "image-direct") if f.verdict == "problem"]
    assert [f.code for f in direct] == ["manifest-unknown"]
    world.registry.faults.clear()
    act(session.steps.pull)
    assert session.steps.pull.problem is None


def test_a_manifest_that_nexus_alone_does_not_have(session: Guide, world: PracticeWorld) -> None:
    gone = ErrorStatus(FREE_IMAGE, place="manifest", status=404, reference=child(session))
    world.registry.faults.add(gone)
    act(session.steps.pull)
    world.registry.faults.clear()  # Nexus remembers it
    (found,) = [f for f in findings(session, "image-through-nexus") if f.verdict == "problem"]
    assert found.code == "manifest-unknown"
    assert f"the registry has the manifest for {HERE}" in found.evidence
    assert "invalidate the repository's cache" in found.next_step


@pytest.mark.parametrize("which", ["its config", "layer 1 of"])
def test_a_blob_that_the_registry_does_not_have(
    session: Guide, world: PracticeWorld, which: str
) -> None:
    image = blobs(session)
    smallest = min(image.layers, key=lambda layer: layer.size)
    digest = image.config.digest if which == "its config" else smallest.digest
    number = image.layers.index(smallest) + 1
    missing = which if which == "its config" else f"layer {number} of {len(image.layers)}"
    gone = ErrorStatus(FREE_IMAGE, place="blob", status=404, reference=digest)
    world.registry.faults.add(gone)
    nothing_doubts_the_name(session, missing, "blob-unknown")
