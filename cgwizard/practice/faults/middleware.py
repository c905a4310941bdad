"""Faults before the practice Nexus: give `FaultMiddleware.wrap` to `PracticeWorld`."""

from __future__ import annotations

import re

from cgwizard.practice.faults.base import FaultRule, NexusFault
from cgwizard.practice.serving import App, Receive, Scope, Send


class FaultMiddleware:
    """Applies the first rule that fits a request, which is matched as ``METHOD /path``.

    ``seen`` has all requests, ``signed`` those with credentials.
    """

    def __init__(self) -> None:
        self.rules: list[FaultRule[NexusFault]] = []
        self.seen: list[str] = []
        self.signed: list[str] = []

    def rule(
        self, pattern: str, fault: NexusFault, *, times: int | None = None, after: int = 0
    ) -> FaultRule[NexusFault]:
        rule = FaultRule(pattern, fault, times, after)
        self.rules.append(rule)
        return rule

    def count(self, pattern: str) -> int:
        """How many of the requests match."""
        return sum(1 for request in self.seen if re.search(pattern, request))

    def wrap(self, app: App) -> App:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            request = f"{scope['method']} {scope['path']}"
            self.seen.append(request)
            if any(name == b"authorization" for name, _ in scope["headers"]):
                self.signed.append(request)
            rule = next((rule for rule in self.rules if rule.takes(request)), None)
            if rule is None:
                await app(scope, receive, send)
            else:
                await rule.fault.answer(app, scope, receive, send)

        return guarded
