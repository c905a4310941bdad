"""Whether a remote may be asked: not while it is blocked by an administrator or after a failure.

The rule is Nexus's own (``BlockingHttpClient``): the first failure blocks for 40 seconds, each
further one for the next Fibonacci multiple; when the time is over, a background ``HEAD`` of the
host tries it again. Any answer that is not a failure ends it at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST_BLOCK_SECONDS = 40.0


class RemoteBlockedError(Exception):
    """The remote was not asked. The text is what Nexus tells its clients."""


@dataclass
class Clock:
    """A clock that tests and lessons can move forward."""

    skipped: float = 0.0

    def now(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic() + self.skipped

    def date(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skipped)

    def skip(self, seconds: float) -> None:
        self.skipped += seconds


class Blocking:
    """The state of one proxy's remote.

    ``check`` is what tries the remote again; it reports back through `answered` or `failed`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        blocked: bool,
        auto_block: bool,
        first_seconds: float = FIRST_BLOCK_SECONDS,
        check: Callable[[], Awaitable[None]],
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
    ) -> None:
        self._clock, self._check, self._spawn = clock, check, spawn
        self._manual, self._auto = blocked, auto_block
        self._first = self._next = first_seconds
        self._after = first_seconds
        self._until: float | None = None
        self._until_date = clock.date()
        self._waiting: asyncio.Task[None] | None = None
        self.description = "Remote Manually Blocked" if blocked else "Ready to Connect"
        self.reason: str | None = None

    @property
    def is_blocked(self) -> bool:
        return self._manual or self.description == "Remote Auto Blocked and Unavailable"

    def require_open(self) -> None:
        """Raise `RemoteBlockedError` when the remote is not to be asked now."""
        if self._manual:
            raise RemoteBlockedError("Remote Manually Blocked")
        if self._until is not None and self._until > self._clock.now():
            text = self._until_date.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            raise RemoteBlockedError(f"Remote Auto Blocked until {text}")

    def answered(self) -> None:
        if self._manual:
            return
        self._until = None
        self._next = self._after = self._first
        self._stop_waiting()
        self.description, self.reason = "Remote Available", None

    def failed(self, reason: str) -> None:
        self.reason = reason
        if not self._auto:
            self.description = "Remote Unavailable"
            return
        self.description = "Remote Auto Blocked and Unavailable"
        if self._until is not None and self._until > self._clock.now():
            return
        seconds = self._next
        self._next, self._after = self._after, self._next + self._after
        self._until = self._clock.now() + seconds
        self._until_date = self._clock.date() + timedelta(seconds=seconds)
        self._stop_waiting()
        self._waiting = self._spawn(self._try_again(seconds))

    def close(self) -> None:
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        # The check itself may be what reports: it must not cancel itself.
        if self._waiting is not None and self._waiting is not asyncio.current_task():
            self._waiting.cancel()
        self._waiting = None

    async def _try_again(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._check()
