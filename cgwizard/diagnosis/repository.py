"""Checks of the repositories in Nexus: settings, remote storage, the state of the remote."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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
from cgwizard.diagnosis.runner import check
from cgwizard.errors import Code
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.nexus.models import DockerProxy, RemoteStatus

REMOTE_HOST = "cgr.dev"
LEAST_SPACE = 100 * 1000 * 1000  # bytes; less and the next image may not fit


def settings(subject: Subject, target: Target) -> DockerProxy | None:
    """The repository as Nexus has it; None where there is none. Raises WizardError."""
    name = target.repository
    return subject.fact(f"settings {name}", lambda: subject.client.docker_proxy(name))


def remote_status(subject: Subject, target: Target) -> RemoteStatus | None:
    """What Nexus thinks of the remote; None where it does not tell. Raises WizardError."""
    name = target.repository
    return subject.fact(f"status {name}", lambda: subject.client.remote_status(name))


def _each(subject: Subject, label: str) -> Iterator[tuple[str, DockerProxy]]:
    """The repositories that exist, each with the label of its finding."""
    for target in subject.repositories:
        found = settings(subject, target)
        if found is not None:
            yield f"{label}: {target.repository}", found


@check("repository", "The repository exists and is online", needs=("signed_in", "free"))
def exists(subject: Subject) -> Iterator[Finding]:
    for target in subject.repositories:
        name = target.repository
        label = f"The repository {name} exists and is online"
        found = settings(subject, target)
        if found is None:
            yield _absent(subject, target, label)
        elif not found.online:
            yield problem(
                Code.REPOSITORY_OFFLINE,
                f"{name}: online is false",
                "someone took the repository offline: it answers 503 to every pull",
                f"set {name} online in Nexus",
                label=label,
            )
        elif found.http_client.blocked:
            yield problem(
                Code.REMOTE_MANUALLY_BLOCKED,
                f"{name}: httpClient.blocked is true",
                "an administrator blocked the remote: only what is cached is served",
                f"unblock the remote in the settings of {name}",
                label=label,
            )
        else:
            yield ok("online, its remote is not blocked by hand", label=label)


def _absent(subject: Subject, target: Target, label: str) -> Finding:
    name = target.repository
    for other in subject.client.repositories():
        if other.name.lower() == name.lower():
            what = f"{other.name}, {other.format} ({other.type})"
            return problem(
                Code.REPOSITORY_NAME_TAKEN,
                f"there is a repository {what}",
                "names are unique over all formats, so that no docker (proxy) can have this one",
                "choose another name",
                label=label,
            )
    if not target.made:
        return skipped(f"{name} was not made yet", label=label)
    return problem(
        Code.REPOSITORY_MISSING,
        f"Nexus knows no docker (proxy) {name}",
        "it was removed, or this user may not see it",
        "make it again, or have the user given the right to read it",
        label=label,
    )


@check(
    "remote-url", f"Its remote storage is exactly {plan.REMOTE_URL}", needs=("signed_in", "free")
)
def remote_url(subject: Subject) -> Iterator[Finding]:
    for label, found in _each(subject, f"The remote storage is exactly {plan.REMOTE_URL}"):
        yield judge_url(found.proxy.remote_url, found.name, label)
        index = found.docker_proxy.index_type
        if index != "REGISTRY":
            yield warning(
                Code.REMOTE_INDEX_TYPE,
                f"{found.name}: dockerProxy.indexType is {index}",
                "searches go to Docker Hub's index; with HUB, names without a / get library/",
                'choose "Use proxy registry" as Docker Index',
                label=f"The docker index: {found.name}",
            )


def judge_url(url: str, name: str, label: str = "") -> Finding:
    """Whether ``url`` leads to the registry as Nexus uses it: with /v2/... after its path."""
    if url.strip() in {plan.REMOTE_URL, plan.REMOTE_URL.rstrip("/")}:
        return ok(url, label=label)
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if not host:
        slug, cause = Code.REMOTE_URL_NO_HOST, "it names no host"
    elif host != REMOTE_HOST:
        near = difflib.SequenceMatcher(None, host, REMOTE_HOST).ratio() > 0.6
        slug = Code.REMOTE_URL_TYPO
        cause = "the host is mistyped" if near else "it leads to another registry"
    elif parts.scheme != "https":
        slug, cause = Code.REMOTE_URL_HTTP, "the registry speaks HTTPS only"
    elif port not in {None, 443}:
        slug, cause = Code.REMOTE_URL_TYPO, f"the registry does not listen on port {port}"
    else:
        slug = Code.REMOTE_URL_PATH
        cause = "Nexus puts it in front of every image name, so that every image is unknown"
    return problem(
        slug,
        f"{name}: proxy.remoteUrl is {url}",
        cause,
        f"set the remote storage of {name} to {plan.REMOTE_URL}",
        label=label,
    )


@check("remote-status", "Nexus reaches the remote", needs=("signed_in", "free"))
def status(subject: Subject) -> Iterator[Finding]:
    for target in subject.repositories:
        if settings(subject, target) is None:
            continue
        label = f"Nexus reaches the remote of {target.repository}"
        found = remote_status(subject, target)
        if found is None or not found.description:
            yield unknown("this Nexus, or this user's rights, do not tell", label=label)
            continue
        reason = f": {found.reason}" if found.reason else ""
        evidence = f"{found.description}{reason}"
        if found.blocked == "auto" or "unavailable" in found.description.lower():
            slug, cause, next_step = explain_reason(found.reason or "")
            yield problem(slug, evidence, cause, next_step, label=label)
        else:
            yield ok(evidence, label=label)


# Words in Nexus's reason (an HTTP reason phrase, or a Java exception): slug, cause, next step.
_REASONS = (
    (
        ("unknownhost", "name or service", "no such host"),
        Code.REMOTE_DNS,
        "the Nexus server finds no address for the remote",
        "check the name servers of the Nexus server",
    ),
    (
        ("proxy authentication",),
        Code.REMOTE_PROXY_AUTH,
        "the outbound proxy of Nexus wants a sign-in",
        "give Nexus the user and password of its HTTP proxy",
    ),
    (
        ("ssl", "certificat", "pkix", "untrusted remote"),
        Code.REMOTE_TLS_INTERCEPTED,
        "Nexus does not trust the certificate it gets: something on the way decrypts TLS",
        "add that certificate to Nexus's trust store and let the repository use the trust store, "
        "or have cgr.dev taken out of the decryption",
    ),
    (
        ("timed out", "timeout", "refused", "unreachable", "noroute", "reset", "failed to respond"),
        Code.REMOTE_EGRESS,
        "the Nexus server cannot open a connection to the remote",
        "have HTTPS to cgr.dev opened for the Nexus server, or set its outbound proxy",
    ),
    (
        ("internal server error", "bad gateway", "service unavailable", "gateway time"),
        Code.UPSTREAM_DOWN,
        "the registry itself failed, or a proxy on the way answers in its place",
        "look at https://status.cgr.dev, then try again",
    ),
)


def explain_reason(reason: str) -> tuple[str, str, str]:
    """Slug, cause and next step for the reason that Nexus gives for a remote that fails."""
    words = reason.lower()
    for signs, slug, cause, next_step in _REASONS:
        if any(sign in words for sign in signs):
            return slug, cause, next_step
    return (
        Code.REMOTE_AUTO_BLOCKED,
        "Nexus could not reach the remote and does not ask it for a while (40 s at first)",
        "find out why it could not, then try again after that time",
    )


@check("remote-sign-in", "Nexus signs in at the registry as planned", needs=("signed_in", "free"))
def remote_sign_in(subject: Subject) -> Iterator[Finding]:
    """User names only: Nexus never tells a stored password."""
    token = subject.pull_token.credentials.username if subject.pull_token else None
    for target in subject.repositories:
        found = settings(subject, target)
        if found is None:
            continue
        label = f"How {target.repository} signs in at the registry"
        stored = found.http_client.authentication
        username = stored.username if stored else None
        if target.private and target.made and token and username != token:
            yield problem(
                Code.TOKEN_NOT_IN_NEXUS,
                f"{found.name} signs in as {_short(username)}"
                if stored
                else f"{found.name} signs in as nobody",
                "the repository does not hold this pull token, so that private images are "
                "unknown to it",
                f"give {found.name} the pull token (step Add token auth)",
                label=label,
            )
        elif stored and not target.private and username != token:
            yield warning(
                Code.TOKEN_OTHER_IN_NEXUS,
                f"{found.name} signs in as {_short(username)}, which is not your pull token",
                "when that sign-in ends, the free images fail with it",
                "take it away, or replace it by a token that you know to be valid",
                label=label,
            )
        else:
            yield ok(f"as {_short(username)}" if stored else "as nobody", label=label)


def _short(username: str | None) -> str:
    """Enough to recognize a pull token's name by; all of another name, unless it is a token."""
    name = username or "?"
    return f"{name[:8]}…" if len(name) > 40 else name


@check("repository-rules", "Nothing in Nexus keeps images back", needs=("signed_in", "free"))
def rules(subject: Subject) -> Iterator[Finding]:
    for label, found in _each(subject, "Nothing in Nexus keeps images back"):
        if found.routing_rule_name:
            yield warning(
                Code.ROUTING_RULE,
                f"{found.name} has the routing rule {found.routing_rule_name}",
                "names that the rule blocks are unknown here though the registry has them",
                "look whether the rule lets your images through",
                label=label,
            )
            continue
        cache = found.negative_cache
        remembers = (
            f"what is unknown once stays unknown for {cache.time_to_live} minutes"
            if cache.enabled
            else "what is unknown is not remembered"
        )
        yield ok(f"no routing rule; {remembers}", label=label)


@check("blob-store", "There is room for images", needs=("signed_in", "free"))
def blob_store(subject: Subject) -> Iterator[Finding]:
    stores = {store.name: store for store in subject.client.blob_stores()}
    for label, found in _each(subject, "There is room for images"):
        store = stores.get(found.storage.blob_store_name)
        if store is None:
            yield unknown(f"Nexus does not tell of {found.storage.blob_store_name}", label=label)
            continue
        free = store.available_space_in_bytes
        # 0 is also what Nexus says of a store that is not started yet.
        if store.unavailable or 0 < free < LEAST_SPACE:
            yield problem(
                Code.NEXUS_BLOBSTORE_FULL,
                f"blob store {store.name}: "
                + ("unavailable" if store.unavailable else f"{free // 1_000_000} MB left"),
                "Nexus cannot store what it fetches: pulls of what is not cached fail with 500",
                "make room on its disk, or clean up",
                label=label,
            )
        else:
            yield ok(
                f"{store.name}: {free // 1_000_000_000} GB left" if free else store.name,
                label=label,
            )
