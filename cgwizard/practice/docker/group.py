"""A docker group: its members, asked in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from cgwizard.practice.docker.answers import (
    BlobUnknownError,
    Found,
    ManifestUnknownError,
    NameUnknownError,
    RegistryError,
)
from cgwizard.practice.docker.source import Forwarded, Source, TagPage, page

T = TypeVar("T")


class GroupSource:
    """Reading from the first member that has it. Members that are offline are passed over."""

    def __init__(self, members: Callable[[], list[Source]]) -> None:
        self._members = members

    async def close(self) -> None:
        """Members are closed as repositories of their own."""

    async def manifest(self, name: str, reference: str) -> Found:
        return await self._first(
            lambda member: member.manifest(name, reference), ManifestUnknownError()
        )

    async def blob(self, name: str, digest: str) -> Found:
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
            except RegistryError:
                continue
        if not merged:
            raise NameUnknownError
        return page(sorted(merged), count, last)

    def catalog(self) -> list[str]:
        return sorted({name for member in self._members() for name in member.catalog()})

    async def _first(self, ask: Callable[[Source], Awaitable[T]], unknown: RegistryError) -> T:
        for member in self._members():
            try:
                return await ask(member)
            except RegistryError:
                continue
        raise unknown
