"""The same image from the registry itself and through Nexus: the difference tells the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from cgwizard.diagnosis import causes
from cgwizard.diagnosis.connector import answer, connector_of
from cgwizard.diagnosis.model import (
    Finding,
    Subject,
    Target,
    ok,
    problem,
    skipped,
    unknown,
    warning,
)
from cgwizard.diagnosis.names import reference_of, served, wrong_name
from cgwizard.diagnosis.probe import QUICK, Probe, probe, short
from cgwizard.diagnosis.repository import settings
from cgwizard.diagnosis.runner import check
from cgwizard.diagnosis.token import entitled_registry
from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.registry.client import Registry

IMAGE_SECONDS = 90.0
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Refusals that tell that nobody gets in without a sign-in.
CLOSED = {Code.NO_LOGIN, Code.NO_READ_PRIVILEGE, Code.NOT_ENTITLED, Code.LOGIN_WRONG, "denied"}


def direct(subject: Subject, target: Target) -> Probe:
    """The image from the registry itself. Raises WizardError where the pull token is no good."""

    def work() -> Probe:
        if subject.upstream is None:
            raise RuntimeError("a check that needs the registry ran without it")
        make = subject.upstream
        reference = reference_of(target)
        if target.private and subject.pull_token:
            registry = entitled_registry(subject, reference.repository)
        else:
            registry = subject.registry("upstream", lambda: make(None))
        return probe(registry, reference.repository, reference.target, also=_suspects(subject))

    return subject.fact(f"direct {target.id}", work)


def _suspects(subject: Subject) -> frozenset[str]:
    """Blobs that the guide's failure names: they are compared whole."""
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
    for target in subject.targets:
        label = f"The registry itself serves {target.image}"
        if wrong_name(subject, target):
            yield skipped("its name is not a possible one", label=label)
            continue
        if target.private and subject.pull_token is None:
            yield skipped("it needs a pull token, and there is none", label=label)
            continue
        try:
            found = direct(subject, target)
        except WizardError as error:
            yield skipped(f"the registry does not take the pull token ({error.code})", label=label)
            continue
        if found.error is None:
            yield ok(found.evidence, label=label)
        else:
            finding = causes.at_registry(found.error, found.stage, target)
            if finding.slug in {Code.IMAGE_UNKNOWN, Code.NOT_ENTITLED} and _other_tag(
                subject, target
            ):
                finding = causes.tag_not_free(finding, target)
            yield msgspec.structs.replace(finding, label=label)


def _other_tag(subject: Subject, target: Target) -> bool:
    """Whether the same free image is served as latest, and another tag was asked for."""
    reference = reference_of(target)
    return (
        not target.private
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
    for target in subject.targets:
        label = f"Nexus serves {target.image} from {target.repository}"
        yield msgspec.structs.replace(_through(subject, target), label=label)


def _through(subject: Subject, target: Target) -> Finding:
    registry = connected(subject, target)
    if isinstance(registry, Finding):
        return registry
    reference = reference_of(target)
    seen = probe(registry, reference.repository, reference.target, also=_suspects(subject))
    theirs = _direct_or_none(subject, target)
    if seen.error is None:
        return _compared(subject, seen, theirs)
    if seen.stage == "blob":
        return causes.blob_through_nexus(seen, theirs)
    if seen.error.code != Code.MANIFEST_UNKNOWN:
        return causes.refused_by_nexus(seen.error, subject, target)
    return _unknown(subject, target, registry, seen.error, theirs)


def connected(subject: Subject, target: Target) -> Registry | Finding:
    """The repository's connector with the user signed in, or why it is not to be asked."""
    if wrong_name(subject, target):
        return skipped("its name is not a possible one")
    found = connector_of(subject, target)
    if found is None or subject.connector is None:
        return skipped(f"{target.repository} is not there, or has no port of its own")
    if (wrong := answer(subject, target)) is not None:
        return skipped(f"its connector does not answer as it should ({wrong.slug})")
    make = subject.connector
    return subject.registry(f"connector {found}", lambda: make(found.port, found.scheme))


def _unknown(
    subject: Subject,
    target: Target,
    registry: Registry,
    error: WizardError,
    theirs: Probe | WizardError | None,
) -> Finding:
    """Manifest unknown, which Nexus says of many things."""
    if isinstance(theirs, WizardError):
        return causes.unknown_with_bad_token(error, theirs)
    if theirs is None or theirs.stage == "manifest":
        return causes.unknown_to_both(error, theirs)
    # A tag that is remembered as unknown is not asked for again; its digest was never asked for.
    by_digest = probe(registry, reference_of(target).repository, theirs.digest)
    if by_digest.stage != "manifest":
        return causes.negative_cache(error, target, theirs.digest)
    return causes.unknown_to_nexus_alone(error, settings(subject, target), target)


def _direct_or_none(subject: Subject, target: Target) -> Probe | WizardError | None:
    if subject.upstream is None or (target.private and subject.pull_token is None):
        return None
    try:
        return direct(subject, target)
    except WizardError as error:
        return error


def _compared(subject: Subject, seen: Probe, theirs: Probe | WizardError | None) -> Finding:
    if not isinstance(theirs, Probe) or not theirs.digest:
        return ok(f"{seen.evidence}; it could not be compared with the registry")
    if seen.digest != theirs.digest:
        evidence = f"{short(seen.digest)} here, {short(theirs.digest)} at the registry"
        cause = "the tag moved, and Nexus keeps the older image until its metadata's age is over"
        step = "wait, or invalidate the repository's cache in Nexus"
        if subject.problem is not None and subject.problem.code == Code.CACHE_STALE_TAG:
            return problem(Code.CACHE_STALE_TAG, evidence, cause, step)
        return warning(Code.CACHE_STALE_TAG, evidence, cause, step)
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
    target = subject.private
    found = connector_of(subject, target) if target else None
    if target is None or found is None or subject.anonymous is None:
        return skipped("its repository is not there, or has no port of its own")
    if isinstance(signed_in := connected(subject, target), Finding):
        return signed_in
    make = subject.anonymous
    registry = subject.registry(f"anonymous {found}", lambda: make(found.port, found.scheme))
    registry.patience = QUICK
    reference = reference_of(target)
    try:
        registry.head(reference.repository, reference.target)
    except WizardError as error:
        if error.code in CLOSED:
            return ok(error.problem.came_back)
        return unknown(f"not told by this answer: {error.problem.came_back}")
    return problem(
        Code.ANONYMOUS_SEES_PRIVATE,
        f"{target.image}: served to nobody in particular",
        "anonymous access is on, and the repository does not ask for a sign-in: everybody who "
        "reaches the port gets the private images",
        f"set {target.repository} to force basic authentication, or switch anonymous access off",
    )
