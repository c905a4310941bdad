"""A web page with 200 in the place of the answer."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.chunked_body import ChunkedBody
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class GatewayPage(ConnectionFault):
    body: bytes
    with_length: bool = True  # False: in chunked coding

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        page = ProxyResponse("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8", self.body)
        page.set("Content-Length", str(len(self.body)))
        if self.with_length:
            connection.send(page.encoded)
        else:
            ChunkedBody().answer(connection, request, page)
