"""The token endpoint: who may pull what."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cgwizard.practice.cgr.catalog import FREE_NAMESPACE, Catalog
from cgwizard.practice.cgr.request_log import basic_credentials
from cgwizard.practice.cgr.responses import DENIED, fail_if_asked, refuse
from cgwizard.practice.cgr.tokens import Bearers, TokenBook, TokenRefused
from cgwizard.practice.faults.base import ActiveFaults
from cgwizard.secrets.secret import Credentials, Secret

_SCOPE = re.compile(r"repository(?:\([a-z0-9]+\))?:(?P<name>.+):(?P<actions>[a-z,*]+)")
_LARGEST_FORM = 64 * 1024


def wanted(scopes: Sequence[str]) -> set[str]:
    """The repositories to pull from that scopes name; each may hold several, blank-separated.

    Scopes of another type or form are ignored, as the token specification allows.
    """
    found = set()
    for scope in " ".join(scopes).split():
        match = _SCOPE.fullmatch(scope)
        if match and {"pull", "*"} & set(match["actions"].split(",")):
            found.add(match["name"])
    return found


class TokenEndpoint:
    """``GET /token`` with or without Basic, and the form of OAuth2 by POST."""

    def __init__(
        self, catalog: Catalog, tokens: TokenBook, bearers: Bearers, faults: ActiveFaults
    ) -> None:
        self._catalog, self._tokens, self._bearers = catalog, tokens, bearers
        self._faults = faults

    async def answer(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._form(request)
        if request.method not in ("GET", "HEAD"):
            raise refuse(
                405, "UNSUPPORTED", "method not allowed", headers={"Allow": "GET, HEAD, POST"}
            )
        scopes = request.query_params.getlist("scope")
        authorization = request.headers.get("authorization", "")
        if not authorization:
            return self._decide(scopes, None)
        # [guess] Anything but Basic is treated as a bad password.
        return self._decide(scopes, basic_credentials(authorization) or Credentials("", Secret("")))

    async def _form(self, request: Request) -> Response:
        """[guess] cgr.dev takes the password grant; clients fall back to GET where it does not."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST_FORM:
                return JSONResponse({"error": "invalid_request"}, 413)
        try:
            form = parse_qs(body.decode())
        except (UnicodeDecodeError, ValueError):
            return JSONResponse({"error": "invalid_request"}, 400)
        grant = form.get("grant_type", [""])[0]
        if grant != "password":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        credentials = Credentials(
            form.get("username", [""])[0], Secret(form.get("password", [""])[0])
        )
        return self._decide(form.get("scope", []), credentials)

    def _decide(self, scopes: Sequence[str], credentials: Credentials | None) -> Response:
        repositories = wanted(scopes)
        for name in repositories or {""}:
            fail_if_asked(self._faults, "token", name)
        organization = None
        if credentials is not None:
            # Wrong credentials are refused for every scope, also for the free images.
            try:
                organization = self._tokens.check(credentials.username, credentials.password)
            except TokenRefused:
                # The documented words for a token that ended; [guess] for a wrong one too.
                raise refuse(400, "UNKNOWN", "keys have expired") from None
        for name in repositories:
            namespace = name.rpartition("/")[0]
            if namespace != FREE_NAMESPACE and not self._tokens.knows(namespace):
                raise refuse(400, "UNKNOWN", f"unable to resolve {namespace or name}")
        # [guess] One repository that is not allowed refuses the whole request.
        if not all(self._catalog.may_pull(name, organization) for name in repositories):
            # [guess] 401 for what others may pull, 403 for a free name that does not exist.
            private = any(name.rpartition("/")[0] != FREE_NAMESPACE for name in repositories)
            if credentials is None and private:
                raise refuse(401, "UNAUTHORIZED", "authentication required")
            raise refuse(403, "DENIED", DENIED)
        token = self._bearers.issue(frozenset(repositories))
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return JSONResponse(
            {
                "token": token,
                "access_token": token,
                "expires_in": self._bearers.seconds,
                "issued_at": now,
            }
        )
