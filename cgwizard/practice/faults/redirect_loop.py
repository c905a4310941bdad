"""A redirect to the same path, each time with another query."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class RedirectLoop(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        path = request.target.partition("?")[0]
        query = "x" * len(request.target)
        connection.send(
            f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {path}?{query}\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
