"""Ports for servers that are started later."""

from __future__ import annotations

import itertools
import os
import socket

# Above the proposals of `tests.support.guide`, below what the system gives to outgoing connections:
# else one of those could have it by the time the server starts.
_FIRST, _END = 30_100, 32_700
_numbers = itertools.count(os.getpid() * 97)


def unused() -> int:
    """One on which nothing listens; never the same twice in a row."""
    while True:
        port = _FIRST + next(_numbers) % (_END - _FIRST)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
