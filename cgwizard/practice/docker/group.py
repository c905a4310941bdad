"""A docker group: its members, asked in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from cgwizard.practice.docker.content_source import ContentSource, Forwarded, TagPage, page
from cgwizard.practice.docker.responses import (
    BlobUnknownError,
    DistributionError,
    ManifestUnknownError,
    NameUnknownError,
    StoredContent,
)

T = TypeVar("T")


class GroupSource:
    """Reading from the first member that has it. Members that are offline are skipped."""

    def __init__(self, members: Callable[[], list[ContentSource]]) -> None:
        self._members = members

    async def close(self) -> None:
        """Nothing: every member is a repository itself and is closed as one."""

    async def manifest(self, name: str, reference: str) -> StoredContent:
        return await self._first(
            lambda member: member.manifest(name, reference), ManifestUnknownError()
        )

    async def blob(self, name: str, digest: str) -> StoredContent:
        return await self._first(lambda member: member.blob(name, digest), BlobUnknownError())

    async def referrers(self, name: str, digest: str, query: str) -> Forwarded:
        return await self._first(
            lambda member: member.referrers(name, digest, query), ManifestUnknownError()
        )

    async def tags(self, name: str, count: int | None, last: str | None) -> TagPage:
        merged: set[str] = set()
        for member in self._members():
            try:
                merged.update((await member.tags(name, None, None)).tags)
            except DistributionError:
                continue
        if not merged:
            raise NameUnknownError
        return page(sorted(merged), count, last)

    def catalog(self) -> list[str]:
        return sorted({name for member in self._members() for name in member.catalog()})

    async def _first(
        self, ask: Callable[[ContentSource], Awaitable[T]], unknown: DistributionError
    ) -> T:
        for member in self._members():
            try:
                return await ask(member)
            except DistributionError:
                continue
        raise unknown
