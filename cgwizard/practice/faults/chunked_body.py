"""The body in chunked coding, without a Content-Length."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class ChunkedBody(ConnectionFault):
    """``extra`` bytes are added, or the last ``short`` bytes left out; the coding ends well."""

    extra: bytes = b""
    short: int = 0

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        body = response.body[: len(response.body) - self.short] + self.extra
        response.drop("Content-Length")
        response.set("Transfer-Encoding", "chunked")
        response.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        connection.send(response.encoded)
