"""The practice cgr.dev: a registry and its blob host, as one object."""

from __future__ import annotations

import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cgwizard.practice.cgr.catalog import Catalog
from cgwizard.practice.cgr.links import Links
from cgwizard.practice.cgr.request_log import MAX_RECORDS, RequestRecord, record_of
from cgwizard.practice.cgr.store import ImageStore
from cgwizard.practice.cgr.throttle import SPEED_TO_WATCH, Throttle
from cgwizard.practice.cgr.tokens import Bearers, TokenBook
from cgwizard.practice.faults.base import ActiveFaults
from cgwizard.practice.serving import App, Receive, Running, Scope, Send, Servers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from starlette.requests import Request
    from starlette.responses import Response

    from cgwizard.practice.cgr.streams import Streamed

    Answer = Callable[[Request], Awaitable[Response | Streamed]]

__all__ = ["SPEED_TO_WATCH", "PracticeRegistry"]


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@cache
def _localhost_is_ipv4() -> bool:
    """Whether the name leads to 127.0.0.1: a few machines know it for IPv6 only, or not at all."""
    try:
        found = socket.getaddrinfo("localhost", None, socket.AF_INET)
    except OSError:
        return False
    return any(address[0] == "127.0.0.1" for *_, address in found)


class PracticeRegistry:
    """A registry that behaves as cgr.dev does, on two listening sockets.

    ``speed`` is in bytes a second over all blobs together; None is as fast as it goes. What
    was served is in ``requests``; ``tokens`` and ``faults`` change what is served, from any
    thread. ``running`` and ``blobs_running`` are the two servers, to stop one of them.
    """

    def __init__(
        self,
        *,
        sock: socket.socket,
        blob_sock: socket.socket,
        data: Path,
        organization: str = "example.com",
        speed: float | None = None,
    ) -> None:
        self.url, self.blob_url = _url(sock), _url(blob_sock)
        self.organization = organization
        self.tokens = TokenBook()
        self.pull_token = self.tokens.issue(organization)
        self.faults = ActiveFaults()
        self.requests: list[RequestRecord] = []
        self.images = ImageStore(Catalog(organization), data)
        self.throttle = Throttle(speed)
        self.links = Links()
        self.bearers = Bearers()
        self.running: Running | None = None
        self.blobs_running: Running | None = None
        self._sock, self._blob_sock = sock, blob_sock

    async def start(self, servers: Servers) -> None:
        """Serve on both sockets; on the servers' loop. Images are made when first asked for."""
        from cgwizard.practice.cgr.blobs import BlobHost
        from cgwizard.practice.cgr.pull import PullApi
        from cgwizard.practice.cgr.token_endpoint import TokenEndpoint

        exchange = TokenEndpoint(self.images.catalog, self.tokens, self.bearers, self.faults)
        pull = PullApi(self.images, self.bearers, self.faults, self._link)
        blobs = BlobHost(self.images, self.links, self.faults, self.throttle)

        async def registry(request: Request) -> Response | Streamed:
            path = request.scope["path"]
            if path == "/token":
                return await exchange.answer(request)
            if path == "/v2" or path.startswith("/v2/"):
                return await pull.answer(request)
            return _page(path)

        self.running = await servers.serve(self._app("registry", registry), self._sock)
        self.blobs_running = await servers.serve(self._app("blobs", blobs.answer), self._blob_sock)

    def _app(self, side: Literal["registry", "blobs"], answer: Answer) -> App:
        from starlette.requests import Request

        from cgwizard.practice.cgr.responses import Refusal

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            record = record_of(side, request.method, scope["path"], request.headers)
            record.scopes = tuple(request.query_params.getlist("scope"))
            if len(self.requests) >= MAX_RECORDS:
                del self.requests[: MAX_RECORDS // 10]
            self.requests.append(record)

            async def noted(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    record.status = message["status"]
                await send(message)

            try:
                response = await answer(request)
            except Refusal as refusal:
                response = refusal.response
            await response(scope, receive, noted)

        return app

    def _link(self, request: Request, repository: str, digest: str) -> str:
        from cgwizard.practice.cgr.blobs import blob_path

        address, port = self._blob_sock.getsockname()[:2]
        asked = request.headers.get("host", "").rpartition(":")[0]
        if address in ("0.0.0.0", "::"):
            # Reached from another machine: this machine's name as the client knows it.
            host = f"{asked}:{port}"
        elif address == "127.0.0.1" and asked != "localhost" and _localhost_is_ipv4():
            # R2 is another host than cgr.dev. Clients in Go compare names, not ports, before
            # they let the Authorization header follow a redirect, so the name must differ.
            host = f"localhost:{port}"
        else:
            host = self.blob_url.partition("://")[2]
        path = blob_path(repository, digest)
        return f"http://{host}{path}?{self.links.sign(host, path)}"


def _page(path: str) -> Response:
    from starlette.responses import PlainTextResponse

    if path == "/":
        return PlainTextResponse("The practice cgr.dev of cgwizard: a registry, see /v2/.\n")
    return PlainTextResponse("404 page not found\n", 404)
