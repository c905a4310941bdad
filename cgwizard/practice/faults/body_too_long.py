"""More bytes than the server has."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class BodyTooLong(ConnectionFault):
    """One byte too many, and a Content-Length that counts it."""

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        response.body += b"!"
        response.set("Content-Length", str(len(response.body)))
        connection.send(response.encoded)


class BodyTooLongUnannounced(ConnectionFault):
    """A byte before the others and no Content-Length. The bytes come slowly, so that a client
    has taken many before there are too many."""

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        response.drop("Content-Length")
        connection.send(ProxyResponse(response.head, b"!" + response.body[:9]).encoded)
        connection.hang(0.25)
        connection.send(response.body[9:-9])
        connection.hang(0.25)
        connection.end(response.body[-9:])
