"""Real HTTP servers in a separate thread, opened and closed while others run.

The caller binds the sockets before anything is served: a taken port is an error at
once, and a URL is known long before the (slower) server behind it is ready; until then
connections wait in the socket's backlog.

The servers speak HTTP by uvicorn's protocol class, without uvicorn's own server: that one
polls ten times a second, takes the process's signals and lets running answers finish, while
a connector here must open and close at once and cut what it was sending.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from concurrent.futures import Future
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from uvicorn.server import ServerState

    from cgwizard.practice.host_check import HostCheck

IDLE_SECONDS = 30.0

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Without a handler Python prints warnings on stderr, in the middle of the user's screen.
log = logging.getLogger("cgwizard.practice")
log.addHandler(logging.NullHandler())


class CutConnectionError(Exception):
    """Raised by an app that has begun its response: the connection is closed before its end."""


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A listening TCP socket on ``host:port`` (0: any free port). Raises OSError when taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits
    # some 40 ms for the client's delayed acknowledgment.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Connections of the server before us may linger in TIME_WAIT; a live listener still
        # refuses the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(256)
    except OSError:
        sock.close()
        raise
    return sock


class Running:
    """One server that serves; `stop` closes its socket and cuts its connections."""

    def __init__(self, server: asyncio.Server, state: ServerState, port: int) -> None:
        self._server, self._state = server, state
        self.port = port

    def date(self, headers: list[tuple[bytes, bytes]]) -> None:
        """The headers that every answer begins with from now on."""
        self._state.default_headers = headers

    async def stop(self) -> None:
        """Close the port and cut its connections. When this returns, the port is free."""
        self._server.close()
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        current = asyncio.current_task()
        answers = [task for task in self._state.tasks if task is not current]
        for task in answers:
            task.cancel()
        await asyncio.gather(*answers, return_exceptions=True)


class Servers:
    """An event loop in a thread that runs any number of HTTP servers.

    All of them answer to the same names: IP addresses, localhost and ``allowed_hosts``.
    """

    def __init__(
        self, allowed_hosts: Iterable[str] = (), idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._allowed_hosts, self._idle_seconds = tuple(allowed_hosts), idle_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="practice", daemon=True)
        self._running: list[Running] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._at_close: list[Callable[[], Awaitable[None]]] = []

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def start(self) -> None:
        gc.enable()  # the command line starts without
        self._thread.start()
        self._loop.call_soon_threadsafe(self._tick)

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the servers' loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine beside the others, until it ends or the servers close; on the loop."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def at_close(self, callback: Callable[[], Awaitable[None]]) -> None:
        """``callback`` runs on the loop when the servers close, after the last connection."""
        self._at_close.append(callback)

    async def serve(self, app: App, sock: socket.socket) -> Running:
        """Serve ``app`` on a listening socket, which then belongs to the server; on the loop.

        Responses carry a `Date` and no `Server` header: each app sets that one.
        """
        from uvicorn import Config
        from uvicorn.server import ServerState

        from cgwizard.practice.connections import Connection
        from cgwizard.practice.host_check import HostCheck

        # An app's errors are in our own log; uvicorn would log them a second time.
        config = Config(
            _checked(_logged(app), HostCheck(self._allowed_hosts)),
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,  # the apps read X-Forwarded-* themselves, as Nexus does
            server_header=False,
            timeout_keep_alive=int(IDLE_SECONDS),
        )
        config.load()
        state = ServerState()
        port: int = sock.getsockname()[1]
        sock.setblocking(False)
        server = await self._loop.create_server(
            lambda: Connection(config, state, self._idle_seconds), sock=sock
        )
        running = Running(server, state, port)
        running.date(_date_header())
        self._running.append(running)
        return running

    async def stop(self, running: Running) -> None:
        self._running.remove(running)
        await running.stop()

    def close(self) -> None:
        """Stop every server and the thread. Safe to call twice, from any other thread."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            with contextlib.suppress(TimeoutError):
                self.submit(self._close()).result(timeout=5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    async def _close(self) -> None:
        for running in list(self._running):
            await self.stop(running)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for callback in self._at_close:
            await callback()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()

    def _tick(self) -> None:
        headers = _date_header()
        for running in self._running:
            running.date(headers)
        self._loop.call_later(1, self._tick)


def _date_header() -> list[tuple[bytes, bytes]]:
    return [(b"date", formatdate(time.time(), usegmt=True).encode())]


def _checked(app: App, check: HostCheck) -> App:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = check.refusal(scope["headers"])
        if refusal is None:
            await app(scope, receive, send)
            return
        body = refusal.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return run


def _logged(app: App) -> App:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except (CutConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("%s %s", scope.get("method"), scope.get("path"))
            raise

    return run
