"""Check of the images' names: what people write in the place of NAMESPACE/IMAGE."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from cgwizard.diagnosis.causes import REGISTRY
from cgwizard.diagnosis.model import Finding, Subject, Target, ok, problem, told
from cgwizard.diagnosis.probe import QUICK
from cgwizard.diagnosis.runner import check
from cgwizard.errors import Code, WizardError
from cgwizard.plan import model as plan
from cgwizard.registry.reference import Reference


def reference_of(target: Target) -> Reference:
    """Raises WizardError where the name is none."""
    return Reference.parse(f"{REGISTRY}/{target.image.strip()}")


def wrong_name(subject: Subject, target: Target) -> Finding | None:
    """What is wrong with the image's name as such; nobody is asked."""
    text = target.image.strip()
    try:
        name = reference_of(target).repository
    except WizardError as error:
        return told(error.problem)
    first, slash, rest = name.partition("/")
    names = {each.repository for each in subject.targets}
    if not slash:
        slug, cause = (
            Code.NAME_MISSING_NAMESPACE,
            "every image at cgr.dev has a namespace before it",
        )
        right = f"{plan.FREE_NAMESPACE}/{text}"
    elif first == REGISTRY:
        slug, cause = Code.NAME_WITH_UPSTREAM_HOST, "Nexus stands in the place of that host"
        right = text.partition("/")[2]
    elif first in names and "/" in rest:
        slug = Code.NAME_REPOSITORY_IN_PATH
        cause = "a port belongs to one repository, so that its name is no part of the image's"
        right = text.partition("/")[2]
    else:
        return None
    return problem(slug, text, cause, f"pull {right}")


@check("image-name", "The image's name is a possible one", needs=("free",))
def name(subject: Subject) -> Iterator[Finding]:
    for target in subject.targets:
        label = f"The name of the {target.id} image is a possible one"
        wrong = wrong_name(subject, target)
        if wrong is None:
            yield ok(target.image, label=label)
            continue
        evidence = wrong.evidence
        if wrong.next_step.startswith("pull ") and served(subject, wrong.next_step[5:]):
            evidence += f" (the registry itself has {wrong.next_step[5:]})"
        yield msgspec.structs.replace(wrong, label=label, evidence=evidence)


def served(subject: Subject, image: str) -> bool:
    """Whether the registry shows ``image`` to everybody."""
    if subject.upstream is None:
        return False
    make = subject.upstream
    registry = subject.registry("upstream", lambda: make(None))
    registry.patience = QUICK
    try:
        reference = Reference.parse(f"{REGISTRY}/{image}")
        registry.head(reference.repository, reference.target)
    except WizardError:
        return False
    return True
