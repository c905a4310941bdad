"""`Cancel`: how a user stops work that runs in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from cgwizard.errors import Cancelled

T = TypeVar("T")
POLL_SECONDS = 0.05


class Cancel:
    """A flag that long work checks between two steps, and waits on instead of sleeping."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when the user asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Pause for ``seconds``, or raise `Cancelled` as soon as the user asks to stop."""
        if self._event.wait(seconds):
            raise Cancelled

    def run(self, work: Callable[[], T], abort: Callable[[], None] = lambda: None) -> T:
        """Do ``work`` in a thread and return its result or raise its exception.

        As soon as the user asks to stop, this calls ``abort`` and raises Cancelled. The thread
        may still wait for a name server, a connection or an answer; its result is ignored.
        """
        self.check()
        ended = threading.Event()
        results: list[T] = []
        errors: list[BaseException] = []

        def body() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
                errors.append(error)
            finally:
                ended.set()

        threading.Thread(target=body, name="stoppable", daemon=True).start()
        try:
            while not ended.wait(POLL_SECONDS):
                self.check()
        except BaseException:  # also a KeyboardInterrupt in the caller's thread
            abort()
            raise
        if errors and self.is_set:  # aborted work fails with an error of its kind
            raise Cancelled from errors[0]
        if errors:
            raise errors[0]
        return results[0]
