"""Lists that Nexus gives in pages: components, assets, search results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from cgwizard.nexus.entries import each
from cgwizard.nexus.http_errors import unexpected
from cgwizard.nexus.rest import RestSession, decode

T = TypeVar("T")

MAX_PAGES = 2_000  # a page has 10 or 100 items, and a cache of Chainguard's images is small


class _Page(msgspec.Struct, frozen=True, rename="camel"):
    items: list[object]
    continuation_token: str | None = None


def pages(
    session: RestSession, path: str, params: Mapping[str, str], type_: type[T], what: str
) -> list[T]:
    """All items of all pages (at most MAX_PAGES). Raises WizardError."""
    tried = f"GET {session.base_url}/service/rest{path}"
    found: list[object] = []
    token, seen = "", set[str]()
    for number in range(MAX_PAGES):
        wanted = {**params, "continuationToken": token} if token else params
        answer = session.send("GET", path, params=wanted, needs="browse on the repository")
        page = decode(answer, _Page, tried)
        found += page.items
        token = page.continuation_token or ""
        if not token or number == MAX_PAGES - 1:
            break
        if token in seen:
            raise unexpected(answer, tried, "a continuation token that comes back")
        seen.add(token)
    return session.read_list(answer, each(type_), tried, what, found)
