"""A limit on the speed of blobs, so that a user can watch a pull."""

from __future__ import annotations

import asyncio
import time

# `chainguard/wolfi-base` for one platform (7 MB) in about three seconds.
SPEED_TO_WATCH = 2_330_000.0
_STEPS_A_SECOND = 25
_LARGEST, _SMALLEST = 1 << 19, 1 << 10


class Throttle:
    """Shares ``speed`` bytes a second among all responses, in small steps; None: no limit."""

    def __init__(self, speed: float | None) -> None:
        self.speed = speed
        self._free_at = 0.0

    @property
    def step(self) -> int:
        """How many bytes to send at once."""
        if self.speed is None:
            return _LARGEST
        return max(_SMALLEST, min(_LARGEST, int(self.speed / _STEPS_A_SECOND)))

    async def pause(self, size: int) -> None:
        """Wait until ``size`` more bytes may go out."""
        if self.speed is None:
            return
        now = time.monotonic()
        # Idle time does not count: there is no burst after a pause.
        start = max(now, self._free_at)
        self._free_at = start + size / self.speed
        await asyncio.sleep(self._free_at - now)
