"""Checks of the repositories' remotes: the URL, what Nexus thinks of it, the sign-in there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from urllib.parse import urlsplit

from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.facts import existing, remote_status
from cgwizard.diagnosis.finding import Finding, ok, problem, unknown, warning
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Code
from cgwizard.nexus.sentences import remote_reason
from cgwizard.plan import model as plan
from cgwizard.text import decode

REMOTE_HOST = "cgr.dev"


@check(
    "remote-url", f"Its remote storage is exactly {plan.REMOTE_URL}", needs=("signed_in", "free")
)
def url(subject: Subject) -> Iterator[Finding]:
    for image, found in existing(subject):
        label = f"The remote storage is exactly {plan.REMOTE_URL}: {image.repository}"
        yield _judge_url(found.proxy.remote_url, found.name).labeled(label)
        index = found.docker_proxy.index_type
        if index != "REGISTRY":
            yield warning(
                Code.REMOTE_INDEX_TYPE,
                f"{found.name}: dockerProxy.indexType is {index}",
                label=f"The docker index: {found.name}",
            )


def _judge_url(remote: str, name: str) -> Finding:
    """Whether ``remote`` leads to the registry. Nexus appends /v2/... to its path."""
    if remote.strip() in {plan.REMOTE_URL, plan.REMOTE_URL.rstrip("/")}:
        return ok(remote)
    try:
        parts = decode.parsed(urlsplit, remote.strip())
        host, port = (parts.hostname or "").lower(), decode.parsed(getattr, parts, "port")
    except decode.Unreadable:
        parts, host, port = urlsplit(""), "", None
    if not host:
        code, cause = Code.REMOTE_URL_NO_HOST, "it names no host"
    elif host != REMOTE_HOST:
        near = difflib.SequenceMatcher(None, host, REMOTE_HOST).ratio() > 0.6
        code = Code.REMOTE_URL_TYPO
        cause = "the host is mistyped" if near else "it leads to another registry"
    elif parts.scheme != "https":
        code, cause = Code.REMOTE_URL_HTTP, "the registry speaks HTTPS only"
    elif port not in {None, 443}:
        code, cause = Code.REMOTE_URL_TYPO, f"the registry does not listen on port {port}"
    else:
        code = Code.REMOTE_URL_PATH
        cause = "Nexus puts it in front of every image name, so that every image is unknown"
    return problem(
        code,
        f"{name}: proxy.remoteUrl is {remote}",
        cause,
        f"set the remote storage of {name} to {plan.REMOTE_URL}",
    )


@check("remote-status", "Nexus reaches the remote", needs=("signed_in", "free"))
def status(subject: Subject) -> Iterator[Finding]:
    for image, _ in existing(subject):
        label = f"Nexus reaches the remote of {image.repository}"
        found = remote_status(subject, image)
        if found is None or not found.description:
            yield unknown("this Nexus, or this user's rights, do not tell", label=label)
            continue
        reason = f": {found.reason}" if found.reason else ""
        evidence = f"{found.description}{reason}"
        if found.blocked == "auto" or "unavailable" in found.description.lower():
            yield remote_failure(found.reason or "", evidence).labeled(label)
        else:
            yield ok(evidence, label=label)


def remote_failure(reason: str, evidence: str) -> Finding:
    """What the reason means that Nexus gives for a remote that fails."""
    code, cause, next_step = remote_reason(reason)
    return problem(code, evidence, cause, next_step)


@check("remote-sign-in", "Nexus signs in at the registry as planned", needs=("signed_in", "free"))
def sign_in(subject: Subject) -> Iterator[Finding]:
    """Compares user names only: Nexus never tells a stored password."""
    token = subject.pull_token.credentials.username if subject.pull_token else None
    for image, found in existing(subject):
        label = f"How {image.repository} signs in at the registry"
        stored = found.http_client.authentication
        username = stored.username if stored else None
        if image.private and image.made and token and username != token:
            yield problem(
                Code.TOKEN_NOT_IN_NEXUS,
                f"{found.name} signs in as {_short(username)}"
                if stored
                else f"{found.name} signs in as nobody",
                next_step=f"give {found.name} the pull token (step Add token auth)",
                label=label,
            )
        elif stored and not image.private and username != token:
            yield warning(
                Code.TOKEN_OTHER_IN_NEXUS,
                f"{found.name} signs in as {_short(username)}, which is not your pull token",
                "when that sign-in ends, the free images fail with it",
                label=label,
            )
        else:
            yield ok(f"as {_short(username)}" if stored else "as nobody", label=label)


def _short(username: str | None) -> str:
    """The beginning of a pull token's name, enough to recognize it by; other names whole."""
    name = username or "?"
    return f"{name[:8]}…" if len(name) > 40 else name
