"""One request's hold on its connection: a deadline, a way to cut it, and what happened on it."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cgwizard.errors import Cancelled

if TYPE_CHECKING:
    import httpcore

    from cgwizard.cancel import Cancel

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0  # between two reads
READ_BYTES = 1 << 20
CANCEL_POLL_SECONDS = 0.1
_BEGINNING = 16 << 10  # bytes of an answer that are kept until its header was read
_thread = threading.local()  # ``exchange``: the one whose request this thread sends


class OpenSockets:
    """The connections of one client. Usable from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def add(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.add(sock)

    def cut(self) -> None:
        """Cut all of them, so that threads that wait for bytes go on at once."""
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            _shut_down(sock)


class Exchange:
    """One request and its answer: give `trace` to httpx as the request's ``trace`` extension.

    The timeouts of httpx apply to each read: a server that sends interim answers, or a header
    byte by byte, would keep a request for ever. ``seconds`` bounds the time until the answer
    begins, or with ``whole`` the time of everything inside the ``with`` block. The deadline
    cuts this request's connection only, because other requests may be under way.
    """

    def __init__(
        self,
        seconds: float | None = None,
        *,
        whole: bool = False,
        sockets: OpenSockets | None = None,
    ) -> None:
        self.late = False  # the deadline passed
        self.peer: tuple[str, int] | None = None  # to whom a connection was made; a proxy's too
        self.sent = False  # the request went out; a CONNECT to a proxy does not count
        self.begun = False  # the headers of the answer are complete
        self.ended_by_peer = False
        self.tunnel_status: int | None = None  # a proxy's answer to CONNECT
        self.beginning = b""  # of the last answer on the connection
        self._whole = whole
        self._sockets = sockets
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False
        self._tunneling = False
        self._timer = None if seconds is None else threading.Timer(seconds, self._pass)

    def __enter__(self) -> Exchange:
        if self._whole:
            self._start_timer()
        return self

    def __exit__(self, *details: object) -> None:
        import httpx

        if self._timer is not None:
            self._timer.cancel()
        if self.late and isinstance(details[1], httpx.HTTPError):
            raise httpx.ReadTimeout("the answer did not begin in time") from details[1]

    @property
    def tunnel_open(self) -> bool:
        return self.tunnel_status is not None and 200 <= self.tunnel_status < 300

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """The shape of httpcore's ``trace`` extension."""
        step = event.partition(".")[2]
        if step == "connect_tcp.started":
            self.peer = (info["host"], info["port"])
        elif step in _OPENED:
            stream = info["return_value"]
            sock = stream.get_extra_info("socket")
            if isinstance(sock, socket.socket):
                _adapt(stream, sock)
                self._hold(sock)
                if self._sockets is not None:
                    self._sockets.add(sock)
        elif step == "send_request_headers.started":
            if self._is_cut:
                raise Cancelled  # a connection that was made too late is not used
            _thread.exchange = self
            self.beginning = b""
            self._tunneling = info["request"].method == b"CONNECT"
        elif step == "receive_response_headers.started":
            self._start_timer()
        elif step == "receive_response_headers.complete":
            if self._tunneling:
                self.tunnel_status = info["return_value"][1]
            else:
                self.begun = True

    def cut(self) -> None:
        """End the connection, now or as soon as there is one."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                _shut_down(self._socket)

    @contextlib.contextmanager
    def cut_by(self, cancel: Cancel | None) -> Iterator[None]:
        """Cut the connection as soon as ``cancel`` is set; then Cancelled is raised."""
        if cancel is None:
            yield
            return
        over = threading.Event()

        def watch() -> None:
            while not over.wait(CANCEL_POLL_SECONDS):
                if cancel.is_set:
                    self.cut()
                    return

        cancel.check()
        threading.Thread(target=watch, name="cut-by-cancel", daemon=True).start()
        try:
            yield
        finally:
            over.set()
        cancel.check()

    def _start_timer(self) -> None:
        # Only once: the headers of a proxy's answer to CONNECT come before the server's.
        if self._timer is not None and self._timer.ident is None:
            self._timer.daemon = True
            self._timer.start()

    def _pass(self) -> None:
        with self._lock:
            self.late = True
            if self._socket is not None:
                _shut_down(self._socket)

    def _hold(self, sock: socket.socket) -> None:
        with self._lock:
            self._socket = sock
            if self._is_cut or self.late:
                _shut_down(sock)

    def _wrote(self, sock: socket.socket) -> None:
        self._hold(sock)
        self.sent = self.sent or not self._tunneling

    def _read(self, data: bytes) -> None:
        self.ended_by_peer = not data
        if not self.begun and len(self.beginning) < _BEGINNING:
            self.beginning += data[: _BEGINNING - len(self.beginning)]


_OPENED = {"connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete"}


def _shut_down(sock: socket.socket) -> None:
    # Not SSLSocket's own shutdown: it would take the TLS state away from a thread that reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _adapt(stream: httpcore.NetworkStream, sock: socket.socket) -> None:
    """Let the stream tell the exchange that uses it: httpcore does not say which of its
    connections a request takes. And read `READ_BYTES` at once where httpcore asks for 64 KiB:
    a large layer then comes in two thirds of the time (measured on loopback)."""
    read, write = stream.read, stream.write
    user: Exchange | None = None  # who wrote last; the bytes that come are its answer

    def read_more(max_bytes: int, timeout: float | None = None) -> bytes:
        data = read(max(max_bytes, READ_BYTES), timeout)
        if user is not None:
            user._read(data)
        return data

    def write_here(buffer: bytes, timeout: float | None = None) -> None:
        nonlocal user
        user = getattr(_thread, "exchange", None)
        if user is not None:
            user._wrote(sock)
        write(buffer, timeout)

    stream.read = read_more  # type: ignore[method-assign]
    stream.write = write_here  # type: ignore[method-assign]
