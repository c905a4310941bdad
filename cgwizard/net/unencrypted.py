"""Whether what is sent to a URL crosses a network unencrypted: plain HTTP to another machine."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from cgwizard.net.proxies import choose
from cgwizard.text import decode
from cgwizard.text.decode import Unreadable


def crosses(url: str) -> bool:
    """May look up the host's address."""
    try:
        found = decode.url(url)
    except Unreadable:
        return False
    if found.scheme != "http":
        return False
    return choose(found) is not None or not is_this_machine(found.host)


def is_this_machine(host: str) -> bool:
    """Whether ``host``, without brackets, is a name or an address of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        found = decode.parsed(socket.getaddrinfo, host, 0, type=socket.SOCK_STREAM)
    except (OSError, Unreadable):
        return False
    return bool(found) and all(_is_own(family, address) for family, _, _, _, address in found)


def _is_own(family: int, address: tuple[Any, ...]) -> bool:
    """Only an address of this machine can be that of a socket's own end."""
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as own:
        own.bind(address)
        return True
    return False
