"""Run another program for its output: bounded in time and size, cancellable, its children too."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cgwizard.cancel import Cancel

_LOOK = 0.1  # seconds between two looks at the user's wish to stop


class TookTooLong(Exception):
    """The program was still running at the end of its time, and was ended."""


@dataclass(frozen=True, slots=True, repr=False)
class Output:
    """What a program printed; it may hold secrets, so it has no representation."""

    code: int
    out: str
    err: str


def run(
    command: Sequence[str], *, given: str = "", timeout: float, cancel: Cancel | None = None
) -> Output:
    """Run ``command`` with ``given`` as its standard input, in a process group of its own.

    Raises `TookTooLong`, `Cancelled`, and `OSError` when it cannot be started.
    """
    end = time.monotonic() + timeout
    with subprocess.Popen(  # noqa: S603  (callers give a program found on the PATH, no shell)
        command,
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            return _wait(process, given, end, cancel)
        except BaseException:
            _end(process)
            raise


def _wait(process: subprocess.Popen[str], given: str, end: float, cancel: Cancel | None) -> Output:
    feed: str | None = given or None
    while True:
        if cancel:
            cancel.check()
        try:
            out, err = process.communicate(feed, timeout=_LOOK)
        except subprocess.TimeoutExpired:
            feed = None  # communicate goes on with what it was given first
            if time.monotonic() > end:
                raise TookTooLong from None
        else:
            return Output(process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    # The group, because a helper's own child would keep the pipes open.
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
