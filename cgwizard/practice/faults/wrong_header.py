"""A header with another value than the server's."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class WrongHeader(ConnectionFault):
    name: str
    value: str

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        response.set(self.name, self.value)
        connection.send(response.encoded)
