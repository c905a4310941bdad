"""The server takes nobody's user name and password."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class LoginWrong(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        OtherAnswer("401 Unauthorized", WWW_Authenticate='Basic realm="faults"').answer(
            connection, request, response
        )
