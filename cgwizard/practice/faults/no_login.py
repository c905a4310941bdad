"""Only requests with credentials are served, whatever those are."""

from __future__ import annotations

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.login_wrong import LoginWrong
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


class NoLogin(ConnectionFault):
    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        if "authorization" in request.headers:
            connection.send(response.encoded)
        else:
            LoginWrong().answer(connection, request, response)
