"""One request's hold on its connection: a deadline as a whole, large reads, a way to cut it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import httpcore

READ = 1 << 20  # bytes


class Deadline:
    """The time until an answer begins, as a whole.

    The time-outs of httpx are between two reads: a server that sends interim answers, or a
    header byte by byte, would keep a request for ever. ``cut`` ends that.
    """

    def __init__(
        self, seconds: float, cut: Callable[[], None], keep: Callable[[socket.socket], None]
    ) -> None:
        self._cut, self._keep = cut, keep
        self._passed = False
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def trace(self, event: str, info: dict[str, object]) -> None:
        """What httpcore tells: new sockets are noted, and the time runs from the request on."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            stream = cast("httpcore.NetworkStream", info["return_value"])
            _read_more_at_once(stream)
            sock = stream.get_extra_info("socket")
            if isinstance(sock, socket.socket):
                self._keep(sock)
        elif event == "http11.send_request_headers.started" and self._timer.ident is None:
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
        self._cut()


def _read_more_at_once(stream: httpcore.NetworkStream) -> None:
    """Ask the socket for `READ` bytes where httpcore asks for 64 KiB: a large layer comes in
    two thirds of the time (measured on loopback)."""
    read = stream.read

    def read_more(max_bytes: int, timeout: float | None = None) -> bytes:
        return read(max(max_bytes, READ), timeout)

    stream.read = read_more  # type: ignore[method-assign]
