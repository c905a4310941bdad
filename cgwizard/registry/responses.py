"""Parts of HTTP that a registry's client reads: URLs, bodies, `Retry-After`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgwizard.errors import Code
from cgwizard.net.budget import REGISTRY_ANSWER, OverBudget, plain_pieces
from cgwizard.registry.errors import RegistryError
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx


def pieces(
    response: httpx.Response, who: str, within: Iterator[bytes] | None = None
) -> Iterator[bytes]:
    """The body as it was sent, piece by piece, or ``within`` bounds. A stall is distinguished from
    a slow answer.

    Raises RegistryError `registry-stalled`, or an exception of httpx.
    """
    import httpx

    try:
        yield from within or response.iter_raw()
    except httpx.ReadTimeout as error:
        seconds = response.request.extensions["timeout"]["read"]
        came_back = f"not one byte for {seconds:g} seconds, in the middle of the answer"
        raise stalled(response, who, came_back) from error


def stalled(
    response: httpx.Response, who: str, came_back: str, tries: int | None = None
) -> RegistryError:
    return RegistryError(
        Code.REGISTRY_STALLED,
        tried=f"{response.request.method} {shown(response.request.url)}",
        came_back=came_back,
        cause=f"the line to {who} hangs, or what stands between lost the connection",
        transient=True,
        tries=tries,
    )


def asked_at(response: httpx.Response) -> float:
    """When ``response`` was asked for, by the monotonic clock."""
    began: float = response.request.extensions["asked"]
    return began


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host.lower(), url.port or default


def shown(url: httpx.URL) -> str:
    """A URL to show: without credentials, and without the query, which may be signed."""
    return shortened(str(url.copy_with(query=None, userinfo=b"", fragment=None)))


def read_up_to(response: httpx.Response, limit: int) -> bytes:
    """At most ``limit`` bytes of the body.

    A cut is no error: the beginning of a refusal is enough. A body that cannot be unpacked is what
    is wrong with it.
    """
    import httpx

    body = bytearray()
    try:
        for piece in plain_pieces(response, REGISTRY_ANSWER, asked_at(response)):
            body += piece
            if len(body) >= limit:
                break
    except httpx.HTTPError:
        pass
    except OverBudget as error:
        body = body or bytearray(str(error).encode())
    return bytes(body[:limit])


def retry_after(response: httpx.Response) -> float | None:
    """Seconds from `Retry-After`, which holds seconds or a date; None where it says nothing."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    if value:
        from email.utils import parsedate_to_datetime
        from time import time

        with contextlib.suppress(decode.Unreadable):
            return max(0.0, decode.parsed(parsedate_to_datetime, value).timestamp() - time())
    return None
