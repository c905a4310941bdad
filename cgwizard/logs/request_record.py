"""What Nexus was asked and what it answered, with secrets removed: for the screen of F6."""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

from cgwizard.logs import redact

MAX_REQUESTS = 500  # the oldest are dropped
MAX_BODY = 16 << 10  # bytes; longer bodies are listings
SIGNS = {"POST": "+", "PUT": "~", "DELETE": "-"}


class RecordedRequest(NamedTuple):
    at: float  # seconds since the epoch
    method: str
    path: str
    status: int  # 0: no answer
    seconds: float
    sent: str
    answer: str

    @property
    def changed(self) -> bool:
        """Whether it changed Nexus, as far as its answer says."""
        return self.method in SIGNS and 200 <= self.status < 300

    @property
    def row(self) -> str:
        sign = SIGNS[self.method] if self.changed else " "
        clock = time.strftime("%H:%M:%S", time.localtime(self.at))
        came = self.status or "no answer"
        took = f"{self.seconds * 1000:.0f} ms"
        return f"{sign} {clock}  {self.method.ljust(6)}  {self.path}  {came}  {took}"


_kept: deque[RecordedRequest] = deque(maxlen=MAX_REQUESTS)


def note(
    method: str,
    path: str,
    *,
    began: float,
    sent: bytes,
    status: int = 0,
    answer: bytes = b"",
) -> None:
    """``began``: by `time.time`. ``sent`` and ``answer``: the bodies."""
    shown = redact.url(path)
    seconds = time.time() - began
    _kept.append(RecordedRequest(began, method, shown, status, seconds, _body(sent), _body(answer)))


def kept() -> list[RecordedRequest]:
    return list(_kept)


def _body(data: bytes) -> str:
    if len(data) > MAX_BODY:
        return f"({len(data):,} bytes, not shown)"
    return redact.said(redact.body(data.decode("utf-8", "replace")))
