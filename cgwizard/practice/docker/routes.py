"""The distribution API of one repository: which request means what."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from cgwizard.practice.docker.access import DockerAccess, LockedOut
from cgwizard.practice.docker.content_source import TagPage, page
from cgwizard.practice.docker.pushes import Pushes
from cgwizard.practice.docker.request_target import (
    READS,
    ROUTE,
    RequestTarget,
    digest_in,
    name_in,
    reference_in,
)
from cgwizard.practice.docker.responses import ContentResponse, DistributionError, json_response
from cgwizard.practice.serving import App, Receive, Scope, Send

if TYPE_CHECKING:
    from cgwizard.practice.nexus.state import NexusState


class RegistryRoutes:
    """Answers one request to one repository."""

    def __init__(self, state: NexusState) -> None:
        self._state = state
        self._access = DockerAccess(state)
        self._pushes = Pushes(state)

    async def answer(self, target: RequestTarget, request: Request) -> App:
        if not target.repository.online:
            # ViewServlet's order: before anybody signs in.
            raise DistributionError(503, "UNAVAILABLE", "Repository offline")
        user = self._access.sign_in(target, request)
        if target.path in {"", "/"}:
            self._method(request, READS)
            return self._access.ping(user, target, request)
        if target.path.rstrip("/") == "/token":
            self._method(request, {"GET", "POST"})
            return self._access.token(user)

        def require(action: str) -> None:
            self._access.require(user, target, action, request)

        if target.path.rstrip("/") == "/_catalog":
            self._method(request, READS)
            require("browse")
            return self._catalog(target, request)
        match = ROUTE.fullmatch(target.path)
        if match is None:
            require("read")
            raise DistributionError(404, "UNSUPPORTED", "The operation is unsupported.")
        name, parts = match["name"], match.groupdict()
        if request.method not in READS:
            return await self._pushes.answer(target, request, name, parts, require)
        require("read")
        return await self._read(target, request, name, parts)

    async def _read(
        self, target: RequestTarget, request: Request, name: str, parts: dict[str, str | None]
    ) -> App:
        if name != "-":  # the path under which Nexus itself keeps blobs
            name_in(name)
        if (reference := parts["manifest"]) is not None:
            found = await target.source.manifest(name, reference_in(reference))
            return ContentResponse(found, request.headers, request.method)
        if (digest := parts["blob"]) is not None:
            found = await target.source.blob(name, digest_in(digest))
            return ContentResponse(found, request.headers, request.method)
        if parts["tags"] is not None:
            return await self._tags(target, request, name)
        if (digest := parts["referrers"]) is not None:
            forwarded = await target.source.referrers(name, digest_in(digest), request.url.query)
            return Response(
                forwarded.body, forwarded.status, forwarded.headers, forwarded.content_type
            )
        return self._pushes.state(target, name, parts["upload"] or "")

    def _catalog(self, target: RequestTarget, request: Request) -> Response:
        names = target.source.catalog()
        listed = page(names, _count(request), request.query_params.get("last"))
        headers = _next_link(f"{target.root}/_catalog", listed, request)
        return json_response({"repositories": listed.tags}, headers=headers)

    async def _tags(self, target: RequestTarget, request: Request, name: str) -> Response:
        listed = await target.source.tags(name, _count(request), request.query_params.get("last"))
        headers = _next_link(f"{target.root}/{name}/tags/list", listed, request)
        return json_response({"name": name, "tags": listed.tags}, headers=headers)

    @staticmethod
    def _method(request: Request, allowed: set[str]) -> None:
        if request.method not in allowed:
            raise DistributionError(
                405,
                "UNSUPPORTED",
                "The operation is unsupported.",
                {"Allow": ", ".join(sorted(allowed))},
            )


def registry_app(state: NexusState, target_of: Callable[[Request], RequestTarget]) -> App:
    """An ASGI app. ``target_of`` gives a request's repository or raises DistributionError.

    Every answer carries the headers of Nexus and of a registry.
    """
    routes = RegistryRoutes(state)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        own = [
            (b"server", state.server_header.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"docker-distribution-api-version", b"registry/2.0"),
        ]

        async def named(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*own, *message["headers"]]
            await send(message)

        request = Request(scope, receive)
        answer: App
        try:
            answer = await routes.answer(target_of(request), request)
        except (DistributionError, LockedOut) as error:
            answer = error.response()
        except ClientDisconnect:
            return  # the client has disconnected
        await answer(scope, receive, named)

    return app


def _count(request: Request) -> int | None:
    text = request.query_params.get("n", "")
    return int(text) if text.isdecimal() else None


def _next_link(path: str, listed: TagPage, request: Request) -> dict[str, str]:
    if not listed.more or not listed.tags:
        return {}
    count = request.query_params.get("n", str(len(listed.tags)))
    query = f"last={quote(listed.tags[-1], safe='')}&n={count}"
    return {"Link": f'<{path}?{query}>; rel="next"'}
