"""A proxy before any server, which applies faults to the connection or to an answer on its way."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from cgwizard.practice.faults.base import ConnectionFault, FaultRule

CHUNK = 64 << 10
TLS = b"\x16\x03"  # how a client that tries HTTPS first begins


@dataclass
class ProxyRequest:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes = b""


@dataclass
class ProxyResponse:
    """The server's answer: its head as text without the empty line at its end, and the body."""

    head: str
    body: bytes = b""

    def set(self, name: str, value: str) -> None:
        """Replace or add one header."""
        self.drop(name)
        self.head += f"\r\n{name}: {value}"

    def drop(self, name: str) -> None:
        self.head = re.sub(rf"(?mi)\r\n{re.escape(name)}:[^\r\n]*", "", self.head)

    @property
    def encoded(self) -> bytes:
        return f"{self.head}\r\n\r\n".encode("latin-1") + self.body

    def first(self, size: int) -> bytes:
        """The head and ``size`` bytes of the body."""
        return ProxyResponse(self.head, self.body[:size]).encoded


class ClientConnection:
    """The client's connection, as a fault sees it."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        self._sock, self._closing = sock, closing
        self.stays_open = True  # whether more requests may come on it

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def end(self, data: bytes) -> None:
        """Send the last bytes on this connection."""
        self.send(data)
        self.stays_open = False

    def reset(self) -> None:
        """End with a RST, as a crashed server or a firewall does."""
        self.stays_open = False
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def hang(self, seconds: float | None = None) -> None:
        """Send nothing for ``seconds`` (None: until the proxy closes)."""
        self._closing.wait(seconds)


@dataclass
class FaultProxy:
    """Reads one request at a time, fetches the server's answer, and sends it on as the first
    rule that fits says. ``tls`` may be changed: it counts from the next connection on."""

    upstream: int  # the server's port on loopback, which speaks plain HTTP
    tls: ssl.SSLContext | None = None
    rules: list[FaultRule[ConnectionFault]] = field(default_factory=list)
    requests: list[ProxyRequest] = field(default_factory=list)
    port: int = 0
    concurrent: int = 0  # answers under way to which a rule applies ...
    max_concurrent: int = 0  # ... and how many there were at most
    _closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def rule(
        self,
        pattern: str,
        fault: ConnectionFault,
        *,
        times: int | None = None,
        after: int = 0,
        before: ConnectionFault | None = None,
    ) -> None:
        self.rules.append(FaultRule(pattern, fault, times, after, before))

    def count(self, pattern: str) -> int:
        """How many of the requests match."""
        return sum(1 for request in self.requests if re.search(pattern, request.target))

    def serve(self, listener: socket.socket) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_client, args=(sock,), daemon=True).start()

    def _serve_client(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), self._encrypted(sock) as client:
            while request := _read_request(client):
                with self._lock:
                    self.requests.append(request)
                    rule = next((r for r in self.rules if r.takes(request.target)), None)
                if rule is None:
                    client.sendall(self._fetch(request).encoded)
                    continue
                for fault in (rule.before, rule.fault):
                    if fault is not None:
                        fault.change_request(request)
                response = self._fetch(request)
                connection = ClientConnection(client, self._closing)
                with self._counted():
                    rule.fault.answer(connection, request, response)
                if not connection.stays_open:
                    return

    def _encrypted(self, sock: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(sock, server_side=True) if self.tls else sock

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.concurrent += 1
            self.max_concurrent = max(self.max_concurrent, self.concurrent)
        try:
            yield
        finally:
            with self._lock:
                self.concurrent -= 1

    def _fetch(self, request: ProxyRequest) -> ProxyResponse:
        with socket.create_connection(("127.0.0.1", self.upstream)) as server:
            headers = {**request.headers, "connection": "close"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = f"{request.method} {request.target} HTTP/1.1\r\n{lines}\r\n"
            server.sendall(head.encode("latin-1") + request.body)
            data = bytearray()
            while piece := server.recv(CHUNK):
                data += piece
        head_bytes, _, body = bytes(data).partition(b"\r\n\r\n")
        response = ProxyResponse(head_bytes.decode("latin-1"), body)
        response.drop("Connection")
        return response


def _read_request(sock: socket.socket) -> ProxyRequest | None:
    """The next request; None when the client has gone or tries HTTPS."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(CHUNK)
        if not piece or piece.startswith(TLS):
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        before = headers.get(name.lower())
        # skopeo sends one Accept header for each type.
        headers[name.lower()] = f"{before}, {value}" if before else value
    while len(body) < int(headers.get("content-length", "0")):
        piece = sock.recv(CHUNK)
        if not piece:
            return None
        body += piece
    return ProxyRequest(method, target, headers, body)


@contextlib.contextmanager
def fault_proxy(upstream_url: str, tls: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """A proxy before ``upstream_url``. With ``tls`` clients must speak HTTPS to it."""
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
