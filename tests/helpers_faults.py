"""A TCP proxy between a client and a real registry that does one kind of harm at a time.

It reads one request a connection, fetches the answer from the registry, and sends it on as the
first `Rule` that fits says. What was asked is kept in `FaultProxy.asked`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CHUNK = 64 << 10


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

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def reset(self) -> None:
        """End with a RST, as a crashed peer or a firewall does."""
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
    rules: list[Rule] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    _closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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
        with sock, contextlib.suppress(OSError):
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
                    rule.fault(Line(sock, self._closing), asked, answer)
                    return
                sock.sendall(answer.bytes)

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
        if not piece:
            return None
        data += piece
    first, *lines = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(": ") for line in lines)
    return Asked(method, target, {name.lower(): value for name, _, value in pairs})


@contextlib.contextmanager
def fault_proxy(upstream_url: str) -> Iterator[FaultProxy]:
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = FaultProxy(int(upstream_url.rpartition(":")[2]), port=listener.getsockname()[1])
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


# --- the harm ---


def cut(after: int, *, reset: bool = True) -> Fault:
    """The head and ``after`` bytes of the body, then the end."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        line.send(Answer(answer.head, answer.body[:after]).bytes)
        if reset:
            # A RST overtakes bytes that the client did not read yet: let them arrive.
            line.hang(0.05)
            line.reset()

    return fault


def dropped(line: Line, _asked: Asked, _answer: Answer) -> None:
    """No answer at all, the connection reset."""
    line.reset()


def stall(after: int) -> Fault:
    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        line.send(Answer(answer.head, answer.body[:after]).bytes)
        line.hang()

    return fault


def silent(line: Line, _asked: Asked, _answer: Answer) -> None:
    """The connection stands, and nothing comes."""
    line.hang()


def slow(step: int, seconds: float) -> Fault:
    """``step`` bytes of the body every ``seconds``."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        line.send(Answer(answer.head, b"").bytes)
        for start in range(0, len(answer.body), step):
            line.send(answer.body[start : start + step])
            line.hang(seconds)

    return fault


def corrupt(at: int) -> Fault:
    """One byte of the body turned over."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        body = bytearray(answer.body)
        body[at] ^= 0xFF
        line.send(Answer(answer.head, bytes(body)).bytes)

    return fault


def longer(line: Line, _asked: Asked, answer: Answer) -> None:
    """A byte too many, and a Content-Length that says so."""
    answer.body += b"!"
    answer.set("Content-Length", str(len(answer.body)))
    line.send(answer.bytes)


def chunked(extra: bytes = b"", *, short: int = 0) -> Fault:
    """The body in chunked coding, ``extra`` bytes added or ``short`` left out, ended well."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        body = answer.body[: len(answer.body) - short] + extra
        answer.drop("Content-Length")
        answer.set("Transfer-Encoding", "chunked")
        answer.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        line.send(answer.bytes)

    return fault


def header(name: str, value: str) -> Fault:
    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        answer.set(name, value)
        line.send(answer.bytes)

    return fault


def flood(line: Line, _asked: Asked, _answer: Answer) -> None:
    """Headers without end."""
    line.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        line.send(b"".join(b"X-%d: flood\r\n" % n for n in range(1000)))


def interim_flood(line: Line, _asked: Asked, _answer: Answer) -> None:
    """Interim answers without end."""
    while True:
        line.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)


def answering(status: str, body: bytes = b"", **headers: str) -> Fault:
    """An answer of our own; underscores in names become hyphens."""

    def fault(line: Line, _asked: Asked, _answer: Answer) -> None:
        own = Answer(f"HTTP/1.1 {status}", body)
        for name, value in headers.items():
            own.set(name.replace("_", "-"), value)
        own.set("Content-Length", str(len(body)))
        line.send(own.bytes)

    return fault


def circle(line: Line, asked: Asked, _answer: Answer) -> None:
    """A redirect to the same place under ever another query."""
    path = asked.target.partition("?")[0]
    number = len(asked.target)
    line.send(
        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {path}?{'x' * number}\r\n"
        "Content-Length: 0\r\n\r\n".encode()
    )


def without_range(asked: Asked) -> None:
    """The registry never hears of the range: it sends everything, with 200."""
    asked.headers.pop("range", None)


def passing(line: Line, _asked: Asked, answer: Answer) -> None:
    line.send(answer.bytes)
