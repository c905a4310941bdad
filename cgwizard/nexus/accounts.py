"""Signing in once, and finding out with few further requests what the user may do."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.nexus.entries import each
from cgwizard.nexus.http_errors import answer_facts, refusal
from cgwizard.nexus.models import Account
from cgwizard.nexus.rest import RestSession
from cgwizard.nexus.transport import RestResponse


class _User(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str = ""
    roles: list[str] = msgspec.field(default_factory=list)


def sign_in(session: RestSession) -> Account:
    """`GET /v1/status` with credentials tells them apart: Nexus answers 401 to wrong ones and
    200 to none at all, so that a proxy which takes them away shows, too."""
    if session.credentials is None:
        raise WizardError(
            Code.NEXUS_SIGN_IN_NEEDED,
            tried=f"signing in to {session.base_url}",
            came_back="nothing was sent",
        )
    name = session.credentials.username
    what = f"signing in to {session.base_url} as {name}"
    answer = session.send("GET", "/v1/status", what=what, accept=(200, 503))
    if answer.status == 503:
        if answer.headers.get("retry-after") or "temporarily" in answer.excerpt.lower():
            raise WizardError(
                Code.NEXUS_SIGN_IN_UNAVAILABLE,
                tried=what,
                came_back=answer.summary,
            ).with_facts(msgspec.structs.replace(answer_facts(answer), sign_in_read=False))
        raise refusal(answer, what)
    return _account(session, name, what)


def _account(session: RestSession, name: str, what: str) -> Account:
    # Both need exactly the privilege nx-all; the first exists from 3.77, the second before.
    for path, names in (
        ("/v1/system/eula", "the EULA's state"),
        ("/internal/ui/onboarding", "the onboarding list"),
    ):
        answer = session.send("GET", path, what=what, accept=(200, 401, 403, 404, 405))
        if answer.status == 401:
            raise _taken_away(what, answer)
        if answer.status == 200 and not answer.html:
            evidence = f"may read {names}, which needs nx-all"
            return Account(name, True, True, evidence)
        if answer.status == 403:
            return _limited(session, name, f"may not read {names}, which needs nx-all")
    return _by_roles(session, name, what)


def _by_roles(session: RestSession, name: str, what: str) -> Account:
    path = f"/v1/security/users?userId={quote(name, safe='')}"
    answer = session.send("GET", path, what=what, accept=(200, 401, 403, 404))
    if answer.status == 401:
        raise _taken_away(what, answer)
    if answer.status == 200:
        for user in session.read_list(answer, each(_User), what, "users"):
            if user.user_id.lower() == name.lower() and "nx-admin" in user.roles:
                return Account(name, True, True, "has the role nx-admin")
    return _limited(session, name, "does not have the role nx-admin, as far as Nexus tells")


def _limited(session: RestSession, name: str, evidence: str) -> Account:
    """No administrator: whether repositories may be created shows only when it is tried, but
    who sees no repository's settings may certainly not."""
    answer = session.send("GET", "/v1/repositorySettings", accept=(200, 401, 403, 404))
    if answer.status in {401, 403} or answer.body.strip() == b"[]":
        return Account(name, False, False, f"{evidence}; sees no repository's settings")
    return Account(name, False, None, f"{evidence}; sees the settings of some repositories")


def _taken_away(what: str, answer: RestResponse) -> WizardError:
    return WizardError(
        Code.NEXUS_BEHIND_PROXY_STRIPS_AUTH,
        tried=what,
        came_back=f"first no objection to the password, then {answer.summary}",
    ).with_facts(msgspec.structs.replace(answer_facts(answer), sign_in_read=False))
