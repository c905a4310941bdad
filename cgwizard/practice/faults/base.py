"""What every fault has, and the faults that are switched on."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse
    from cgwizard.practice.serving import App, Receive, Scope, Send

Origin = Literal["registry", "nexus", "connection"]
# The part of the registry: its token endpoint, a manifest, the redirect to a blob, the blob host.
Place = Literal["token", "manifest", "link", "blob"]


class Fault:
    """One kind of fault. The file that defines it is named by its slug."""

    where: ClassVar[Origin]

    @property
    def slug(self) -> str:
        return type(self).__module__.rpartition(".")[2].replace("_", "-")


@dataclass(eq=False)
class RegistryFault(Fault):
    """A fault in the answers of the practice registry. The patterns are shell globs."""

    where: ClassVar[Origin] = "registry"
    repository: str = "*"
    reference: str = "*"  # a tag or a digest
    place: Place | None = None  # None: everywhere where this fault can happen
    count: int | None = None  # how many times it happens; None: until it is removed

    def matches(self, place: Place, repository: str, references: tuple[str, ...]) -> bool:
        return (
            self.count != 0
            and self.place in (None, place)
            and fnmatchcase(repository, self.repository)
            and any(fnmatchcase(reference, self.reference) for reference in references)
        )


@dataclass(eq=False)
class BodyFault(RegistryFault):
    """A fault that begins after ``at`` bytes of the body (None: after half of it)."""

    at: int | None = None

    def begins_at(self, length: int) -> int:
        return min(length // 2 if self.at is None else self.at, length)


class NexusFault(Fault):
    """A fault in an answer of the practice Nexus."""

    where: ClassVar[Origin] = "nexus"

    async def answer(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the place of ``app``, which is Nexus."""
        raise NotImplementedError


class ConnectionFault(Fault):
    """A fault on the connection between a client and a server."""

    where: ClassVar[Origin] = "connection"

    def change_request(self, request: ProxyRequest) -> None:
        """Change what the server receives."""

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        """Send the server's ``response`` to the client, or something else in its place."""
        connection.send(response.encoded)


F = TypeVar("F", bound=Fault)
R = TypeVar("R", bound=RegistryFault)


@dataclass(eq=False)
class FaultRule(Generic[F]):
    """``fault`` for requests that match ``pattern``: the first ``after`` of them pass, then it
    happens ``times`` times (None: always)."""

    pattern: str  # a regular expression
    fault: F
    times: int | None = None
    after: int = 0
    before: F | None = None  # changes the request before ``fault`` happens to its answer
    matched: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it happened as often as it may."""
        return self.times is not None and self.matched >= self.after + self.times

    def takes(self, target: str) -> bool:
        """Whether ``fault`` happens to this request; counts it."""
        if self.is_spent or not re.search(self.pattern, target):
            return False
        self.matched += 1
        return self.matched > self.after


class ActiveFaults:
    """The registry's faults that are switched on. Usable from any thread."""

    def __init__(self) -> None:
        self._faults: list[RegistryFault] = []
        self._lock = threading.Lock()

    def add(self, fault: R) -> R:
        """Switch ``fault`` on. `remove` takes the same object."""
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: RegistryFault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def is_active(self, fault: RegistryFault) -> bool:
        """Whether ``fault`` is still switched on. A stalled answer asks this."""
        with self._lock:
            return fault in self._faults

    def take(self, kind: type[R], place: Place, repository: str, *references: str) -> R | None:
        """The fault of this kind that happens to the request, counted down; None: there is none."""
        asked = references or ("",)
        with self._lock:
            for fault in self._faults:
                if isinstance(fault, kind) and fault.matches(place, repository, asked):
                    if fault.count is not None:
                        fault.count -= 1
                    return fault
        return None
