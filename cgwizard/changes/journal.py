"""Which changes a run made in Nexus: one line of JSON each, written before and after the change.

A line ``begun`` without ``applied`` or ``undone`` tells the next start that Nexus must be asked
what is true. Lines hold no secret: requests are written with passwords replaced.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.text import decode

# "lasting": what cannot be undone, and is of no repository; written before it is done, too.
EntryState = Literal["begun", "applied", "failed", "undone", "lasting"]
MAX_TIME = 1 << 37  # what a calendar of four digits a year can name
EntryKind = Literal["repository", "role", "user", "setting"]


class Entry(msgspec.Struct, frozen=True):
    run: str
    time: Annotated[float, msgspec.Meta(ge=0, lt=MAX_TIME)]  # seconds since the epoch
    nexus: str
    change: str  # the change's id: "create docker proxy chainguard"
    repository: str  # its name; of a role or a user theirs, as ``kind`` says
    state: EntryState
    before: dict[str, Any] | None = None  # the settings that it had, without secrets
    after: dict[str, Any] | None = None
    kind: EntryKind = "repository"


class Journal:
    """Appends entries of one run; ``folder`` None keeps them in memory (practice, tests)."""

    def __init__(self, folder: Path | None, nexus: str = "") -> None:
        self.run = f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
        self.nexus = nexus
        self.entries: list[Entry] = []
        self.path = folder / f"{self.run}.jsonl" if folder else None
        self._torn = False  # the last line on the disk has no end

    @classmethod
    def reopen(cls, folder: Path, run: str, nexus: str) -> Journal:
        """The journal of an earlier run, to go on with. Raises WizardError
        ``journal-unreadable``; a file that is not there is an empty one."""
        book = cls(folder, nexus)
        book.run, book.path = run, folder / f"{run}.jsonl"
        try:
            book.entries = read(book.path)
            book._torn = not book.path.read_bytes().endswith(b"\n")
        except FileNotFoundError:
            pass
        except (OSError, decode.Unreadable) as error:
            raise WizardError(
                Code.JOURNAL_UNREADABLE,
                tried=f"reading the journal {book.path}",
                came_back=str(error),
            ) from error
        return book

    def write(
        self,
        change: str,
        repository: str,
        state: EntryState,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        kind: EntryKind = "repository",
    ) -> None:
        """Raises WizardError("journal-not-written") before anything is changed (``begun``,
        ``lasting``). Later lines may get lost with the disk: then Nexus is asked, as after a
        crash."""
        entry = Entry(
            self.run, time.time(), self.nexus, change, repository, state, before, after, kind
        )
        if self.path is not None:
            try:
                self._append(self.path, entry)
            except OSError as error:
                if state in {"begun", "lasting"}:
                    raise _not_written(self.path, error) from error
        self.entries.append(entry)

    def _append(self, path: Path, entry: Entry) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = msgspec.json.encode(entry) + b"\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if self._torn:
                line = b"\n" + line
            self._torn = True
            if os.write(descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._torn = False
            os.fsync(descriptor)  # the change must not outlive the line that records it
        finally:
            os.close(descriptor)

    @property
    def open(self) -> bool:
        """Whether the end of the last change is not known: its request was cut."""
        return bool(self.entries) and self.entries[-1].state == "begun"

    def tried(self, repository: str) -> bool:
        """Whether this run sent a change of ``repository``, however it ended."""
        return any(
            (entry.kind, entry.repository) == ("repository", repository) for entry in self.entries
        )

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
    """The entries of a journal file; lines cut off by a crash or a full disk are left out.

    Raises OSError, and Unreadable for a line that is whole and says something else."""
    entries = []
    for line in path.read_bytes().split(b"\n"):
        try:
            entries.append(decode.json(line, Entry))
        except decode.Unreadable:
            if not _cut_off(line):
                raise
    return entries


def _cut_off(line: bytes) -> bool:
    """Whether this is the beginning of an entry, or nothing: a power loss leaves zeros."""
    begun = line.startswith(b"{") and line.count(b"{") > line.count(b"}")
    return begun or not line.strip(b"\0 ")


def _not_written(path: Path, error: OSError) -> WizardError:
    return WizardError(
        Code.JOURNAL_NOT_WRITTEN,
        tried=f"noting the change in {path} before it is made",
        came_back=error.strerror or str(error),
    )
