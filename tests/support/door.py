"""What stands before a practice Nexus and lets through, answers itself, or cuts."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from cgwizard.practice.nexus import server
from cgwizard.practice.nexus.state import NexusState, Repository
from cgwizard.practice.serving import App, CutConnectionError, Receive, Scope, Send
from cgwizard.practice.world import PracticeWorld

REST = "/service/rest"


@contextlib.contextmanager
def filtered_port() -> Iterator[int]:
    """A full backlog: the kernel drops what knocks, as a firewall does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            yield port


How = Literal["cut", "lost", "answer", "after"]


@dataclass
class Rule:
    """What happens to requests whose ``METHOD /path`` matches: ``cut`` before Nexus sees them,
    ``lost`` after it did its work, an ``answer`` of ours instead or ``after`` its work."""

    pattern: str
    how: How
    times: int | None = None
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    server: str | None = None
    then: Callable[[], None] = lambda: None  # called on the servers' loop

    def takes(self, line: str) -> bool:
        if self.times == 0 or not re.search(self.pattern, line):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Door:
    """``seen``: each request as ``METHOD /path``; ``signed`` those with credentials. ``dead``:
    every connection is cut; ``lives``: how many requests still pass before that.

    ``passes``: how many requests still pass before one gets no answer, and no later one does
    either: `stuck` is set then. ``late``: Nexus does what that one asked. ``trickles``: an
    answer begins and comes by a byte now and then.
    """

    rules: list[Rule] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    dead: bool = False
    lives: int | None = None
    passes: int | None = None
    late: bool = False
    trickles: bool = False
    stuck: threading.Event = field(default_factory=threading.Event)

    def rule(self, pattern: str, how: How, **rest: Any) -> Rule:
        made = Rule(pattern, how, **rest)
        self.rules.append(made)
        return made

    def die(self) -> None:
        self.dead = True

    def count(self, pattern: str) -> int:
        return sum(1 for line in self.seen if re.search(pattern, line))

    def app(self, inner: App) -> App:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            line = f"{scope['method']} {scope['path']}"
            self.seen.append(line)
            if any(name == b"authorization" for name, _ in scope["headers"]):
                self.signed.append(line)
            if self.lives is not None:
                self.lives -= 1
            if self.dead or (self.lives is not None and self.lives < 0):
                await _cut(send)
            if self.passes is not None:
                self.passes -= 1
                if self.passes < 0:
                    await self._keep_waiting(inner, scope, receive, send)
                    return
            rule = next((rule for rule in self.rules if rule.takes(line)), None)
            if rule is None:
                await inner(scope, receive, send)
                return
            if rule.how in {"lost", "after"}:
                await inner(scope, receive, _nowhere)
            rule.then()
            if rule.how in {"lost", "cut"}:
                await _cut(send)
            headers = [(b"content-type", rule.content_type.encode())]
            if rule.server is not None:
                headers.append((b"server", rule.server.encode()))
            headers.append((b"content-length", str(len(rule.body)).encode()))
            await send({"type": "http.response.start", "status": rule.status, "headers": headers})
            await send({"type": "http.response.body", "body": rule.body})

        return guarded

    async def _keep_waiting(self, inner: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the client hangs up."""
        if self.late and self.passes == -1:
            await inner(scope, receive, _nowhere)
        gone = asyncio.create_task(_hung_up(receive))
        if self.trickles:
            headers = [(b"server", b"Nexus/3.96.3-01 (COMMUNITY)"), (b"content-length", b"99999")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.stuck.set()
        while not gone.done():
            if self.trickles:
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.wait([gone], timeout=0.02)
        raise CutConnectionError


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cut(send: Send) -> None:
    """The beginning of an answer, then the end of the connection."""
    headers = [(b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    raise CutConnectionError


async def _nowhere(_message: MutableMapping[str, Any]) -> None:
    pass


@contextlib.contextmanager
def world_behind(door: Door, preset: str = "3.96") -> Iterator[PracticeWorld]:
    """A practice world whose Nexus is reached through ``door``."""
    made = server.rest_app
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "rest_app", lambda state: door.app(made(state)))
        world = PracticeWorld(preset=preset)
        with world:
            world.state.search_lag = 0.05
            yield world


@contextlib.contextmanager
def tls_before(port: int, *contexts: ssl.SSLContext) -> Iterator[tuple[int, list[ssl.SSLContext]]]:
    """A TLS end before a plain port on loopback: its port, and the list whose first context is
    used for the next connection."""
    used = list(contexts)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=connection, args=(raw,), daemon=True).start()

    def connection(raw: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            used[0].wrap_socket(raw, server_side=True) as tls,
            socket.create_connection(("127.0.0.1", port)) as plain,
        ):
            back = threading.Thread(target=pump, args=(plain, tls), daemon=True)
            back.start()
            pump(tls, plain)
            back.join(5)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], used
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def names(world: PracticeWorld) -> set[str]:
    """The repositories that Nexus has, asked inside it."""
    return set(world.call(lambda: dict(world.state.repositories)))


def put(world: PracticeWorld, *repositories: Repository) -> None:
    """Into Nexus, as someone else would have made them."""

    async def work(state: NexusState) -> None:
        state.repositories |= {r.name: r for r in repositories}
        await state.repositories_changed()

    world.call(work, world.state)
