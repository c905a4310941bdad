"""`Cancel`: how a user stops work that runs in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from cgwizard.errors import Cancelled

T = TypeVar("T")
LOOK_SECONDS = 0.05


class Cancel:
    """A flag that long work looks at between two steps, and waits on instead of sleeping."""

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
        """Do ``work`` in a thread, whatever it waits for: name servers, a connection, an answer.

        As soon as the user asks to stop, ``abort`` is called, Cancelled is raised, and the
        thread is left to its end, of which nobody hears.
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
            while not ended.wait(LOOK_SECONDS):
                self.check()
        except BaseException:  # also a KeyboardInterrupt of the caller's
            abort()
            raise
        if errors and self.is_set:  # what was cut fails in its own way
            raise Cancelled from errors[0]
        if errors:
            raise errors[0]
        return results[0]
