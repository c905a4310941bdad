"""Check of the images' names: what users write in the place of NAMESPACE/IMAGE."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.facts import upstream_client
from cgwizard.diagnosis.finding import Finding, failure, ok, problem
from cgwizard.diagnosis.probe import QUICK
from cgwizard.diagnosis.remote import REMOTE_HOST
from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.errors import Code, WizardError
from cgwizard.plan import model as plan
from cgwizard.registry.reference import Reference


def reference_of(image: WantedImage) -> Reference:
    """Raises WizardError where the name is not a possible one."""
    return Reference.parse(f"{REMOTE_HOST}/{image.name.strip()}")


def wrong_name(subject: Subject, image: WantedImage) -> Finding | None:
    """What is wrong with the image's name itself. Sends no request."""
    text = image.name.strip()
    try:
        name = reference_of(image).repository
    except WizardError as error:
        return failure(error.problem)
    first, slash, rest = name.partition("/")
    names = {each.repository for each in subject.images}
    right = text.partition("/")[2]
    if not slash:
        code = Code.NAME_MISSING_NAMESPACE
        cause = "every image at cgr.dev has a namespace before it"
        right = f"{plan.FREE_NAMESPACE}/{text}"
    elif first == REMOTE_HOST:
        code, cause = Code.NAME_WITH_UPSTREAM_HOST, "Nexus stands in the place of that host"
    elif first in names and "/" in rest:
        code = Code.NAME_REPOSITORY_IN_PATH
        cause = "a port belongs to one repository, so that its name is no part of the image's"
    else:
        return None
    return problem(code, text, cause, f"pull {right}")


@check("image-name", "The image's name is a possible one", needs=("free",))
def name(subject: Subject) -> Iterator[Finding]:
    for image in subject.images:
        label = f"The name of the {image.id} image is a possible one"
        wrong = wrong_name(subject, image)
        if wrong is None:
            yield ok(image.name, label=label)
            continue
        evidence = wrong.evidence
        if wrong.next_step.startswith("pull ") and served(subject, wrong.next_step[5:]):
            evidence += f" (the registry itself has {wrong.next_step[5:]})"
        yield msgspec.structs.replace(wrong, label=label, evidence=evidence)


def served(subject: Subject, name: str) -> bool:
    """Whether the registry serves the image ``name`` without a sign-in."""
    if subject.upstream is None:
        return False
    registry = upstream_client(subject)
    registry.patience = QUICK
    try:
        reference = Reference.parse(f"{REMOTE_HOST}/{name}")
        registry.head(reference.repository, reference.target)
    except WizardError:
        return False
    return True
