"""Nexus does what was asked, and its answer does not arrive."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from cgwizard.practice.faults.base import NexusFault
from cgwizard.practice.faults.connection_cut import cut
from cgwizard.practice.serving import App, Receive, Scope, Send


@dataclass(eq=False)
class AnswerLost(NexusFault):
    then: Callable[[], object] = lambda: None  # called after Nexus's work, on the servers' loop

    async def answer(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, discard)
        self.then()
        await cut(send)


async def discard(_message: MutableMapping[str, Any]) -> None:
    """A `Send` that sends nothing."""
