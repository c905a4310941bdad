"""From many findings to the one cause that explains most: the earliest break in the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from cgwizard.diagnosis.model import Finding

# From the first thing that must work to the last. What comes later fails because of what is
# earlier, so that the earliest problem is the one to mend first.
CHAIN: tuple[str, ...] = (
    # here to Nexus
    "nexus-dns",
    "nexus-refused",
    "nexus-filtered",
    "nexus-tls-*",
    "nexus-http-https-mismatch",
    "nexus-*context-path",
    "client-proxy-in-the-way",
    "nexus-not-nexus",
    "nexus-wrong-port-is-connector",
    "login-wrong",
    "nexus-locked-out",
    # its state
    "nexus-starting",
    "nexus-read-only",
    "nexus-eula",
    "nexus-ce-limit",
    "nexus-*",
    # the repository
    "repository-*",
    "connector-*",
    "remote-manually-blocked",
    "remote-url-*",
    # the way to the registry
    "host-dns",
    "remote-dns",
    "host-refused",
    "host-timeout",
    "remote-proxy-*",
    "remote-egress",
    "host-tls*",
    "remote-tls-*",
    "host-*",
    "upstream-down",
    "rate-limited",
    # the image and who may have it
    "name-*",
    "tag-not-free",
    "image-unknown",
    "token-truncated",
    "token-wrong-kind",
    "token-unreadable",
    "token-expired",
    "token-revoked",
    "token-refused",
    "not-entitled",
    "token-not-in-nexus",
    "token-other-in-nexus",
    "no-login",
    "no-read-privilege",
    "realm-missing",
    # what Nexus keeps
    "remote-blob-host-blocked",
    "cache-corrupt",
    "negative-cache",
    "token-stuck",
    "cache-*",
    "remote-auto-blocked",
    "registry-*",
    "manifest-unknown",
    "blob-unknown",
    # what breaks no pull
    "anonymous-sees-private",
)
# A slug that is not in the chain says more than the mere symptom does.
UNLISTED = CHAIN.index("manifest-unknown") - 0.5


def conclude(findings: Sequence[Finding]) -> Finding | None:
    """The most probable single cause, for the top line; None where nothing is wrong."""
    problems = [finding for finding in findings if finding.verdict == "problem"]
    return min(problems, key=_place, default=None)


def _place(finding: Finding) -> float:
    places: Iterator[float] = (
        i for i, pattern in enumerate(CHAIN) if fnmatchcase(finding.slug, pattern)
    )
    return next(places, UNLISTED)
