"""A connection of the practice servers, which ends when its client does nothing."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState


class Connection(H11Protocol):
    """Ends after at most twice ``idle_seconds`` in which it waited for its client only: for a
    request, for the rest of one, or for an answer to be read.

    uvicorn by itself ends a connection between two requests, and no other.
    """

    def __init__(self, config: Config, state: ServerState, idle_seconds: float) -> None:
        super().__init__(config, state, {})
        self._idle_seconds = idle_seconds
        self._progress = 0  # by the client: pieces that it sent, and how often it went on reading
        self._seen = (-1, 0)
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        self._progress += 1
        super().data_received(data)

    def resume_writing(self) -> None:
        self._progress += 1
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        unread = self.transport.get_write_buffer_size()
        seen = (self._progress, unread)
        if seen == self._seen and (unread or self._waits_for_request()):
            # At once, or the kernel would go on offering what nobody reads.
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
            return
        self._seen = seen
        self._timer = self.loop.call_later(self._idle_seconds, self._look)

    def _waits_for_request(self) -> bool:
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        # What is paused waits for the app, which has not read what came.
        return cycle.more_body and not self.flow.read_paused
