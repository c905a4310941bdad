"""What became of changes that were cut off: Nexus is asked, and the journal gets its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.changes import undo

if TYPE_CHECKING:
    from cgwizard.changes.journal import Entry, EntryState, Journal
    from cgwizard.nexus.client import NexusClient


class Settled(msgspec.Struct, frozen=True):
    repository: str  # or the role, or the user
    change: str  # its title in the journal
    done: bool


def settle(journal: Journal, client: NexusClient) -> list[Settled]:
    """Each change that was begun and whose end no entry records. Raises WizardError."""
    settled = []
    for (kind, name), changes in undo.standing(journal.entries).items():
        last = changes[-1]
        if last.state != "begun":
            continue
        done = _is_done(last, client)
        state: EntryState = "applied" if done else "failed"
        journal.write(last.change, name, state, before=last.before, after=last.after, kind=kind)
        settled.append(Settled(name, last.change, done))
    return settled


def _is_done(entry: Entry, client: NexusClient) -> bool:
    if entry.kind != "repository":
        from cgwizard.changes import undo_accounts

        return undo_accounts.has(client, entry)
    found = client.docker_proxy(entry.repository)
    return found is not None and not undo.compare(found, entry.after or {}, client.version)
