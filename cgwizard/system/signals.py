"""SIGINT, SIGTERM and SIGHUP end the screens in order; if that fails, the process ends anyway."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

GRACE_SECONDS = 3.0  # for the screens to close


class SignalWatcher:
    """Waits for a signal in a thread. When the connection to the terminal stalls, the event loop
    blocks in a write: it calls no handler, and the last messages would never be written.
    ``clean_up`` is called when the process has to be ended from here."""

    def __init__(self, clean_up: Callable[[], None]) -> None:
        self._clean_up = clean_up
        self._code = 0
        self._signaled = threading.Event()
        self._closed = threading.Event()

    def watch(self, leave: Callable[[int], None]) -> None:
        """Start. Another thread calls ``leave`` with the exit code; it must not block."""
        threading.Thread(target=self._wait, args=(leave,), name="signals", daemon=True).start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def closed(self) -> None:
        """The screens are closed, so the process need not be ended from here."""
        self._closed.set()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._code = 128 + number
        self._signaled.set()

    def _wait(self, leave: Callable[[int], None]) -> None:
        self._signaled.wait()
        leave(self._code)
        if not self._closed.wait(GRACE_SECONDS):
            self._clean_up()
            os._exit(self._code)
