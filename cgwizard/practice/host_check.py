"""Which host names the practice servers answer to.

A web page on another machine can give its name the address 127.0.0.1 (DNS rebinding); the
browser then sends that page's requests here, and takes page and server for one site. The
request still carries the page's name, which nobody gave to these servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::\d{0,5})?")
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
CROSS_SITE = (
    "A web page of another site sent this request, and no --allow-host lets one in: "
    "type the address into the browser instead.\n"
)
UNNAMED = (
    "The practice servers answer to an IP address, to localhost and to names given by "
    "--allow-host NAME.\n"
)


def host_pattern(text: str) -> str:
    """``nexus.example.com``, or ``.example.com`` for all names below, as it is compared.

    Raises ValueError.
    """
    name = _plain(text)
    if not _NAME.fullmatch(name.removeprefix(".")):
        raise ValueError(f"{text!r} is no host name")
    return name


class HostCheck:
    """Which requests come to a known host. ``allowed`` has patterns."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        patterns = [_plain(pattern) for pattern in allowed]
        self._below = tuple(pattern for pattern in patterns if pattern.startswith("."))
        self._names = {"localhost", *patterns}.difference(self._below)

    def refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The sentence with which a request is refused, or None. Names are in lower case."""
        for name, value in headers:
            text = value.decode("latin-1").strip()
            if name == b"sec-fetch-site" and text.lower() == "cross-site":
                return CROSS_SITE
            hosts = [text] if name == b"host" else []
            if name == b"x-forwarded-host":  # each proxy may add one; empty is like none
                hosts = [host for part in text.split(",") if (host := part.strip())]
            for host in hosts:
                if refusal := self._refusal(host):
                    return refusal
        return None

    def _refusal(self, host: str) -> str | None:
        match = _HOST.fullmatch(host)
        if match is None:
            return UNNAMED
        name = _plain(match[1])
        if _is_address(name) or name in self._names:
            return None
        if not _NAME.fullmatch(name):
            return UNNAMED
        if name.endswith(self._below):
            return None
        return (
            f"The practice servers do not know the host name {name}: "
            f"start them with --allow-host {name}, or use their IP address.\n"
        )


def _plain(name: str) -> str:
    return name.strip().lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
