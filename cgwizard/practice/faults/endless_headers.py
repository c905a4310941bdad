"""Headers without end."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class EndlessHeaders(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.send(b"".join(b"X-%d: flood\r\n" % n for n in range(1000)))
