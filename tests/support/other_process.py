"""Another process that holds the lock of a run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HELD = "https://nexus.example.com"
HOLD = """
import signal, sys, pathlib
from cgwizard.runs.lock import Lock
lock = Lock(pathlib.Path(sys.argv[1]), {nexus!r}, "run-1")
lock.acquire()
{extra}
print("held", flush=True)
signal.pause()
"""


@contextmanager
def holding(folder: Path, extra: str = "", *, nexus: str = HELD) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock of ``nexus``."""
    code = HOLD.format(nexus=nexus, extra=extra)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
