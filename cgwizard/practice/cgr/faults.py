"""What the practice cgr.dev does wrong when a lesson or a test asks for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Kind = Literal[
    "corrupt",  # blob: one byte is another, at `at` (default: the middle)
    "truncate",  # blob, manifest: the connection ends after `at` bytes of the answer (half)
    "stall",  # blob, manifest: nothing for `seconds` after `at` bytes of the answer (half)
    "status",  # anything: `status` instead of an answer
    "too-many-requests",  # anything: 429 with Retry-After `retry_after`
    "wrong-digest-header",  # manifest, link: Docker-Content-Digest names something else
    "wrong-manifest",  # manifest: another document than the digest says
    "ignore-range",  # blob: 200 and everything, though a range was asked for
    "wrong-range",  # blob: 206, but of the first bytes, whatever was asked for
    "slow",  # blob: at most `rate` bytes a second
]
# Where it happens: the token endpoint, a manifest, the redirect to a blob, the blob's own host.
Place = Literal["token", "manifest", "link", "blob"]


@dataclass
class Fault:
    """One switch. Patterns are shell globs; ``reference`` is a tag or digest."""

    kind: Kind
    repository: str = "*"
    reference: str = "*"
    place: Place | None = None  # None: wherever this kind can happen
    count: int | None = None  # how many times; None: until it is taken away
    at: int | None = None
    seconds: float = 3600.0
    status: int = 500
    retry_after: int = 1
    rate: float = 10_000.0

    def _matches(self, place: Place, repository: str, references: tuple[str, ...]) -> bool:
        return (
            self.count != 0
            and self.place in (None, place)
            and fnmatchcase(repository, self.repository)
            and any(fnmatchcase(reference, self.reference) for reference in references)
        )


class Faults:
    """The switches that are on. Usable from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Switch ``fault`` on; the same object takes it away again."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def active(self, fault: Fault) -> bool:
        """Whether ``fault`` was not taken away since: a stalled answer asks this."""
        with self._lock:
            return any(fault is other for other in self._faults)

    def take(
        self, kind: Kind, place: Place, repository: str = "", *references: str
    ) -> Fault | None:
        """The fault that hits this request, counted down; None when there is none."""
        with self._lock:
            for fault in self._faults:
                if fault.kind == kind and fault._matches(place, repository, references or ("",)):
                    if fault.count is not None:
                        fault.count -= 1
                    return fault
        return None
