"""Which changes a run made in Nexus: one line of JSON each, written before and after the change.

A line ``begun`` without ``applied`` or ``undone`` tells the next start that Nexus must be asked
what is true. Lines hold no secret: requests are written with passwords replaced.
"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Any, Literal

import msgspec

EntryState = Literal["begun", "applied", "failed", "undone"]


class Entry(msgspec.Struct, frozen=True):
    run: str
    time: float  # seconds since the epoch
    nexus: str
    change: str  # the change's id: "create docker proxy chainguard"
    repository: str
    state: EntryState
    before: dict[str, Any] | None = None  # the repository's settings, without secrets
    after: dict[str, Any] | None = None


class Journal:
    """Appends entries of one run; ``folder`` None keeps them in memory (practice, tests)."""

    def __init__(self, folder: Path | None, nexus: str = "") -> None:
        self.run = f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
        self.nexus = nexus
        self.entries: list[Entry] = []
        self.path = folder / f"{self.run}.jsonl" if folder else None

    def write(
        self,
        change: str,
        repository: str,
        state: EntryState,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        entry = Entry(self.run, time.time(), self.nexus, change, repository, state, before, after)
        self.entries.append(entry)
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(entry) + b"\n")
            os.fsync(descriptor)  # the change must not outlive the line that tells of it
        finally:
            os.close(descriptor)

    def made(self) -> list[Entry]:
        """The changes of this run that stand: applied and not undone since, in order."""
        standing: dict[tuple[str, str], Entry] = {}
        for entry in self.entries:
            key = (entry.change, entry.repository)
            if entry.state == "applied":
                standing[key] = entry
            elif entry.state == "undone":
                standing.pop(key, None)
        return list(standing.values())


def read(path: Path) -> list[Entry]:
    """The entries of a journal file; a last line that was cut off by a crash is left out."""
    entries = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines):
        if not line:
            continue
        try:
            entries.append(msgspec.json.decode(line, type=Entry))
        except msgspec.DecodeError:
            if number < len(lines) - 1:
                raise
    return entries
