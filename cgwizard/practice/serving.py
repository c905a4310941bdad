"""Real HTTP servers in a thread of their own, opened and closed while others run.

Sockets are bound by whoever asks, before anything is served: a taken port is an error at
once, and a URL is known long before the (slower) server behind it is ready; until then
connections wait in the socket's backlog.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import uvicorn

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A listening TCP socket on ``host:port`` (0: any free port). Raises OSError when taken."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
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
    """One server that serves; `stop` closes its socket and its connections."""

    def __init__(self, server: uvicorn.Server, task: asyncio.Task[None], sock: socket.socket):
        self._server, self._task, self._socket = server, task, sock
        self.port: int = sock.getsockname()[1]

    async def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True  # a connector that closes cuts its pulls, as Nexus's does
        # The port is free again when this returns, also while a slow answer is cut.
        self._socket.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


class Servers:
    """An event loop in a thread that runs any number of HTTP servers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="practice", daemon=True)
        self._running: list[Running] = []

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the servers' loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def serve(self, app: App, sock: socket.socket) -> Running:
        """Serve ``app`` on a listening socket; on the servers' loop only.

        Answers carry no `Server` and no `Date` header of ours: each app says who it is.
        """
        import uvicorn

        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=True,
            timeout_keep_alive=30,
            http="h11",
            ws="none",
        )
        server = uvicorn.Server(config)
        # Signals belong to the program, not to one of its servers.
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = self._loop.create_task(server.serve(sockets=[sock]))
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        running = Running(server, task, sock)
        self._running.append(running)
        return running

    async def stop(self, running: Running) -> None:
        self._running.remove(running)
        await running.stop()

    def close(self) -> None:
        """Stop every server and the thread. Safe to call twice."""
        if not self._thread.is_alive():
            return

        async def stop_all() -> None:
            for running in list(self._running):
                await self.stop(running)

        with contextlib.suppress(TimeoutError):
            self.submit(stop_all()).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()
