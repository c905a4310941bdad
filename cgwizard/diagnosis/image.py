"""The same image from the registry itself and through Nexus: the difference tells the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgwizard.diagnosis import causes
from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.connector import connector_fault
from cgwizard.diagnosis.facts import (
    anonymous_client,
    settings,
    signed_in_client,
    upstream_client,
)
from cgwizard.diagnosis.finding import Finding, ok, problem, skipped, unknown, warning
from cgwizard.diagnosis.names import reference_of, served, wrong_name
from cgwizard.diagnosis.probe import QUICK, Probe, probe, short
from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.diagnosis.token import entitled_registry
from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.registry.client import Registry

IMAGE_SECONDS = 90.0
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Refusals that prove that a sign-in is demanded.
CLOSED = frozenset({Code.NO_LOGIN, Code.NO_READ_PRIVILEGE, Code.NOT_ENTITLED, Code.LOGIN_WRONG})


def direct(subject: Subject, image: WantedImage) -> Probe:
    """The image from the registry itself. Raises WizardError where the token is not accepted."""

    def work() -> Probe:
        reference = reference_of(image)
        if image.private and subject.pull_token:
            registry = entitled_registry(subject, reference.repository)
        else:
            registry = upstream_client(subject)
        return probe(registry, reference.repository, reference.target, also=_suspects(subject))

    return subject.fact(f"direct {image.id}", work)


def _suspects(subject: Subject) -> frozenset[str]:
    """Blobs that the guide's failure names: these are compared whole."""
    last = subject.problem
    text = f"{last.tried} {last.came_back}" if last else ""
    return frozenset(_DIGEST.findall(text))


@check(
    "image-direct",
    "The registry itself serves the image",
    needs=("free", "upstream"),
    seconds=IMAGE_SECONDS,
)
def from_registry(subject: Subject) -> Iterator[Finding]:
    for image in subject.images:
        label = f"The registry itself serves {image.name}"
        if wrong_name(subject, image):
            yield skipped("its name is not a possible one", label=label)
            continue
        if image.private and subject.pull_token is None:
            yield skipped("it needs a pull token, and there is none", label=label)
            continue
        try:
            found = direct(subject, image)
        except WizardError as error:
            yield skipped(causes.not_taken(error), label=label)
            continue
        if found.error is None:
            yield ok(found.evidence, label=label)
        else:
            finding = causes.at_registry(found.error, found.stage, image)
            if finding.code in {Code.IMAGE_UNKNOWN, Code.NOT_ENTITLED} and _other_tag(
                subject, image
            ):
                finding = causes.tag_not_free(finding, image)
            yield finding.labeled(label)


def _other_tag(subject: Subject, image: WantedImage) -> bool:
    """Whether the same free image is served as latest, and another tag was asked for."""
    reference = reference_of(image)
    return (
        not image.private
        and reference.target != "latest"
        and served(subject, f"{reference.repository}:latest")
    )


@check(
    "image-through-nexus",
    "Nexus serves the same image",
    needs=("signed_in", "free", "connector"),
    seconds=IMAGE_SECONDS,
)
def through_nexus(subject: Subject) -> Iterator[Finding]:
    for image in subject.images:
        label = f"Nexus serves {image.name} from {image.repository}"
        yield _through(subject, image).labeled(label)


def _through(subject: Subject, image: WantedImage) -> Finding:
    registry = connected(subject, image)
    if isinstance(registry, Finding):
        return registry
    reference = reference_of(image)
    seen = probe(registry, reference.repository, reference.target, also=_suspects(subject))
    subject.heed(seen.problem)
    theirs = _direct_or_none(subject, image)
    if seen.error is None:
        return _compared(subject, seen, theirs)
    if seen.stage == "blob":
        return causes.blob_through_nexus(seen, theirs)
    if seen.error.code != Code.MANIFEST_UNKNOWN:
        return causes.refused_by_nexus(seen.error, subject, image)
    return _unknown(subject, image, registry, seen.error, theirs)


def connected(subject: Subject, image: WantedImage) -> Registry | Finding:
    """A client of the repository's connector, signed in, or why it is not asked."""
    if wrong_name(subject, image):
        return skipped("its name is not a possible one")
    registry = signed_in_client(subject, image)
    if registry is None:
        return skipped(f"{image.repository} is not there, or has no port of its own")
    if (wrong := connector_fault(subject, image)) is not None:
        return skipped(f"its connector does not answer as it should ({wrong.slug})")
    return registry


def _unknown(
    subject: Subject,
    image: WantedImage,
    registry: Registry,
    error: WizardError,
    theirs: Probe | WizardError | None,
) -> Finding:
    """Nexus says manifest unknown, which has many causes."""
    if isinstance(theirs, WizardError):
        return causes.unknown_with_bad_token(error, theirs)
    if error.missing and (theirs is None or theirs.stage != "manifest"):
        return causes.incomplete(error, theirs)
    if theirs is None or theirs.stage == "manifest":
        return causes.unknown_to_both(error, theirs)
    # Nexus does not ask again for a tag that it keeps as unknown. It never asked for the digest.
    by_digest = probe(registry, reference_of(image).repository, theirs.digest)
    if by_digest.stage != "manifest":
        return causes.negative_cache(error, image, theirs.digest)
    return causes.unknown_to_nexus_alone(error, settings(subject, image), image)


def _direct_or_none(subject: Subject, image: WantedImage) -> Probe | WizardError | None:
    if subject.upstream is None or (image.private and subject.pull_token is None):
        return None
    try:
        return direct(subject, image)
    except WizardError as error:
        return error


def _compared(subject: Subject, seen: Probe, theirs: Probe | WizardError | None) -> Finding:
    if not isinstance(theirs, Probe) or not theirs.digest:
        return ok(f"{seen.evidence}; it could not be compared with the registry")
    if seen.digest != theirs.digest:
        last = subject.problem
        known = last is not None and last.code == Code.CACHE_STALE_TAG
        return (problem if known else warning)(
            Code.CACHE_STALE_TAG,
            f"{short(seen.digest)} here, {short(theirs.digest)} at the registry",
            "the tag moved, and Nexus keeps the older image until its metadata's age is over",
            "wait, or invalidate the repository's cache in Nexus",
        )
    pairs = {piece.digest: piece for piece in theirs.pieces}
    for piece in seen.pieces:
        other = pairs.get(piece.digest)
        if other and other.read == piece.read and other.sha256 != piece.sha256:
            return causes.corrupt(f"the first {piece.read:,} bytes of {short(piece.digest)} differ")
    return ok(f"{seen.evidence}; the same as at the registry")


@check(
    "image-private-closed",
    "The private image is refused without a sign-in",
    needs=("signed_in", "private", "connector"),
    seconds=IMAGE_SECONDS,
)
def closed(subject: Subject) -> Finding:
    image = subject.private
    registry = anonymous_client(subject, image) if image else None
    if image is None or registry is None:
        return skipped("its repository is not there, or has no port of its own")
    if isinstance(signed_in := connected(subject, image), Finding):
        return signed_in
    registry.patience = QUICK
    reference = reference_of(image)
    try:
        registry.head(reference.repository, reference.target)
    except WizardError as error:
        if error.code in CLOSED:
            return ok(error.problem.came_back)
        return unknown(f"not told by this answer: {error.problem.came_back}")
    return problem(
        Code.ANONYMOUS_SEES_PRIVATE,
        f"{image.name}: served to nobody in particular",
        "anonymous access is on, and the repository does not ask for a sign-in: everybody who "
        "reaches the port gets the private images",
        f"set {image.repository} to force basic authentication, or switch anonymous access off",
    )
