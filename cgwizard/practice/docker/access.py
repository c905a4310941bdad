"""Who may use a docker repository, and how it asks: challenges, tokens, refusals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from cgwizard.practice.docker.request_target import RequestTarget
from cgwizard.practice.docker.responses import NOT_AUTHORIZED, DistributionError, json_response
from cgwizard.practice.docker.settings import DockerSettings
from cgwizard.practice.nexus.signin import RETRY_AFTER, SignInRefused

if TYPE_CHECKING:
    from cgwizard.practice.nexus.accounts import User
    from cgwizard.practice.nexus.state import NexusState

BASIC_CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'
EULA_OPEN = (
    "You must accept the End User License Agreement (EULA) through the onboarding wizard or "
    "REST API before proceeding."
)
RULED_OUT = "Routing rules block the requested item from this repository"


class LockedOut(Exception):
    """Too many failed sign-ins for a name: 429, as the REST API says it."""

    def response(self) -> Response:
        return Response(
            "<html><head><title>429 Too Many Requests</title></head>"
            "<body><h1>Too many authentication attempts</h1></body></html>",
            429,
            {"Retry-After": str(RETRY_AFTER)},
            media_type="text/html",
        )


def base_url(request: Request) -> str:
    """``scheme://host:port`` as the client sees it: ``Host``, or what a proxy in front says."""
    forwarded = request.headers.get
    scheme = _first(forwarded("x-forwarded-proto")) or request.url.scheme
    host = _first(forwarded("x-forwarded-host")) or request.headers.get("host", "localhost")
    port = _first(forwarded("x-forwarded-port"))
    if port and urlsplit(f"//{host}").port is None and (scheme, port) not in _DEFAULT_PORTS:
        host = f"{host}:{port}"
    return f"{scheme}://{host}"


_DEFAULT_PORTS = {("http", "80"), ("https", "443")}


def _first(value: str | None) -> str:
    return (value or "").partition(",")[0].strip()


class DockerAccess:
    """The rules of sign-in for docker, by the state of the server."""

    def __init__(self, state: NexusState) -> None:
        self._state = state

    def sign_in(self, target: RequestTarget, request: Request) -> User | None:
        """The user, or None for an anonymous client. Raises DistributionError 401 or LockedOut."""
        client = request.client.host if request.client else ""
        try:
            return self._state.authenticate(request.headers.get("authorization"), client)
        except SignInRefused as refused:
            if refused.kind == "locked":
                raise LockedOut from refused
            raise self._challenge(target, request) from refused

    def require(
        self, user: User | None, target: RequestTarget, action: str, request: Request
    ) -> None:
        """Raise DistributionError unless ``user`` may do ``action`` with the content."""
        if user is None and not self._lets_anonymous_in(target.settings):
            raise self._challenge(target, request)
        permission = f"nexus:repository-view:docker:{target.repository.name}:{action}"
        if not self._state.permits(user, permission):
            if user is None:
                raise self._challenge(target, request)
            # A guess: 403, which docker shows as "denied". Published reports have both.
            raise DistributionError(403, "DENIED", NOT_AUTHORIZED)
        if self._state.has_eula and not self._state.eula_accepted:
            raise DistributionError(403, "DENIED", EULA_OPEN)
        if self._is_ruled_out(target):
            raise DistributionError(403, "DENIED", RULED_OUT)

    def ping(self, user: User | None, target: RequestTarget, request: Request) -> Response:
        """``GET /v2/``: wants a user, also where anonymous pulls work."""
        if user is None:
            raise self._challenge(target, request)
        return json_response({})

    def token(self, user: User | None) -> Response:
        """``GET /v2/token``."""
        # A guess: where nobody may be anonymous, no anonymous token is given out.
        if user is None and not self._state.anonymous.enabled:
            raise self._refusal(BASIC_CHALLENGE)
        return json_response({"token": self._state.issue_docker_token(user)})

    def _lets_anonymous_in(self, settings: DockerSettings) -> bool:
        return (
            not settings.docker.force_basic_auth
            and "DockerToken" in self._state.realms_active
            and self._state.anonymous.enabled
            and self._state.anonymous.user_id == "anonymous"
        )

    def _is_ruled_out(self, target: RequestTarget) -> bool:
        """Whether the repository's routing rule blocks the path (of proxies only, in Nexus)."""
        rule = self._state.routing_rules.get(target.settings.routing_rule_name or "")
        if rule is None or target.repository.type != "proxy":
            return False
        matches = any(re.fullmatch(matcher, f"/v2{target.path}") for matcher in rule["matchers"])
        return bool(matches == (rule["mode"] == "BLOCK"))

    def _challenge(self, target: RequestTarget, request: Request) -> DistributionError:
        docker = target.settings.docker
        if docker.force_basic_auth or "DockerToken" not in self._state.realms_active:
            return self._refusal(BASIC_CHALLENGE)
        realm = base_url(request) + target.token_path
        challenge = f'Bearer realm="{realm}",service="{realm}"'
        if self._state.version >= (3, 96, 0):
            challenge += ',scope="repository:*:pull"'
        return self._refusal(challenge)

    @staticmethod
    def _refusal(challenge: str) -> DistributionError:
        return DistributionError(
            401, "UNAUTHORIZED", NOT_AUTHORIZED, {"WWW-Authenticate": challenge}
        )
