"""No length at all: the body ends where the connection does."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class NoContentLength(ConnectionFault):
    short: int = 0  # how many of the last bytes are left out

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        response.drop("Content-Length")
        connection.end(response.first(len(response.body) - self.short))
