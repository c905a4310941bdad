"""Checks of Nexus itself: does it answer, may it store, was its agreement accepted?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgwizard.diagnosis.model import Finding, Subject, ok, problem, skipped, unknown, warning
from cgwizard.diagnosis.runner import check
from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.nexus.models import Account, Server

# Nexus locks a user out after a few wrong passwords: one that was refused is not sent again.
REFUSED = {Code.LOGIN_WRONG, Code.NEXUS_LOCKED_OUT}


def server(subject: Subject) -> Server:
    """Who answers where Nexus should be. Raises WizardError."""

    def work() -> Server:
        if subject.nexus is not None:
            return subject.nexus.server()
        from cgwizard.nexus.discovery import find

        with find(subject.url, None, subject.trust, lambda _url: None) as client:
            return client.server()

    return subject.fact("server", work)


def account(subject: Subject) -> Account:
    """The user's sign-in to Nexus, made once in a run. Raises WizardError."""

    def work() -> Account:
        last = subject.problem
        if last is not None and last.code in REFUSED:
            raise WizardError(
                last.code,
                tried=last.tried,
                came_back=f"{last.came_back} (a moment ago; not sent again)",
                cause=last.cause,
                next_step=last.next_step,
            )
        server(subject)
        return subject.client.sign_in()

    return subject.fact("account", work)


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
        "Nexus is in read-only mode, for a backup or because it is over a limit, or is starting",
        "ask its administrator to end the read-only mode; while it starts, wait a minute",
    )


@check("nexus-sign-in", "Nexus accepts your sign-in", needs=("nexus",))
def sign_in(subject: Subject) -> Finding:
    found = account(subject)
    return ok(f"{found.user_id}: {found.evidence}")


@check(Code.NEXUS_EULA, "The license agreement is accepted", needs=("signed_in",))
def eula(subject: Subject) -> Finding:
    found = subject.client.eula()
    if found is None:
        return ok("this edition has none to accept")
    if found.accepted:
        return ok("accepted")
    return problem(
        Code.NEXUS_EULA,
        "GET /service/rest/v1/system/eula: not accepted",
        "the Community Edition refuses every pull with 403 until someone accepts it",
        "read and accept it: in the step Connect, or in Nexus's own pages",
    )


@check("nexus-anonymous", "Pulling without a sign-in", needs=("signed_in",))
def anonymous(subject: Subject) -> Iterator[Finding]:
    """Only where a repository lets people in without one does the rest of it matter."""
    from cgwizard.diagnosis.repository import settings

    open_ones = [
        target.repository
        for target in subject.repositories
        if (found := settings(subject, target)) is not None and not found.docker.force_basic_auth
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
            "Nexus answers 401 to everybody who does not sign in",
            "sign in to pull, or switch anonymous access on in Nexus",
        )
    elif "DockerToken" not in realms:
        yield warning(
            Code.REALM_MISSING,
            f"{wanted}, but the Docker Bearer Token Realm is not active",
            "without it Nexus cannot let docker in anonymously",
            "add DockerToken to the active realms, or sign in to pull",
        )
    elif access.user_id != "anonymous":
        yield warning(
            Code.ANONYMOUS_USER_CHANGED,
            f"{wanted}, but anonymous access uses the user {access.user_id}",
            "docker's anonymous way works with Nexus's own user anonymous only",
            "set it back to anonymous, or sign in to pull",
        )
    else:
        yield ok(f"{wanted}; anonymous access and the Docker Bearer Token Realm are on")


@check("nexus-proxy", "How Nexus reaches the network", needs=("signed_in",))
def outbound_proxy(subject: Subject) -> Finding:
    found = subject.client.http_settings()
    if found is None:
        return unknown("this version of Nexus does not tell its outbound proxy")
    proxy = found.https_proxy if found.https_proxy and found.https_proxy.enabled else None
    proxy = proxy or (found.http_proxy if found.http_proxy and found.http_proxy.enabled else None)
    if proxy is None:
        return ok("directly, without a proxy")
    told_except = f", except {', '.join(found.non_proxy_hosts)}" if found.non_proxy_hosts else ""
    return ok(f"through the proxy {proxy.host}:{proxy.port}{told_except}")
