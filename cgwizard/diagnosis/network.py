"""Checks of the network: every host of Chainguard's network requirements, from here and, where
its API tells, from Nexus."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from cgwizard.diagnosis.check import CheckInfo, check
from cgwizard.diagnosis.facts import account, remote_status
from cgwizard.diagnosis.finding import Finding, failure, ok, problem, skipped, unknown, warning
from cgwizard.diagnosis.host_view import HostPort, HostView, Stage, is_public, look
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Code, WizardError
from cgwizard.nexus.models import RemoteCertificate


class Host(NamedTuple):
    """A row of https://edu.chainguard.dev/chainguard/administration/network-requirements/."""

    name: str
    purpose: str
    needed: bool = False  # by Nexus, for pulls
    id: str = ""  # of its check, where the name is too long
    label: str = ""


REGISTRY = Host("cgr.dev", "the registry and its tokens", needed=True)
BLOBS = Host(
    "9236a389bd48b984df91adc1bc924620.r2.cloudflarestorage.com",
    "the layers",
    needed=True,
    id="layers",
    label="The layers' host",
)
# Nexus says that it does not reach the host.
NO_WAY = frozenset({Code.REMOTE_DNS, Code.REMOTE_EGRESS})
_TOKENS = "only for making pull tokens"
_PACKAGES = "only for building images, not for pulling them"
OTHERS = (
    Host("issuer.enforce.dev", _TOKENS),
    Host("enforce.dev", _TOKENS),
    Host("console.chainguard.dev", _TOKENS),
    Host("console-api.enforce.dev", _TOKENS),
    Host("data.chainguard.dev", _TOKENS),
    Host("dl.enforce.dev", "only for downloading chainctl"),
    Host("apk.cgr.dev", _PACKAGES),
    Host("virtualapk.cgr.dev", _PACKAGES),
    Host("packages.cgr.dev", _PACKAGES),
    Host("packages.wolfi.dev", _PACKAGES),
    Host("support.chainguard.dev", "only for people who ask for support"),
)

# What it means where the look at a host ended: code, and what differs from its usual cause and
# next step.
_EXPLAINED: dict[Stage, tuple[Code, str, str]] = {
    "dns": (
        Code.HOST_DNS,
        "the name server does not know {host}",
        "ask for the name to be resolvable from here",
    ),
    "refused": (
        Code.HOST_REFUSED,
        "a firewall refuses the connection, or the host is down",
        "have HTTPS to it opened; https://status.cgr.dev tells whether it is up",
    ),
    "timeout": (
        Code.HOST_TIMEOUT,
        "a firewall drops the connection, or there is no way out without a proxy",
        "have HTTPS to it opened by name (its addresses change every minute), or set HTTPS_PROXY",
    ),
    "tls": (Code.HOST_TLS, "", ""),
    "tls-intercepted": (
        Code.HOST_TLS_INTERCEPTED,
        "something on the way decrypts TLS and shows a certificate of its own",
        "have the host taken out of TLS inspection, or trust that authority here and in Nexus",
    ),
    "proxy": (Code.HOST_PROXY, "", ""),
    "http": (
        Code.HOST_HTTP,
        "something on the way answers in its place, or cuts the connection",
        "",
    ),
}


def from_here(subject: Subject, host: Host) -> HostView:
    """How the host looks from this machine; in practice, its stand-in."""

    def work() -> HostView:
        address = HostPort(host.name, 443, tls=True)
        other = subject.other_registry if host == REGISTRY else ""
        if asked := subject.practice_registry or other:
            url = urlsplit(asked)
            port = url.port or (443 if url.scheme == "https" else 80)
            address = HostPort(url.hostname or "", port, tls=url.scheme == "https")
        return look(address, registry=host == REGISTRY)

    return subject.fact(f"from here {host.name}", work)


def from_nexus(subject: Subject, host: Host) -> RemoteCertificate:
    """What Nexus is shown by the host. Raises WizardError."""
    return subject.fact(
        f"from nexus {host.name}", lambda: subject.client.remote_certificate(host.name)
    )


def nexus_reaches(subject: Subject, host: Host) -> bool | None:
    """Whether Nexus gets through to a host, as far as it tells."""
    if subject.nexus is None:
        return None
    try:
        account(subject)
        if host == REGISTRY and nexus_reaches_remote(subject):
            return True
        # The practice Nexus makes a certificate up: practice has no TLS.
        if not subject.practice_registry:
            from_nexus(subject, host)
            return True
    except WizardError as error:
        return False if error.code in NO_WAY else None
    return None


def _needed(host: Host, subject: Subject) -> Finding:
    if subject.practice_registry and host != REGISTRY:
        return skipped("in practice it is another one, which is tried with the image")
    seen = from_here(subject, host)
    if not seen.stage:
        return _fine(seen, subject)
    found = _unreached_from_here(host, seen)
    if nexus_reaches(subject, host):
        return found.as_warning("; Nexus reaches it, only this machine cannot compare")
    return found


def _unreached_from_here(host: Host, seen: HostView) -> Finding:
    code, cause, step = _EXPLAINED[seen.stage]
    return problem(code, seen.evidence, cause.format(host=host.name), step)


def _fine(seen: HostView, subject: Subject) -> Finding:
    if is_public(seen.issuer) is False:
        return warning(
            Code.HOST_TLS_INTERCEPTED,
            seen.evidence,
        )
    practice = " (the practice registry)" if subject.practice_registry else ""
    return ok(f"{seen.evidence}{practice}")


def _other(host: Host, subject: Subject) -> Finding:
    if subject.practice_registry:
        return skipped(f"{host.purpose}; practice needs it for nothing")
    seen = from_here(subject, host)
    if not seen.stage:
        return ok(seen.evidence)
    return _unreached_from_here(host, seen).as_warning(f"; it is {host.purpose}")


def _as_nexus_sees(host: Host, subject: Subject) -> Finding:
    if subject.practice_registry and host != REGISTRY:
        return skipped("in practice it is another one, which is tried with the image")
    try:
        theirs = from_nexus(subject, host)
    except WizardError as error:
        if error.code not in NO_WAY:
            raise
        return _unreached_from_nexus(host, error, subject)
    issuer = ", ".join(filter(None, (theirs.issuer_organization, theirs.issuer_common_name)))
    evidence = f"certificate issued by {issuer or 'an unnamed authority'}"
    if is_public(issuer) is not False:
        return ok(evidence)
    ours = from_here(subject, host).issuer
    if ours:
        evidence += f"; from here: {ours}"
    cause = "Nexus is shown a certificate of no public authority that is known here: probably "
    cause += "something on the way decrypts TLS"
    step = (
        "add that certificate to Nexus's trust store and let the repository use it, "
        f"or have {host.name} taken out of TLS inspection"
    )
    if nexus_reaches_remote(subject):
        return warning(Code.REMOTE_TLS_INTERCEPTED, evidence, f"{cause}; Nexus accepts it", step)
    return problem(Code.REMOTE_TLS_INTERCEPTED, evidence, cause, step)


def nexus_reaches_remote(subject: Subject) -> bool:
    """Whether the remote of one of the repositories answered Nexus."""
    found = (remote_status(subject, image) for image in subject.repositories)
    return any(status and status.available for status in found)


def _unreached_from_nexus(host: Host, error: WizardError, subject: Subject) -> Finding:
    """Nexus does not reach a host, which does not matter where it has an outbound proxy."""
    found = None
    try:
        found = subject.client.http_settings()
    except WizardError as refused:
        if refused.code != Code.NEXUS_FORBIDDEN:
            raise
    if found is not None and any(p and p.enabled for p in (found.https_proxy, found.http_proxy)):
        return unknown(f"{error.problem.came_back}; Nexus has an outbound proxy for its requests")
    here = from_here(subject, host)
    if here.proxy and not here.stage:
        return problem(
            Code.REMOTE_PROXY_NEEDED,
            f"{error.problem.came_back}; from here it is reached by the proxy {here.proxy}",
            next_step=f"set the HTTP and HTTPS proxy of Nexus to {here.proxy}",
        )
    return failure(error.problem)


def _check(host: Host, work: Callable[[Host, Subject], Finding]) -> CheckInfo:
    def run(subject: Subject) -> Finding:
        return work(host, subject)

    name, label = host.id or host.name, host.label or host.name
    if work is not _as_nexus_sees:
        return check(f"host-{name}", f"{label} is reached from here")(run)
    label = f"{label} is reached from Nexus"
    return check(f"nexus-host-{name}", label, needs=("signed_in",))(run)


CHECKS = (
    *(_check(host, _needed) for host in (REGISTRY, BLOBS)),
    *(_check(host, _as_nexus_sees) for host in (REGISTRY, BLOBS)),
    *(_check(host, _other) for host in OTHERS),
)
