"""The connection ends before the answer does."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import BodyFault, ConnectionFault, NexusFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse
from cgwizard.practice.serving import App, CutConnectionError, Receive, Scope, Send


@dataclass(eq=False)
class CutAnswer(BodyFault):
    """The connection ends after ``at`` bytes of a blob or manifest (None: after half of it)."""


@dataclass(eq=False)
class ConnectionCut(ConnectionFault):
    """The client gets the head and ``after`` bytes of the body."""

    after: int
    reset: bool = True  # with a RST, not only by closing

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.end(response.first(self.after))
        if self.reset:
            # A RST overtakes bytes that the client did not read yet: let them arrive.
            connection.hang(0.05)
            connection.reset()


class RequestCut(NexusFault):
    """An answer begins and ends at once; Nexus never gets the request."""

    async def answer(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        await cut(send)


async def cut(send: Send) -> None:
    """Send the beginning of an answer, then close the connection."""
    headers = [(b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    raise CutConnectionError
