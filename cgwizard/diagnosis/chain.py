"""From many findings to the one cause that explains most: the earliest break in the chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cgwizard.diagnosis.finding import Finding, evidence_of, failure
from cgwizard.errors import Code, Problem


def family(prefix: str) -> frozenset[Code]:
    return frozenset(code for code in Code if code.startswith(prefix))


# From the first thing that must work to the last. Later parts fail because of earlier ones, so
# the earliest problem is the one to mend first. A code counts where it stands first.
CHAIN: tuple[Code | frozenset[Code], ...] = (
    # here to Nexus
    Code.NEXUS_DNS,
    Code.NEXUS_REFUSED,
    Code.NEXUS_FILTERED,
    family("nexus-tls-"),
    Code.NEXUS_HTTP_HTTPS_MISMATCH,
    Code.NEXUS_CONTEXT_PATH,
    Code.CLIENT_PROXY_IN_THE_WAY,
    Code.NEXUS_NOT_NEXUS,
    Code.NEXUS_WRONG_PORT_IS_CONNECTOR,
    Code.LOGIN_WRONG,
    Code.NEXUS_LOCKED_OUT,
    # its state
    Code.NEXUS_STARTING,
    Code.NEXUS_READ_ONLY,
    Code.NEXUS_EULA,
    Code.NEXUS_CE_LIMIT,
    family("nexus-"),
    # the repository
    family("repository-"),
    family("connector-"),
    Code.REMOTE_MANUALLY_BLOCKED,
    family("remote-url-"),
    # the way to the registry
    Code.HOST_DNS,
    Code.REMOTE_DNS,
    Code.HOST_REFUSED,
    Code.HOST_TIMEOUT,
    family("remote-proxy-"),
    Code.REMOTE_EGRESS,
    frozenset({Code.HOST_TLS, Code.HOST_TLS_INTERCEPTED}),
    Code.REMOTE_TLS_INTERCEPTED,
    family("host-"),
    Code.UPSTREAM_DOWN,
    Code.RATE_LIMITED,
    # the image and who may have it
    family("name-"),
    Code.TAG_NOT_FREE,
    Code.IMAGE_UNKNOWN,
    Code.TOKEN_TRUNCATED,
    Code.TOKEN_WRONG_KIND,
    Code.TOKEN_UNREADABLE,
    Code.TOKEN_EXPIRED,
    Code.TOKEN_REVOKED,
    Code.TOKEN_REFUSED,
    Code.NOT_ENTITLED,
    Code.TOKEN_NOT_IN_NEXUS,
    Code.TOKEN_OTHER_IN_NEXUS,
    Code.NO_LOGIN,
    Code.NO_READ_PRIVILEGE,
    Code.REALM_MISSING,
    # what Nexus keeps
    Code.REMOTE_BLOB_HOST_BLOCKED,
    Code.CACHE_CORRUPT,
    Code.NEGATIVE_CACHE,
    Code.TOKEN_STUCK,
    family("cache-"),
    Code.REMOTE_AUTO_BLOCKED,
    family("registry-"),
    Code.MANIFEST_UNKNOWN,
    Code.BLOB_UNKNOWN,
    # what breaks no pull
    Code.ANONYMOUS_SEES_PRIVATE,
)
HARMLESS = frozenset({Code.ANONYMOUS_SEES_PRIVATE})
# A code that is not in the chain says more than the mere symptom does.
UNLISTED = CHAIN.index(Code.MANIFEST_UNKNOWN) - 0.5


# Failures of the guide that may have several causes, and the checks (by id) that can find them.
# Another failure is its own cause.
_NEXUS = frozenset({"nexus-answers", "nexus-writable", "nexus-sign-in", "nexus-eula"})
_CONNECTOR = _NEXUS | {"repository", "repository-rules", "blob-store", "connector"}
_TOKEN = frozenset({"image-name", "token-shape", "token-expiry", "token-accepted"})
_DIRECT = _TOKEN | {"host-cgr.dev", "image-direct"}
_BYTES = frozenset({"image-direct", "image-through-nexus", "fresh-repository"})
_NEXUS_SILENT = frozenset(
    {
        Code.NEXUS_ANSWER_BROKEN,
        Code.NEXUS_ANSWER_TOO_BIG,
        Code.NEXUS_ANSWER_UNEXPECTED,
        Code.NEXUS_NO_ANSWER,
        Code.NEXUS_SERVER_ERROR,
        Code.NEXUS_TOO_SLOW,
        Code.NEXUS_UNAVAILABLE,
    }
)
_NEXUS_UNREACHED = frozenset({Code.NEXUS_DNS, Code.NEXUS_REFUSED, Code.NEXUS_FILTERED})
_UNREACHED = frozenset(
    {
        Code.CLIENT_PROXY_IN_THE_WAY,
        Code.CONNECTOR_FIREWALLED,
        Code.CONNECTOR_NOT_PUBLISHED,
        Code.CONNECTOR_TLS_FAILED,
        Code.REGISTRY_DNS,
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        Code.REGISTRY_NOT_HERE,
        Code.REGISTRY_REFUSED,
        Code.REGISTRY_TIMEOUT,
        Code.REGISTRY_TLS,
        Code.REGISTRY_UNREACHABLE,
    }
)
_NOT_SERVED = frozenset(
    {
        Code.BLOB_UNKNOWN,
        Code.ENGINE_PULL_FAILED,
        Code.MANIFEST_UNKNOWN,
        Code.REGISTRY_ANSWER,
        Code.REGISTRY_CUT,
        Code.REGISTRY_NO_ANSWER,
        Code.REGISTRY_STALLED,
        Code.REGISTRY_UNAVAILABLE,
        Code.REMOTE_AUTO_BLOCKED,
    }
)
_WRONG_BYTES = frozenset(
    {Code.DIGEST_MISMATCH, Code.LAYER_CORRUPT, Code.MANIFEST_INVALID, Code.SIZE_MISMATCH}
)


def conclude(
    findings: Sequence[Finding], failed: Problem | None = None, *, directly: bool = False
) -> Finding | None:
    """The most probable single cause, for the top line; None where nothing is wrong.

    ``failed``: what failed in the guide. Then only what can explain that is a cause, and at
    least the failure itself is one. ``directly``: it failed at a request to the registry
    itself, not through Nexus.
    """
    problems = [finding for finding in findings if finding.verdict == "problem"]
    if failed is not None:
        able = _able_to_explain(failed.code, directly)
        problems = [
            finding
            for finding in problems
            if finding.code is failed.code
            or (finding.check in able if able is not None else finding.code not in HARMLESS)
        ]
        if not problems:
            return _passed(findings, failed, directly) or failure(failed)
    return min(problems, key=_place, default=None)


def _able_to_explain(code: Code, directly: bool) -> Collection[str] | None:
    """The checks that can find the cause of a failure with ``code``; None for all."""
    if code in _NEXUS_SILENT:
        return _NEXUS
    if code in _UNREACHED:
        return _DIRECT if directly else _CONNECTOR
    if code in _WRONG_BYTES:
        return _BYTES
    if code in {Code.TOKEN_REFUSED, Code.NOT_ENTITLED}:
        return _TOKEN
    if code in _NOT_SERVED:
        return _DIRECT if directly else None
    return ()


def _passed(findings: Sequence[Finding], failed: Problem, directly: bool) -> Finding | None:
    """That the failure is over, where the check of just that finds nothing wrong."""
    if failed.code in _NEXUS_SILENT | _NEXUS_UNREACHED:
        check = "nexus-answers"
    elif failed.code in _UNREACHED:
        check = "host-cgr.dev" if directly else "connector"
    elif failed.code in _NOT_SERVED | _WRONG_BYTES:
        check = "image-direct" if directly else "image-through-nexus"
    else:
        return None
    same = [finding for finding in findings if finding.check == check]
    if not same or any(finding.verdict != "ok" for finding in same):
        return None
    over = f"that has passed: {same[0].label}"
    return Finding("problem", evidence_of(failed), over, "go back and try again", failed.code)


def _place(finding: Finding) -> float:
    places = (i for i, link in enumerate(CHAIN) if finding.code in _codes(link))
    return next(places, UNLISTED)


def _codes(link: Code | frozenset[Code]) -> Collection[Code | None]:
    return (link,) if isinstance(link, Code) else link
