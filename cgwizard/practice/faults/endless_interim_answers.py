"""Interim answers (103) without end, and never the final one."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class EndlessInterimAnswers(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        while True:
            connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10)
            connection.hang(0.01)
