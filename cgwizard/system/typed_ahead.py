"""What is typed while the program starts: it is not shown, and nothing of it is lost.

Imported first of all, so it imports only what Python has loaded already, and `termios`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import threading
from types import FrameType
from typing import Any

_STDIN = 0
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_NEITHER = frozenset({"--help", "-h", "--version", "--serve", "help", "version", "apply"})
_ASKING = frozenset({"pull", "undo", "forget", "--plain"})

# Terminals that cannot place the cursor, so that screens would be unreadable.
DUMB = frozenset({"", "dumb", "unknown", "emacs", "cons25-raw"})


class _Terminal:
    saved: list[Any] | None = None  # its attributes before `hold`
    taken = b""  # what was typed before `hold` and not read by the screens yet


def hold(words: list[str]) -> None:
    """Switch echo off where the command line ``words`` leads to screens or to questions on this
    terminal. For screens line mode is switched off too: what is typed from now on waits in the
    terminal for them. `release` undoes it; so does the end of the process, also by a signal."""
    if _NEITHER.intersection(words) or not (os.isatty(_STDIN) and os.isatty(1)):
        return
    try:
        if os.tcgetpgrp(_STDIN) != os.getpgrp():  # in the background: the terminal is another's
            return
        _Terminal.saved = termios.tcgetattr(_STDIN)
    except (OSError, termios.error):
        return
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    screens = not _ASKING.intersection(words) and os.environ.get("TERM", "") not in DUMB
    _switch_off(screens)
    if screens:
        _Terminal.taken = _waiting()


def _switch_off(line_mode: bool) -> None:
    attributes = termios.tcgetattr(_STDIN)
    attributes[3] &= ~termios.ECHO
    if line_mode:
        attributes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
        attributes[3] &= ~(termios.ICANON | termios.IEXTEN)
        attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(_STDIN, termios.TCSANOW, attributes)  # NOW: keeps what was typed


def _waiting() -> bytes:
    """What was typed in line mode. There, Enter became a line feed; the screens know it as a
    carriage return."""
    import select

    found = b""
    while select.select([_STDIN], [], [], 0)[0]:
        data = os.read(_STDIN, 4096)
        if not data:
            break
        found += data
    return found.replace(b"\n", b"\r")


def take() -> bytes:
    """The bytes that were typed before `hold`. The caller handles them; they are given once."""
    found, _Terminal.taken = _Terminal.taken, b""
    return found


def attributes() -> list[Any] | None:
    """The terminal's attributes as they were before `hold`; None without it."""
    return _Terminal.saved


def release() -> None:
    """Give the terminal back as it was."""
    saved, _Terminal.saved = _Terminal.saved, None
    if saved is None:
        return
    # The process is about to end where another thread calls this: only the main one may set them.
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is _end:
                signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError, termios.error):  # the terminal is gone
        termios.tcsetattr(_STDIN, termios.TCSANOW, saved)


def _end(number: int, _frame: FrameType | None) -> None:
    release()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
