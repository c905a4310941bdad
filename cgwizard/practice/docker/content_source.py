"""The requests that every docker repository answers, of any type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cgwizard.practice.docker.responses import StoredContent


@dataclass
class TagPage:
    """A page of ``tags/list``."""

    tags: list[str]
    more: bool = False  # there are tags after the last one


@dataclass
class Forwarded:
    """The remote's own answer, passed on (``referrers``)."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)


class ContentSource(Protocol):
    """Reading from a repository. Each method raises DistributionError."""

    async def manifest(self, name: str, reference: str) -> StoredContent: ...

    async def blob(self, name: str, digest: str) -> StoredContent: ...

    async def tags(self, name: str, count: int | None, last: str | None) -> TagPage: ...

    async def referrers(self, name: str, digest: str, query: str) -> Forwarded: ...

    def catalog(self) -> list[str]: ...


def page(tags: list[str], count: int | None, last: str | None) -> TagPage:
    """The part of a sorted list that ``n`` and ``last`` ask for."""
    if last is not None:
        tags = [tag for tag in tags if tag > last]
    if count is None:
        return TagPage(tags)
    return TagPage(tags[:count], more=len(tags) > count)
