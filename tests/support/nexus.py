"""Servers that stand where a Nexus should be: scripted ones, and hostile ones on raw sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cgwizard.errors import WizardError
from cgwizard.net.client import Trust
from cgwizard.nexus.client import NexusClient
from cgwizard.secrets.secret import Credentials, Secret

ADMIN = Credentials("admin", Secret("hunter2"))
CE = "Nexus/3.96.3-01 (COMMUNITY)"


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str  # with its query
    headers: dict[str, str]
    body: bytes

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Reply:
    status: int = 200
    body: bytes | str | list[object] | dict[str, object] = b""
    headers: dict[str, str] = field(default_factory=dict)


Route = Reply | Callable[[Seen], Reply]


class Scripted:
    """An HTTP server whose answers are given by path (query left out, or ``METHOD path``).

    Other paths get 404. ``seen`` has every request, in order.
    """

    def __init__(
        self,
        routes: Mapping[str, Route] | None = None,
        *,
        server_header: str | None = CE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.routes: dict[str, Route] = {"/service/rest/v1/status": Reply()}
        self.routes |= routes or {}
        self.seen: list[Seen] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                request = Seen(
                    self.command,
                    self.path,
                    {k.lower(): v for k, v in self.headers.items()},
                    self.rfile.read(length),
                )
                outer.seen.append(request)
                path = self.path.partition("?")[0]
                route = outer.routes.get(f"{self.command} {path}") or outer.routes.get(path)
                reply = route(request) if callable(route) else route or Reply(404)
                body = reply.body
                if isinstance(body, str):
                    body = body.encode()
                elif not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response_only(reply.status)
                headers = {"Content-Length": str(len(body))}
                if server_header is not None:
                    headers["Server"] = server_header
                for name, value in (headers | reply.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients that hang up, or that dislike the certificate, are the test

        self._http = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.scheme = "https" if tls else "http"
        self.port: int = self._http.server_address[1]
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Scripted:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    @property
    def with_credentials(self) -> list[Seen]:
        return [request for request in self.seen if request.authorization]


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
