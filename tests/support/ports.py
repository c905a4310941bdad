"""Ports for servers that are started later, from a range that belongs to this test process.

A worker of pytest-xdist and a run without workers each have a range. A port that was given is
never given again in the same process, so no other test can take it before it is used.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from tests.support.network_namespace import MAX_WORKERS

# The system gives ports from 32768 on to outgoing connections: one of those could have a port
# of ours by the time a server starts on it.
FIRST, END = 10_000, 32_700


def range_of(environment: Mapping[str, str]) -> range:
    """The ports of the process whose environment variables are these."""
    worker = environment.get("PYTEST_XDIST_WORKER", "")
    workers = int(environment.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    size = (END - FIRST) // (max(workers, MAX_WORKERS) + 1)
    # The run without workers has the first range, worker gw0 the second.
    index = int(worker.removeprefix("gw")) + 1 if worker else 0
    return range(FIRST + index * size, FIRST + (index + 1) * size)


_remaining = iter(range_of(os.environ))


def free_port() -> int:
    """A port on which nothing listens, given once in this process.

    Raises RuntimeError when every port of the range was given.
    """
    for port in _remaining:
        if _is_free(port):
            return port
    raise RuntimeError("every port of this test process was given: widen the range in ports.py")


def free_ports(count: int) -> range:
    """``count`` free ports in a row, for a program that proposes the next one itself.

    Raises RuntimeError as `free_port` does.
    """
    first = port = free_port()
    while port - first + 1 < count:
        following = free_port()
        if following != port + 1:
            first = following
        port = following
    return range(first, port + 1)


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("", port)):
            return True
    except OSError:
        return False
