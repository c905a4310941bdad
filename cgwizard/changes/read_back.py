"""Verifying a change where several nodes answer, of which some learn of it a little later."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from cgwizard.cancel import Cancel
from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient

READ_BACK_SECONDS = 6.0  # other nodes of a cluster learn of a change a little later
READ_BACK_PAUSE = 0.5
# A node, or what stands before it, does not know of the change: that is no reason to delete it.
NOT_KNOWN = frozenset(
    {
        Code.NEXUS_ENDPOINT_MISSING,
        Code.NEXUS_NOT_FOUND,
        Code.NEXUS_PAGE_OF_ANOTHER,
        Code.REPOSITORY_NOT_FOUND_AFTER_CHANGE,
    }
)
# What a read-back may say before a node knows of the change, or while one restarts.
_LOOK_AGAIN = NOT_KNOWN | {
    Code.NEXUS_ANSWER_BROKEN,
    Code.NEXUS_NO_ANSWER,
    Code.NEXUS_REFUSED,
    Code.NEXUS_SERVER_ERROR,
    Code.NEXUS_TOO_SLOW,
    Code.NEXUS_UNAVAILABLE,
}
_NOT_AS_SENT = {Code.REPOSITORY_NOT_AS_SENT, Code.ROLE_OR_USER_NOT_AS_SENT}


class Verifiable(Protocol):
    """A change that can be compared with what Nexus has now."""

    @property
    def creates(self) -> bool: ...

    def verify(self, client: NexusClient) -> None: ...


def read_back(change: Verifiable, client: NexusClient) -> None:
    """Verify the change, for some seconds again where another node may have answered."""
    until = time.monotonic() + READ_BACK_SECONDS
    while True:
        try:
            change.verify(client)
        except WizardError as error:
            stale = not change.creates and error.code in _NOT_AS_SENT
            if (error.code not in _LOOK_AGAIN and not stale) or time.monotonic() > until:
                raise
        else:
            return
        (client.cancel or Cancel()).wait(READ_BACK_PAUSE)
