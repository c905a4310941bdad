"""An answer begins, then nothing more comes."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import BodyFault, ConnectionFault
from cgwizard.practice.faults.proxy import ClientConnection, ProxyRequest, ProxyResponse


@dataclass(eq=False)
class StalledAnswer(BodyFault):
    """Nothing comes for ``seconds`` after ``at`` bytes of a blob or manifest (None: half of it)."""

    seconds: float = 3600.0


@dataclass(eq=False)
class StalledBody(ConnectionFault):
    """Nothing comes after the head and ``after`` bytes of the body."""

    after: int

    def answer(
        self, connection: ClientConnection, request: ProxyRequest, response: ProxyResponse
    ) -> None:
        connection.send(response.first(self.after))
        connection.hang()
