"""What Nexus itself says of an image that it served: which repository keeps it, since when, and
whether its search finds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from cgwizard.proof.result import Outcome
from cgwizard.text import decode

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import Repository

SEARCH_SECONDS = 15.0  # Nexus's search lags about 2 s behind
SEARCH_POLL_SECONDS = 0.25
NOT_IN_SEARCH = f"not within {SEARCH_SECONDS:.0f} s; its index may lag"


class TagRecord(msgspec.Struct, frozen=True):
    """A tag as Nexus stores it in a repository."""

    repository: str
    name: str
    tag: str
    digest: str | None = None
    stored: datetime | None = None  # when its manifest was stored; a fetch from upstream renews it


def look_up(
    nexus: NexusClient, repository: str, names: Iterable[str], tag: str
) -> TagRecord | None:
    """None if the repository has no such tag. Raises WizardError."""
    wanted = set(names)
    for found in nexus.components(repository, version=tag):
        if found.name in wanted:
            stored = next((asset.stored for asset in found.assets), None)
            return TagRecord(repository, found.name, tag, found.digest, stored)
    return None


def find(
    nexus: NexusClient, names: Iterable[str], tag: str, digest: str, upstream: str
) -> TagRecord | None:
    """The tag in a docker proxy that has it with ``digest``; those of ``upstream`` come first.
    Raises WizardError."""
    names = tuple(names)
    proxies = [r for r in nexus.repositories() if (r.format, r.type) == ("docker", "proxy")]
    proxies.sort(key=lambda repository: not _is_of(repository, upstream))
    for repository in proxies:
        found = look_up(nexus, repository.name, names, tag)
        if found is not None and found.digest == digest:
            return found
    return None


def compared(before: TagRecord | None, after: TagRecord | None) -> Outcome:
    """Whether a pull in between was served from the cache."""
    if before is None:
        return Outcome("warning", "Nexus lists no component for it")
    if after != before:
        return Outcome("warning", "Nexus fetched it again")
    if before.stored is None:
        return Outcome("warning", "Nexus does not say since when it has it")
    return Outcome("done", "not refetched")


def in_search(nexus: NexusClient, image: TagRecord, wait: Callable[[float], None]) -> bool:
    """Whether Nexus's search finds it within `SEARCH_SECONDS`. Raises WizardError, and
    what ``wait`` raises."""
    deadline = time.monotonic() + SEARCH_SECONDS
    while not nexus.search_docker(image.repository, image.name, image.tag):
        if time.monotonic() > deadline:
            return False
        wait(SEARCH_POLL_SECONDS)
    return True


def _is_of(repository: Repository, upstream: str) -> bool:
    try:
        remote = decode.parsed(urlsplit, repository.remote_url or "")
    except decode.Unreadable:
        return False
    return remote.hostname == urlsplit(upstream).hostname
