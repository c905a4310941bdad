"""Which program of this machine listens on a port, as far as this user may see it (Linux)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from cgwizard.text import decode

PROC = Path("/proc")
LISTENS = "0A"  # proc(5), net/tcp: the state of a socket that listens


def listener(port: int) -> str:
    """The name of the program that listens on ``port``, such as "ssh"; empty where it is not
    known: nobody does, another user's program does, or this system has no /proc."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _inodes(table, port)}
    if not sockets:
        return ""
    for process in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(_target(file) in sockets for file in (process / "fd").iterdir()):
                return decode.text((process / "comm").read_bytes(), "latin-1").strip()
    return ""


def _inodes(table: str, port: int) -> list[str]:
    try:
        lines = decode.text((PROC / "net" / table).read_bytes(), "latin-1").splitlines()[1:]
    except OSError:
        return []
    fields = (line.split() for line in lines)
    wanted = f":{port:04X}"
    return [f[9] for f in fields if len(f) > 9 and f[3] == LISTENS and f[1].endswith(wanted)]


def _target(file: Path) -> str:
    try:
        return str(file.readlink())
    except OSError:  # closed meanwhile
        return ""
