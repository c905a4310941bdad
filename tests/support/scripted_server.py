"""Servers that stand where a Nexus should be: scripted ones, and hostile ones on raw sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.datastructures import Headers
from werkzeug.serving import WSGIRequestHandler

from cgwizard.errors import WizardError
from cgwizard.net.trust import Trust
from cgwizard.nexus.client import NexusClient
from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

ADMIN = Credentials("admin", Secret("hunter2"))
CE = "Nexus/3.96.3-01 (COMMUNITY)"


@dataclass
class ReceivedRequest:
    method: str
    path: str  # as it was sent, with its query
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Reply:
    status: int = 200
    body: bytes | str | list[object] | dict[str, object] = b""
    headers: dict[str, str] = field(default_factory=dict)


Route = Reply | Callable[[ReceivedRequest], Reply]


class _Handler(WSGIRequestHandler):
    """Adds no header to those of the test, and logs nothing."""

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Response(Response):
    """Sends the headers of the test as they are, also a Location that is none."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return Headers([("Content-Length", str(len(self.data))), *self.headers])


class ScriptedServer(HTTPServer):
    """An HTTP server whose answers are given by path (query left out, or ``METHOD path``).

    Other paths get 404. ``seen`` has every request, in order. A proxy gets whole URLs as paths.
    """

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        server_header: str | None = CE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__("127.0.0.1", 0, tls, threaded=True)
        self.routes: dict[str, Route] = {"/service/rest/v1/status": Reply()}
        self.routes |= routes or {}
        self.seen: list[ReceivedRequest] = []
        self._server_header = server_header

    @property
    def url(self) -> str:
        return self.url_for("").rstrip("/")

    @property
    def with_credentials(self) -> list[ReceivedRequest]:
        return [request for request in self.seen if request.authorization]

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.RequestHandlerClass = _Handler
        self.server.serve_forever(0.02)

    def dispatch(self, request: Request) -> Response:
        received = ReceivedRequest(
            request.method,
            request.environ["RAW_URI"],
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
        )
        self.seen.append(received)
        path = received.path.partition("?")[0]
        route = self.routes.get(f"{received.method} {path}") or self.routes.get(path) or Reply(404)
        reply = route(received) if callable(route) else route
        body = reply.body if isinstance(reply.body, bytes | str) else json.dumps(reply.body)
        response = _Response(body, reply.status)
        response.headers.clear()
        if self._server_header is not None:
            response.headers["Server"] = self._server_header
        response.headers.update(reply.headers)
        return response


@contextlib.contextmanager
def raw_server(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that gives each connection to ``handle``, then closes it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            handle(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def problem(url: str, trust: Trust | None = None) -> WizardError:
    """The error of asking who is there: complete, and fit for a terminal."""
    with pytest.raises(WizardError) as caught, NexusClient(url, ADMIN, trust) as client:
        client.server()
    told = caught.value.problem
    assert told.tried
    assert told.came_back
    assert told.cause
    assert told.next_step
    assert "\x1b" not in str(told)
    return caught.value
