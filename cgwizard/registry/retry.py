"""How long to wait and how often to try again: every wait has an end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.net.budget import FETCH_SECONDS, STALL_SECONDS
from cgwizard.registry.errors import RegistryError

T = TypeVar("T")


class RetryPolicy(msgspec.Struct, frozen=True):
    """Seconds and counts that bound a pull.

    Nexus fetches a whole blob from its remote before it sends the first byte of it, so that
    the first byte may take minutes where the next ones come at once.
    """

    stall_seconds: float = STALL_SECONDS  # without a byte, inside an answer
    answer_seconds: float = 60.0  # until an answer begins
    blob_answer_seconds: float = 300.0  # until the answer with a blob begins
    fetch_seconds: float = FETCH_SECONDS  # the same, of a Nexus
    tries: int = 5  # retries in a row without progress
    total: int = 100  # retries of one pull
    first_pause: float = 0.5  # doubles with every retry in a row
    longest_pause: float = 8.0
    longest_retry_after: float = 120.0  # a server that asks for more is not waited for


class Retries:
    """The retries of one piece of work (a pull, a single request), for several threads."""

    def __init__(self, patience: RetryPolicy, cancel: Cancel | None = None) -> None:
        self.patience = patience
        self.cancel = cancel or Cancel()
        self.count = 0
        self._lock = threading.Lock()

    def pause(self, error: RegistryError, in_a_row: int) -> float:
        """Seconds to wait before retry number ``in_a_row`` (from 1). Raises ``error`` when
        there is to be none."""
        limit = self.patience.tries if error.tries is None else error.tries
        asked = error.retry_after
        if not error.transient or in_a_row > limit:
            raise error
        if asked is not None and asked > self.patience.longest_retry_after:
            raise error
        with self._lock:
            if self.count >= self.patience.total:
                raise error
            self.count += 1
        if asked is not None:
            return asked
        pause = min(self.patience.first_pause * 2.0 ** (in_a_row - 1), self.patience.longest_pause)
        # Three layers that were cut at once should not come back at once.
        return pause * (0.75 + random.random() / 2)  # noqa: S311

    def run(self, work: Callable[[], T]) -> T:
        """``work()``, again after every failure that may pass. Raises its last RegistryError,
        or Cancelled."""
        in_a_row = 0
        while True:
            self.cancel.check()
            try:
                return work()
            except RegistryError as error:
                in_a_row += 1
                pause = self.pause(error, in_a_row)
            self.cancel.wait(pause)
