"""Bytes come slowly."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault, RegistryFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class SlowBlob(RegistryFault):
    rate: float = 10_000.0  # bytes a second at most


@dataclass(eq=False)
class SlowBody(ConnectionFault):
    """``size`` bytes of the body every ``seconds``."""

    size: int
    seconds: float

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.send(response.first(0))
        for start in range(0, len(response.body), self.size):
            # Before, not after: the next request may come as soon as the last byte is there.
            connection.hang(self.seconds)
            connection.send(response.body[start : start + self.size])
