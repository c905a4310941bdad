"""The right bytes under another status."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class WrongStatus(ConnectionFault):
    status: str  # as in ``206 Partial Content``

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        response.head = re.sub(r"\AHTTP/1.1 [^\r]*", f"HTTP/1.1 {self.status}", response.head)
        connection.send(response.encoded)
