"""What became of changes that were cut off: Nexus is asked, and the journal gets its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.changes import undo

if TYPE_CHECKING:
    from cgwizard.changes.journal import EntryState, Journal
    from cgwizard.nexus.client import NexusClient


class Settled(msgspec.Struct, frozen=True):
    repository: str
    change: str  # its title in the journal
    done: bool


def settle(journal: Journal, client: NexusClient) -> list[Settled]:
    """Each change that was begun and whose end no entry records. Raises WizardError."""
    settled = []
    for repository, changes in undo.standing(journal.entries).items():
        last = changes[-1]
        if last.state != "begun":
            continue
        found = client.docker_proxy(repository)
        done = found is not None and not undo.compare(found, last.after or {}, client.version)
        state: EntryState = "applied" if done else "failed"
        journal.write(last.change, repository, state, before=last.before, after=last.after)
        settled.append(Settled(repository, last.change, done))
    return settled
