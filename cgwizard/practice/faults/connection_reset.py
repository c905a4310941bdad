"""The server resets the connection and sends no answer."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class ConnectionReset(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.reset()
