"""The main port: ``/service/rest``, the page for browsers, and what the docker format serves."""

from __future__ import annotations

import inspect
import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from cgwizard.practice.nexus import errors, web_pages
from cgwizard.practice.nexus.errors import ErrorResponse
from cgwizard.practice.nexus.rest import (
    blobstores,
    capabilities,
    components,
    internal,
    openapi,
    repositories,
    roles,
    rules,
    search,
    security,
    status,
    system,
    trust,
    users,
)
from cgwizard.practice.nexus.routing import Call, Match, Table
from cgwizard.practice.nexus.signin import RETRY_AFTER, SignInRefused

if TYPE_CHECKING:
    from cgwizard.practice.nexus.accounts import User
    from cgwizard.practice.nexus.state import NexusState
    from cgwizard.practice.serving import App, Receive, Scope, Send

log = logging.getLogger("cgwizard.practice.nexus")

LARGEST_BODY = 4 * 1024 * 1024
REST = "/service/rest"

TABLE = Table(
    (
        status.routes,
        system.routes,
        capabilities.routes,
        security.routes,
        users.routes,
        roles.routes,
        roles.privileges,
        trust.routes,
        blobstores.routes,
        repositories.routes,
        rules.routes,
        components.routes,
        search.routes,
        internal.routes,
        openapi.routes,
    )
)


def rest_app(state: NexusState) -> App:
    """The whole main port of ``state``."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
        inside = _below(path, state.context_path)
        if inside is not None and state.docker_routes is not None and _is_docker(state, inside):
            await state.docker_routes({**scope, "path": inside, "root_path": ""}, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await _respond(state, request, inside)
        except ClientDisconnect:
            return
        await response(scope, receive, _with_server_headers(state, send))

    return app


def _below(path: str, context_path: str) -> str | None:
    """``path`` without the context path; None when it lies outside."""
    if not context_path:
        return path
    if path == context_path or path.startswith(context_path + "/"):
        return path[len(context_path) :] or "/"
    return None


def _is_docker(state: NexusState, path: str) -> bool:
    if path.startswith("/repository/"):
        return web_pages.other_repository(state, path) is None
    return path == "/v2" or path.startswith(("/v2/", "/v1/"))


def _with_server_headers(state: NexusState, send: Send) -> Send:
    async def wrapped(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["server"] = state.server_header
            headers["x-content-type-options"] = "nosniff"
            message["headers"] = [(as_jetty_writes(k), v) for k, v in message["headers"]]
        await send(message)

    return wrapped


def as_jetty_writes(name: bytes) -> bytes:
    """A header's name in the case that scripts grep for; ASGI has them in lower case."""
    return _CASES.get(name) or b"-".join(part.capitalize() for part in name.split(b"-"))


_CASES = {
    b"www-authenticate": b"WWW-Authenticate",
    b"x-siesta-faultid": b"X-Siesta-FaultId",
    b"etag": b"ETag",
}


async def _respond(state: NexusState, request: Request, path: str | None) -> Response:
    accept = request.headers.get("accept", "")
    try:
        if path is None:
            raise errors.html(404, "Nexus Repository Manager", "Not Found")
        if path != REST and not path.startswith(REST + "/"):
            return web_pages.answer(state, _sign_in(state, request, path), request.method, path)
        return await _rest(state, request, path[len(REST) :])
    except ErrorResponse as fault:
        return errors.answer(fault, accept, with_json_faults=state.version >= (3, 77, 0))
    except ClientDisconnect:
        raise
    except Exception as error:  # the edge of a server: a bug is an answer here too, as in Nexus
        log.exception("answering %s %s", request.method, path)
        bug = errors.unexpected(f"java.lang.IllegalStateException: {type(error).__name__}")
        return errors.answer(bug, accept, with_json_faults=True)


async def _rest(state: NexusState, request: Request, path: str) -> Response:
    user = _sign_in(state, request, path)
    found = TABLE.find(path, state)
    if not found:
        raise errors.html(404, "Nexus Repository Manager", "Not Found")
    method = "GET" if request.method == "HEAD" and "HEAD" not in found else request.method
    allowed = ", ".join(sorted({*found, "OPTIONS", *(["HEAD"] if "GET" in found else [])}))
    if method == "OPTIONS":
        return Response(b"", 200, headers={"Allow": allowed})
    match = found.get(method)
    if match is None:
        raise ErrorResponse(405, headers={"Allow": allowed})
    return await _call(state, request, user, match)


async def _call(state: NexusState, request: Request, user: User | None, match: Match) -> Response:
    route = match.route
    call = Call(
        state=state,
        user=user,
        method=request.method,
        params=match.params,
        query=request.query_params,
        headers=request.headers,
        body=await _body(request),
        base_url=base_url(state, request.headers, request.url.scheme),
        client=request.client.host if request.client else "",
    )
    # Whether Nexus looks at the content type, at who is asking or at the body first differs by
    # version; who is asking comes first here, so that nobody learns about a body without rights.
    if route.access is True:
        call.require_user()
    elif isinstance(route.access, str):
        call.require(route.access)
    if route.takes and not _has_type(request.headers, route.takes):
        raise ErrorResponse(415)
    if route.writes and state.read_only and not route.path.startswith("/v1/read-only"):
        raise errors.read_only()
    answer = route.handler(call)
    return await answer if inspect.isawaitable(answer) else answer


def _sign_in(state: NexusState, request: Request, path: str) -> User | None:
    client = request.client.host if request.client else ""
    try:
        return state.authenticate(request.headers.get("authorization"), client)
    except SignInRefused as refused:
        if path == "/v1/status/writable" and state.version >= (3, 77, 0):
            return None  # measured on 3.96: wrong credentials are not looked at
        if refused.kind == "locked":
            raise errors.locked_out(RETRY_AFTER) from None
        raise errors.unauthorized() from None


def _has_type(headers: Headers, wanted: str) -> bool:
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    return given == wanted or (wanted == "application/json" and given.endswith("+json"))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ErrorResponse(413)
    return bytes(body)


def base_url(state: NexusState, headers: Headers, scheme: str) -> str:
    """The server's URL as this client (or the proxy before it) sees it, context path included."""

    def first(name: str) -> str:
        return headers.get(name, "").partition(",")[0].strip()

    host = first("x-forwarded-host") or headers.get("host", "localhost")
    scheme = first("x-forwarded-proto") or scheme
    port = first("x-forwarded-port")
    if port and ":" not in host.rpartition("]")[2] and port not in {"80", "443"}:
        host = f"{host}:{port}"
    return f"{scheme}://{host}{state.context_path}"
