"""Events of one pull, throttled where they are made: the last value always arrives."""

from __future__ import annotations

import threading
import time
from collections import deque

from cgwizard.events import LayerProgress, LayerState, OnEvent, PullEvent, Resolved, Totals

LAYER_SECONDS = 0.2  # between two events of one layer's progress
TOTALS_SECONDS = 0.25
RATE_WINDOW = 3.0  # seconds over which the speed is taken


class Reporter:
    """Tells ``on_event``, from several threads but one at a time, until `close`."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._lock = threading.Lock()
        self._open = True
        self._sizes: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._told: dict[str, float] = {}
        self._told_totals = 0.0
        self._seen: deque[tuple[float, int]] = deque()

    def emit(self, event: PullEvent) -> None:
        with self._lock:
            if self._open:
                self._on_event(event)

    def close(self) -> None:
        """No event is sent after this returned."""
        with self._lock:
            self._open = False

    def resolved(self, event: Resolved) -> None:
        self._sizes = {layer.digest: layer.size for layer in event.layers}
        self._done = dict.fromkeys(self._sizes, 0)
        self._seen.append((time.monotonic(), 0))
        self.emit(event)
        for digest in self._sizes:
            self.layer(digest, "queued")

    def layer(
        self, digest: str, state: LayerState, done: int | None = None, detail: str = ""
    ) -> None:
        """A change of state, which is always told. ``done`` None: as far as it was."""
        if done is not None:
            self._done[digest] = done
        self._told[digest] = time.monotonic()
        self.emit(LayerProgress(digest, state, self._done[digest], self._sizes[digest], detail))

    def advance(self, digest: str, done: int) -> None:
        """Progress of a layer, told a few times a second at most."""
        self._done[digest] = done
        if time.monotonic() - self._told.get(digest, 0.0) >= LAYER_SECONDS:
            self.layer(digest, "downloading")

    def tick(self, *, last: bool = False) -> None:
        """The totals, when it is time for them or when they are the ``last``."""
        now = time.monotonic()
        if not self._sizes or (now - self._told_totals < TOTALS_SECONDS and not last):
            return
        self._told_totals = now
        done, total = sum(self._done.values()), sum(self._sizes.values())
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > RATE_WINDOW:
            self._seen.popleft()
        then, before = self._seen[0]
        # A layer that starts over takes bytes back.
        rate = max(0.0, (done - before) / (now - then)) if now > then else 0.0
        left = 0.0 if done == total else (total - done) / rate if rate > 0 else None
        self.emit(Totals(done, total, rate, left))
