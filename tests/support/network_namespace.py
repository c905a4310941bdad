"""Tests in parallel: each worker of pytest-xdist gets its own network namespace.

The wizard proposes fixed ports, so two tests on one loopback interface could take each other's.
Where a namespace cannot be had (another system than Linux, no root), tests run one by one.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import sys

CLONE_NEWNET = 0x40000000  # sched.h
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C  # bits/ioctls.h
IFF_UP = 0x1
NOT_LOOPBACK = "192.0.2.1"  # RFC 5737, for tests of a host that is not this one by its name

MAX_WORKERS = 4


def workers() -> int:
    """How many can run; 0 for one by one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return 0
    tried = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import enter; enter()"],
        check=False,
        capture_output=True,
        timeout=30,
    )
    return 0 if tried.returncode else min(MAX_WORKERS, os.cpu_count() or 1)


def enter() -> None:
    """Move this process into a new network namespace. Raises OSError."""
    import fcntl

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
        for request, text in ((SIOCSIFADDR, NOT_LOOPBACK), (SIOCSIFNETMASK, "255.255.255.255")):
            address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
            fcntl.ioctl(any_socket, request, struct.pack("16s16s", b"lo:1", address))
    # A worker tells the size of its own terminal, which is not that of those the tests open.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
