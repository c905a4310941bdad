"""What a failed pull means, compared with what the registry itself does with the same image."""

from __future__ import annotations

import msgspec

from cgwizard.diagnosis.facts import remote_status
from cgwizard.diagnosis.finding import Finding, evidence_of, failure, problem, unknown
from cgwizard.diagnosis.probe import Probe, short
from cgwizard.diagnosis.remote import remote_failure
from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.errors import Code, WizardError
from cgwizard.nexus.models import DockerProxy

FAILING = frozenset({Code.REGISTRY_UNAVAILABLE, Code.REDIRECT_LOOP, Code.REGISTRY_ANSWER})
UNKNOWN = frozenset({Code.MANIFEST_UNKNOWN, Code.BLOB_UNKNOWN})
# What Nexus answers while it does not reach its remote.
REMOTE_FAILS = frozenset(
    {Code.REGISTRY_UNAVAILABLE, Code.REMOTE_AUTO_BLOCKED, Code.REGISTRY_NO_ANSWER}
)


def at_registry(error: WizardError, stage: str, image: WantedImage) -> Finding:
    """The registry itself did not serve the image."""
    evidence = evidence_of(error.problem)
    if error.code.means_no_answer_from_registry:
        where = "the manifest" if stage == "manifest" else "the manifest arrives, a blob"
        return unknown(f"{where} cannot be fetched from here: {error.problem.came_back}")
    if error.code in FAILING:
        return problem(Code.UPSTREAM_DOWN, evidence)
    if error.code in UNKNOWN and not error.missing:
        return problem(
            Code.IMAGE_UNKNOWN,
            evidence,
            f"the registry itself has no {image.name}: the name or the tag is wrong",
        )
    return failure(error.problem)


def tag_not_free(finding: Finding, image: WantedImage) -> Finding:
    return msgspec.structs.replace(
        finding,
        code=Code.TAG_NOT_FREE,
        cause=Code.TAG_NOT_FREE.usual_cause,
        next_step=f"pull {image.name.rpartition(':')[0]}:latest, or one of your organization's",
    )


def refused_by_nexus(error: WizardError, subject: Subject, image: WantedImage) -> Finding:
    """Nexus answered with an error other than manifest unknown."""
    if error.code not in REMOTE_FAILS:
        return failure(error.problem)
    # Nexus is asked again: this pull may have changed the state.
    status = subject.client.remote_status(image.repository)
    if status is None or not status.reason:
        status = remote_status(subject, image)
    if status is None or not status.reason:
        return failure(error.problem)
    return remote_failure(status.reason, f"{evidence_of(error.problem)} ({status.reason})")


def blob_through_nexus(seen: Probe, theirs: Probe | WizardError | None) -> Finding:
    """Nexus served the manifest and then failed at a blob."""
    if seen.error is None:
        raise RuntimeError("nothing failed")
    evidence = f"blob {short(seen.blob)}: {seen.error.problem.came_back}"
    fine_there = isinstance(theirs, Probe) and any(p.digest == seen.blob for p in theirs.pieces)
    if seen.error.code.means_wrong_bytes:
        if fine_there:
            return corrupt(f"{evidence}; the registry's own is right")
        return failure(seen.error.problem)
    also_here = theirs.error if isinstance(theirs, Probe) and theirs.stage == "blob" else None
    if also_here is not None:
        if also_here.code.means_wrong_bytes:
            return failure(also_here.problem)
        if also_here.missing:
            return unknown(f"{evidence}; nor does the registry itself have it")
        evidence += f"; from here: {also_here.problem.came_back}"
    elif fine_there:
        evidence += "; from here the same blob arrives"
    return problem(
        Code.REMOTE_BLOB_HOST_BLOCKED,
        evidence,
        "the manifest comes from cgr.dev, blobs come from another host, which Nexus cannot reach"
        + (" (nor can this machine)" if also_here else ""),
        "have HTTPS to 9236a389bd48b984df91adc1bc924620.r2.cloudflarestorage.com opened for Nexus",
    )


def corrupt(evidence: str) -> Finding:
    return problem(Code.CACHE_CORRUPT, evidence)


def unknown_with_bad_token(error: WizardError, token: WizardError) -> Finding:
    return problem(
        Code.MANIFEST_UNKNOWN,
        f"{error.problem.came_back}; {not_taken(token)}",
    )


def not_taken(error: WizardError) -> str:
    """Why the registry does not serve an image to the pull token."""
    if error.code is Code.NOT_ENTITLED:
        return "the registry does not give this image to the pull token (not-entitled)"
    return f"the registry does not take the pull token ({error.code})"


def incomplete(error: WizardError, theirs: Probe | None) -> Finding:
    """Nexus serves the image's index and not all that the index names."""
    if theirs is None:
        return failure(error.problem)
    evidence = f"{error.problem.came_back}; the registry has {error.missing}"
    return problem(error.code, evidence, error.problem.cause, error.problem.next_step)


def unknown_to_both(error: WizardError, theirs: Probe | None) -> Finding:
    refusal = theirs.error if theirs is not None else None
    if refusal is not None and not refusal.code.means_no_answer_from_registry:
        return unknown(f"{error.problem.came_back}; nor does the registry itself serve it")
    return problem(
        Code.MANIFEST_UNKNOWN,
        f"{error.problem.came_back}; it could not be compared with the registry",
        error.problem.cause,
        error.problem.next_step,
    )


def negative_cache(error: WizardError, image: WantedImage, digest: str) -> Finding:
    return problem(
        Code.NEGATIVE_CACHE,
        f"{error.problem.came_back}; the registry has it, and by its digest {short(digest)} "
        "Nexus serves it, too",
        next_step=f"invalidate the cache of {image.repository} in Nexus, then pull again",
    )


def unknown_to_nexus_alone(
    error: WizardError, settings: DockerProxy | None, image: WantedImage
) -> Finding:
    """Nexus does not serve it by digest either, so the negative cache is not the reason."""
    evidence = f"{error.problem.came_back}; the registry has it for this pull token"
    stored = settings.http_client.authentication if settings else None
    if image.private and stored is None:
        return problem(
            Code.TOKEN_NOT_IN_NEXUS,
            evidence,
            f"{image.repository} does not sign in at the registry",
            f"give {image.repository} the pull token",
        )
    if stored is not None:
        return problem(
            Code.TOKEN_STUCK if image.private else Code.TOKEN_OTHER_IN_NEXUS,
            evidence if image.private else f"{error.problem.came_back}; the registry has it",
            f"{image.repository} holds a password that the registry refuses (a mistyped, older or "
            "ended one), or still uses the one from before a change",
            f"give {image.repository} the token again; if that does not help, make the repository "
            "anew or restart Nexus",
        )
    return problem(
        Code.MANIFEST_UNKNOWN,
        f"{error.problem.came_back}; the registry has it",
        "Nexus asks for another name than the registry knows: its remote storage, a routing rule, "
        "or a proxy on the way",
        "look at the remote storage first; then compare with a fresh repository",
    )
