"""One request's hold on its connection: a deadline as a whole, large reads, a way to cut it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import httpcore

READ = 1 << 20  # bytes
_here = threading.local()  # ``sock``: that to which this thread wrote last


class Deadline:
    """The time until an answer begins, as a whole.

    The time-outs of httpx are between two reads: a server that sends interim answers, or a
    header byte by byte, would keep a request for ever. This cuts its connection, and no other:
    further layers may be under way.
    """

    def __init__(self, seconds: float, keep: Callable[[socket.socket], None]) -> None:
        self._keep = keep
        self._passed = False
        self._sock: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def trace(self, event: str, info: dict[str, object]) -> None:
        """What httpcore tells: new sockets are noted, and the time runs from the request on."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            stream = cast("httpcore.NetworkStream", info["return_value"])
            sock = stream.get_extra_info("socket")
            _adapt(stream, sock)
            if isinstance(sock, socket.socket):
                self._keep(sock)
        elif event == "http11.receive_response_headers.started":
            # Again after a proxy let us through: then in TLS, which is another socket.
            self._sock = getattr(_here, "sock", None)
            if self._timer.ident is None:
                self._timer.start()

    def __enter__(self) -> Deadline:
        return self

    def __exit__(self, *details: object) -> None:
        import httpx

        self._timer.cancel()
        if self._passed and isinstance(details[1], httpx.HTTPError):
            raise httpx.ReadTimeout("the answer did not begin in time") from details[1]

    def _pass(self) -> None:
        self._passed = True
        if self._sock is not None:
            cut(self._sock)


def cut(sock: socket.socket) -> None:
    """End a connection, so that a thread that waits for its bytes goes on at once."""
    # Not SSLSocket's own shutdown: it would take the TLS state from under a reader.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _adapt(stream: httpcore.NetworkStream, sock: socket.socket) -> None:
    """Ask the socket for `READ` bytes where httpcore asks for 64 KiB: a large layer comes in
    two thirds of the time (measured on loopback). And note who writes to it: httpcore does not
    tell which of its connections a request takes."""
    read, write = stream.read, stream.write

    def read_more(max_bytes: int, timeout: float | None = None) -> bytes:
        return read(max(max_bytes, READ), timeout)

    def write_here(buffer: bytes, timeout: float | None = None) -> None:
        _here.sock = sock
        write(buffer, timeout)

    stream.read = read_more  # type: ignore[method-assign]
    stream.write = write_here  # type: ignore[method-assign]
