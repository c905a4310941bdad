"""Responses whose body is slowed down, cut, stalled or changed by faults."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cgwizard.practice.cgr.throttle import Throttle
from cgwizard.practice.faults.base import ActiveFaults, BodyFault
from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.serving import CutConnectionError, Receive, Scope, Send

_LOOK_SECONDS = 0.05  # how often a stalled response checks whether its fault was removed


@dataclass(frozen=True)
class Body:
    """``length`` bytes from ``start`` of what ``read(offset, size)`` reads."""

    read: Callable[[int, int], bytes]
    start: int
    length: int
    close: Callable[[], None]

    @classmethod
    def of(cls, data: bytes) -> Body:
        return cls(lambda offset, size: data[offset : offset + size], 0, len(data), lambda: None)

    @classmethod
    def of_file(cls, path: Path, start: int, length: int) -> Body:
        """Raises OSError when the file cannot be opened."""
        descriptor = os.open(path, os.O_RDONLY)
        return cls(
            lambda offset, size: os.pread(descriptor, size, offset),
            start,
            length,
            lambda: os.close(descriptor),
        )


class Streamed:
    """An ASGI answer whose body goes out in steps."""

    def __init__(
        self,
        status: int,
        headers: dict[str, str],
        body: Body,
        faults: ActiveFaults,
        *,
        throttles: tuple[Throttle, ...] = (),
        flip: int | None = None,  # offset of the byte that is sent wrong
        cut: BodyFault | None = None,
        stall: StalledAnswer | None = None,
    ) -> None:
        self.status_code = status
        self._headers, self._body, self._faults, self._throttles = headers, body, faults, throttles
        self._flip, self._cut, self._stall = flip, cut, stall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await self._send(scope, send, gone)
        finally:
            gone.cancel()
            self._body.close()

    async def _send(self, scope: Scope, send: Send, gone: asyncio.Future[None]) -> None:
        length = self._body.length
        headers = {**self._headers, "Content-Length": str(length)}
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": [
                    (name.lower().encode(), value.encode()) for name, value in headers.items()
                ],
            }
        )
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        end = self._cut.begins_at(length) if self._cut else length
        pause = self._stall.begins_at(length) if self._stall else length
        sent = 0
        # A client that has disconnected must not take a share of the bandwidth.
        while sent < end and not gone.done():
            if sent == pause and self._stall:
                await self._wait(self._stall, gone)
                pause = length + 1
            size = min([end - sent, *(throttle.step for throttle in self._throttles)])
            if sent < pause:
                size = min(size, pause - sent)
            for throttle in self._throttles:
                await throttle.pause(size)
            await send(
                {
                    "type": "http.response.body",
                    "body": self._read(self._body.start + sent, size),
                    "more_body": True,
                }
            )
            sent += size
        if sent < length:
            raise CutConnectionError
        await send({"type": "http.response.body", "body": b""})

    def _read(self, offset: int, size: int) -> bytes:
        data = self._body.read(offset, size)
        if self._flip is None or not offset <= self._flip < offset + size:
            return data
        at = self._flip - offset
        return data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :]

    async def _wait(self, fault: StalledAnswer, gone: asyncio.Future[None]) -> None:
        """Wait until the fault's time is over, it is removed, or the client has disconnected."""
        left = fault.seconds
        while left > 0 and self._faults.is_active(fault) and not gone.done():
            await asyncio.wait({gone}, timeout=min(_LOOK_SECONDS, left))
            left -= _LOOK_SECONDS


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
