"""`Cancel`: how a person stops work that runs in a thread."""

from __future__ import annotations

import threading

from cgwizard.errors import Cancelled


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
        """Raise `Cancelled` when the person asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Pause for ``seconds``, or raise `Cancelled` as soon as the person asks to stop."""
        if self._event.wait(seconds):
            raise Cancelled
