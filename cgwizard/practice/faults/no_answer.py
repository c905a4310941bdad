"""The connection stays open, and no answer comes."""

from __future__ import annotations

import asyncio
import threading

from cgwizard.practice.faults.answer_lost import discard
from cgwizard.practice.faults.base import ConnectionFault, NexusFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse
from cgwizard.practice.serving import App, CutConnectionError, Receive, Scope, Send


class NoAnswer(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.hang()


class NexusNoAnswer(NexusFault):
    """Nexus does not answer until the client hangs up; ``reached`` is set at the first request.

    ``works_once``: Nexus does what the first of these requests asks. ``trickles``: an answer
    begins, and a byte of it comes now and then.
    """

    def __init__(self, *, works_once: bool = False, trickles: bool = False) -> None:
        self.reached = threading.Event()
        self._works, self._trickles = works_once, trickles

    async def answer(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        if self._works:
            self._works = False
            await app(scope, receive, discard)
        gone = asyncio.create_task(_hung_up(receive))
        if self._trickles:
            headers = [(b"server", b"Nexus/3.96.3-01 (COMMUNITY)"), (b"content-length", b"99999")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.reached.set()
        while not gone.done():
            if self._trickles:
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.wait([gone], timeout=0.02)
        raise CutConnectionError


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
