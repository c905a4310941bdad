"""Run another program for its output, with a time limit and a way to cancel it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cgwizard.cancel import Cancel

_POLL_SECONDS = 0.1  # how often it is checked whether the user wants to stop


class TookTooLong(Exception):
    """The program was still running at the end of its time, and was killed."""


@dataclass(frozen=True, slots=True, repr=False)
class ProcessResult:
    """What a program printed. It has no representation, because it may hold secrets."""

    exit_code: int
    stdout: str
    stderr: str


def run(
    command: Sequence[str], *, given: str = "", timeout: float, cancel: Cancel | None = None
) -> ProcessResult:
    """Run ``command`` with ``given`` as its standard input, in a new process group.

    Raises `TookTooLong`, `Cancelled`, and `OSError` when the program cannot be started.
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


def _wait(
    process: subprocess.Popen[str], given: str, end: float, cancel: Cancel | None
) -> ProcessResult:
    feed: str | None = given or None
    while True:
        if cancel:
            cancel.check()
        try:
            out, err = process.communicate(feed, timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            feed = None  # `communicate` continues with the input of the first call
            if time.monotonic() > end:
                raise TookTooLong from None
        else:
            return ProcessResult(process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    # The whole group, because a child of the program would keep the pipes open.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
