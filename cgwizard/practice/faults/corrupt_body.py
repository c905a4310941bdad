"""One byte of a body is another."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import BodyFault, ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class CorruptBlob(BodyFault):
    """The byte at ``at`` of a blob (None: the one in the middle)."""

    def offset(self, size: int) -> int:
        return min(self.begins_at(size), size - 1)


@dataclass(eq=False)
class CorruptBody(ConnectionFault):
    at: int

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        body = bytearray(response.body)
        body[self.at] ^= 0xFF
        connection.send(ProxyResponse(response.head, bytes(body)).encoded)
