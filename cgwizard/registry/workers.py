"""A few threads that do a list of jobs while the caller watches, and end when it says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled

WATCH_SECONDS = 0.05
END_SECONDS = 6.0  # longer than a connection may take to be made, which nothing interrupts
# A user who stops it waits no longer for that: a thread left behind ends at its next look.
LEAVE_SECONDS = 0.6


class Crew:
    """Runs jobs until all are done, one fails, or ``cancel`` is set.

    ``stop`` is set for the jobs in the last two cases, and ``abort`` is called until they have
    ended: it cuts what they wait for. ``tick`` is called by the caller's thread meanwhile.
    """

    def __init__(
        self,
        cancel: Cancel | None,
        stop: Cancel,
        *,
        abort: Callable[[], None],
        tick: Callable[[], None],
    ) -> None:
        self._cancel, self._stop = cancel or Cancel(), stop
        self._abort, self._tick = abort, tick
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def run(self, jobs: Sequence[Callable[[], None]], parallel: int) -> None:
        """Raises what the first job that failed raised, or Cancelled."""
        waiting = iter(jobs)
        ended = threading.Semaphore(0)
        names = range(min(parallel, len(jobs)))
        threads = [
            threading.Thread(
                target=self._work, args=(waiting, ended), name=f"pull-{n}", daemon=True
            )
            for n in names
        ]
        left = len(threads)
        try:
            for thread in threads:
                thread.start()
            while left and not self._cancel.is_set and self._error is None:
                left -= ended.acquire(timeout=WATCH_SECONDS)
                self._tick()
        finally:
            # Also for a KeyboardInterrupt of the caller's: no thread may go on by itself.
            if left or self._error is not None:
                self._end(threads)
        self._cancel.check()
        if self._error is not None:
            raise self._error

    def _work(self, waiting: Iterator[Callable[[], None]], ended: threading.Semaphore) -> None:
        try:
            while not self._stop.is_set:
                with self._lock:
                    job = next(waiting, None)
                if job is None:
                    return
                job()
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 -- raised again in the caller's thread
            with self._lock:
                self._error = self._error or error
        finally:
            ended.release()

    def _end(self, threads: list[threading.Thread]) -> None:
        alive = [thread for thread in threads if thread.is_alive()]
        seconds = LEAVE_SECONDS if self._cancel.is_set else END_SECONDS
        deadline = time.monotonic() + seconds
        while alive and time.monotonic() < deadline:
            self._stop.set()
            self._abort()
            alive[0].join(WATCH_SECONDS)
            alive = [thread for thread in alive if thread.is_alive()]
