"""Signals end the screens in order, or where that cannot be, all the same."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

GRACE_SECONDS = 3.0  # for the screens to go


class Ending:
    """A line that stands still makes the application's loop stand still, in a write: then neither
    a handler of the loop's own is called, nor would the last words ever be written. So a thread
    waits for the signal. ``clean_up`` is called where the process has to end from here."""

    def __init__(self, clean_up: Callable[[], None]) -> None:
        self._clean_up = clean_up
        self._code = 0
        self._told = threading.Event()
        self._over = threading.Event()

    def watch(self, leave: Callable[[int], None]) -> None:
        """From now on. ``leave`` gets the exit code, in another thread, and must not wait."""
        threading.Thread(target=self._wait, args=(leave,), name="ending", daemon=True).start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._tell)

    def over(self) -> None:
        """The screens are gone: nobody needs to be ended any more."""
        self._over.set()

    def _tell(self, number: int, _frame: FrameType | None) -> None:
        self._code = 128 + number
        self._told.set()

    def _wait(self, leave: Callable[[int], None]) -> None:
        self._told.wait()
        leave(self._code)
        if not self._over.wait(GRACE_SECONDS):
            self._clean_up()
            os._exit(self._code)
