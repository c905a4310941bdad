"""A TCP proxy between a client and a real registry that does one kind of harm at a time.

It reads one request a connection, fetches the answer from the registry, and sends it on as the
first `Rule` that fits says. What was asked is kept in `FaultProxy.asked`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CHUNK = 64 << 10
TLS = b"\x16\x03"  # how a client that tries HTTPS first begins


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]


@dataclass
class Answer:
    """What the registry said: the head as text without its blank line, and the body."""

    head: str
    body: bytes

    def set(self, name: str, value: str) -> None:
        """Replace or add one header."""
        self.drop(name)
        self.head += f"\r\n{name}: {value}"

    def drop(self, name: str) -> None:
        self.head = re.sub(rf"(?mi)\r\n{re.escape(name)}:[^\r\n]*", "", self.head)

    @property
    def bytes(self) -> bytes:
        return f"{self.head}\r\n\r\n".encode("latin-1") + self.body


class Line:
    """The client's connection, as a fault sees it."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        self._sock, self._closing = sock, closing
        self.stays = True  # whether more requests may come on it

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def end(self, data: bytes) -> None:
        """The last bytes on this connection."""
        self.send(data)
        self.stays = False

    def reset(self) -> None:
        """End with a RST, as a crashed peer or a firewall does."""
        self.stays = False
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def hang(self, seconds: float | None = None) -> None:
        """Send nothing until the proxy closes (or for ``seconds``)."""
        self._closing.wait(seconds)


Fault = Callable[[Line, Asked, Answer], None]
Before = Callable[[Asked], None]


@dataclass
class Rule:
    """Do ``fault`` to requests whose target matches, ``times`` times (None: always), after
    letting ``after`` of them pass. ``before`` may change the request."""

    pattern: str
    fault: Fault
    times: int | None = None
    after: int = 0
    before: Before | None = None
    seen: int = 0

    def takes(self, asked: Asked) -> bool:
        if not re.search(self.pattern, asked.target):
            return False
        self.seen += 1
        past = self.seen - self.after
        return past > 0 and (self.times is None or past <= self.times)


@dataclass
class FaultProxy:
    upstream: int
    tls: ssl.SSLContext | None = None
    rules: list[Rule] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    at_once: int = 0  # answers under way ...
    most_at_once: int = 0  # ... and how many there were at most
    _closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def rule(
        self,
        pattern: str,
        fault: Fault,
        *,
        times: int | None = None,
        after: int = 0,
        before: Before | None = None,
    ) -> None:
        self.rules.append(Rule(pattern, fault, times, after, before))

    def count(self, pattern: str) -> int:
        return sum(1 for asked in self.asked if re.search(pattern, asked.target))

    def serve(self, listener: socket.socket) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), self._spoken_to(sock) as sock:
            while True:
                asked = _read_request(sock)
                if asked is None:
                    return
                with self._lock:
                    self.asked.append(asked)
                    rule = next((rule for rule in self.rules if rule.takes(asked)), None)
                if rule and rule.before:
                    rule.before(asked)
                answer = self._fetch(asked)
                if rule:
                    line = Line(sock, self._closing)
                    with self._counted():
                        rule.fault(line, asked, answer)
                    if not line.stays:
                        return
                else:
                    sock.sendall(answer.bytes)

    def _spoken_to(self, sock: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(sock, server_side=True) if self.tls else sock

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self._lock:
                self.at_once -= 1

    def _fetch(self, asked: Asked) -> Answer:
        with socket.create_connection(("127.0.0.1", self.upstream)) as up:
            headers = {**asked.headers, "connection": "close"}
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            up.sendall(f"{asked.method} {asked.target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
            data = bytearray()
            while piece := up.recv(CHUNK):
                data += piece
        head_bytes, _, body = bytes(data).partition(b"\r\n\r\n")
        answer = Answer(head_bytes.decode("latin-1"), body)
        answer.drop("Connection")
        return answer


def _read_request(sock: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(CHUNK)
        if not piece or piece.startswith(TLS):
            return None
        data += piece
    first, *lines = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    method, target, _ = first.split(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        before = headers.get(name.lower())
        # skopeo says what it accepts in a line each.
        headers[name.lower()] = f"{before}, {value}" if before else value
    return Asked(method, target, headers)


@contextlib.contextmanager
def fault_proxy(upstream_url: str, tls: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """``tls``: what a client of HTTPS meets; the registry itself is asked in plain HTTP."""
    listener = socket.create_server(("127.0.0.1", 0))
    upstream, port = int(upstream_url.rpartition(":")[2]), listener.getsockname()[1]
    proxy = FaultProxy(upstream, tls, port=port)
    thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy._closing.set()
        # close() alone does not wake an accept() that waits.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)
