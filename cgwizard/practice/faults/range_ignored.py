"""The whole blob with 200, though a range was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import ConnectionFault, RegistryFault
from cgwizard.practice.faults.proxy import ProxyRequest


@dataclass(eq=False)
class RangeIgnored(RegistryFault):
    """In the registry's blob host."""


class RangeRemoved(ConnectionFault):
    """On the way: the server never sees that a range was asked for."""

    def change_request(self, request: ProxyRequest) -> None:
        request.headers.pop("range", None)
