"""A wrong Content-Length before the right bytes."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class WrongContentLength(ConnectionFault):
    """Wrong by ``more`` bytes; the connection ends after the body."""

    more: int

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        response.set("Content-Length", str(len(response.body) + self.more))
        connection.end(response.encoded)
