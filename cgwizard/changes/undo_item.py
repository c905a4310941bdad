"""What undo found out about one thing that this program made or changed in Nexus."""

from __future__ import annotations

from typing import Literal

import msgspec

from cgwizard.changes.journal import Entry, EntryKind

Verdict = Literal[
    "remove",  # this program made it and it is as it was made
    "restore",  # this program changed it and it is as it was left
    "changed",  # someone changed it, or uses it: left alone
    "gone",  # it is not there any more
]
Difference = tuple[str, str, str]  # member, is, was left as
Subject = tuple[EntryKind, str]  # with its name


class Item(msgspec.Struct, frozen=True):
    """One repository, role or user that this program made or changed."""

    repository: str  # its name
    verdict: Verdict
    entries: tuple[Entry, ...]  # what this program did to it, oldest first
    differences: tuple[Difference, ...] = ()
    reason: str = ""  # why it is left alone, where that is no difference

    @property
    def kind(self) -> EntryKind:
        return self.entries[-1].kind

    @property
    def name(self) -> str:
        """With what it is, where it is no repository."""
        return (
            self.repository if self.kind == "repository" else f"the {self.kind} {self.repository}"
        )

    @property
    def words(self) -> str:
        """One line for users."""
        match self.verdict:
            case "remove":
                cached = ", with the images that it has cached" if self.kind == "repository" else ""
                return f"remove {self.name}{cached}"
            case "restore" if self.kind == "setting":
                return f"restore {self.name} as it was before"
            case "restore" if self.kind != "repository":
                added = "the privileges that were" if self.kind == "role" else "the role that was"
                return f"take from {self.name} {added} added"
            case "restore":
                return f"restore {self.repository} as it was before"
            case "gone":
                return f"{self.name}: {self.reason or 'it is gone already'}"
            case "changed":
                told = self.reason or "; ".join(
                    f"{member} is {is_}, was left as {left}"
                    for member, is_, left in self.differences
                )
                return f"leave {self.name} alone: {told}"

    @property
    def acts(self) -> bool:
        return self.verdict in {"remove", "restore"}
