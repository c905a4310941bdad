"""From many findings to the one cause that explains most: the earliest break in the chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cgwizard.diagnosis.finding import Finding
from cgwizard.errors import Code


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
# A code that is not in the chain says more than the mere symptom does.
UNLISTED = CHAIN.index(Code.MANIFEST_UNKNOWN) - 0.5


def conclude(findings: Sequence[Finding]) -> Finding | None:
    """The most probable single cause, for the top line; None where nothing is wrong."""
    problems = [finding for finding in findings if finding.verdict == "problem"]
    return min(problems, key=_place, default=None)


def _place(finding: Finding) -> float:
    places = (i for i, link in enumerate(CHAIN) if finding.code in _codes(link))
    return next(places, UNLISTED)


def _codes(link: Code | frozenset[Code]) -> Collection[Code | None]:
    return (link,) if isinstance(link, Code) else link
