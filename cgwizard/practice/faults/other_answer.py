"""Another answer than the server's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cgwizard.practice.faults.answer_lost import discard
from cgwizard.practice.faults.base import ConnectionFault, NexusFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse
from cgwizard.practice.serving import App, Receive, Scope, Send


class OtherAnswer(ConnectionFault):
    """``status`` is as in ``404 Not Found``; underscores in names of headers become hyphens."""

    def __init__(self, status: str, body: bytes = b"", **headers: str) -> None:
        self._response = ProxyResponse(f"HTTP/1.1 {status}", body)
        for name, value in headers.items():
            self._response.set(name.replace("_", "-"), value)
        self._response.set("Content-Length", str(len(body)))

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.send(self._response.encoded)


@dataclass(eq=False)
class NexusOtherAnswer(NexusFault):
    """``works``: Nexus does first what was asked, and ``then`` is called on the servers' loop."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    works: bool = False
    then: Callable[[], object] = lambda: None

    async def answer(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        if self.works:
            await app(scope, receive, discard)
        self.then()
        headers = [
            (b"content-type", self.content_type.encode()),
            (b"content-length", str(len(self.body)).encode()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})
