"""Checks of Nexus itself: does it answer, may it store, was its agreement accepted?"""

from __future__ import annotations

from collections.abc import Iterator

from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.facts import account, existing, server
from cgwizard.diagnosis.finding import Finding, ok, problem, skipped, unknown, warning
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Code


@check("nexus-answers", "Nexus answers")
def answers(subject: Subject) -> Finding:
    if subject.nexus is None and not subject.url:
        return skipped("the address of Nexus is not known yet")
    found = server(subject)
    if found.version is None:
        return ok("it is a Nexus; a proxy in front of it hides the version")
    return ok(f"Nexus {found.version} {found.edition or ''}".rstrip())


@check("nexus-writable", "Nexus can store what it fetches", needs=("nexus",))
def writable(subject: Subject) -> Finding:
    server(subject)
    if subject.client.writable():
        return ok("it is not in read-only mode")
    return problem(
        Code.NEXUS_READ_ONLY,
        "GET /service/rest/v1/status/writable: 503",
    )


@check("nexus-sign-in", "Nexus accepts your sign-in", needs=("nexus",))
def sign_in(subject: Subject) -> Finding:
    found = account(subject)
    return ok(f"{found.user_id}: {found.evidence}")


@check("nexus-eula", "The license agreement is accepted", needs=("signed_in",))
def eula(subject: Subject) -> Finding:
    found = subject.client.eula()
    if found is None:
        return ok("this edition has none to accept")
    if found.accepted:
        return ok("accepted")
    return problem(
        Code.NEXUS_EULA,
        "GET /service/rest/v1/system/eula: not accepted",
    )


@check("nexus-anonymous", "Pulling without a sign-in", needs=("signed_in",))
def anonymous(subject: Subject) -> Iterator[Finding]:
    """The other settings matter only where a repository does not ask for a sign-in."""
    open_ones = [
        image.repository for image, found in existing(subject) if not found.docker.force_basic_auth
    ]
    if not open_ones:
        yield ok("not wanted: the repositories ask everybody to sign in")
        return
    names = ", ".join(open_ones)
    wanted = f"{names} may be pulled from without a sign-in"
    access, realms = subject.client.anonymous(), subject.client.active_realms()
    if not access.enabled:
        yield warning(
            Code.ANONYMOUS_OFF,
            f"{wanted}, but anonymous access is off",
        )
    elif "DockerToken" not in realms:
        yield warning(
            Code.REALM_MISSING,
            f"{wanted}, but the Docker Bearer Token Realm is not active",
        )
    elif access.user_id != "anonymous":
        yield warning(
            Code.ANONYMOUS_USER_CHANGED,
            f"{wanted}, but anonymous access uses the user {access.user_id}",
            "docker's anonymous way works with Nexus's own user anonymous only",
        )
    else:
        yield ok(f"{wanted}; anonymous access and the Docker Bearer Token Realm are on")


@check("nexus-proxy", "How Nexus reaches the network", needs=("signed_in",))
def outbound_proxy(subject: Subject) -> Finding:
    found = subject.client.http_settings()
    if found is None:
        return unknown("this version of Nexus does not tell its outbound proxy")
    proxies = (found.https_proxy, found.http_proxy)
    proxy = next((proxy for proxy in proxies if proxy and proxy.enabled), None)
    if proxy is None:
        return ok("directly, without a proxy")
    but = f", except {', '.join(found.non_proxy_hosts)}" if found.non_proxy_hosts else ""
    return ok(f"through the proxy {proxy.host}:{proxy.port}{but}")
