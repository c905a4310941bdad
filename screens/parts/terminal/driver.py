"""The driver: what is written to the terminal, in a form that this terminal understands."""

from __future__ import annotations

import contextlib
import os

from textual.drivers.linux_driver import LinuxDriver

from cgwizard.text import ascii_fallback

# Terminals that are older than what Textual expects. Most of them ignore an unknown question, but
# some print its last letter, so they are asked nothing. They have no alternate screen to return
# from: their only screen is cleared before and after.
_OLD_TERMINALS = ("linux", "vt", "ansi", "cons", "wy", "sun")
_OSC = "\x1b]"  # commands to windows: titles, the mouse pointer, the clipboard
_CLEAR = "\x1b[H\x1b[2J"
_REPLACED_ON_OLD = {
    "\x1b[?1049h": _CLEAR,
    "\x1b[?1049l": _CLEAR,
    **dict.fromkeys(
        (
            *(f"\x1b[?{mode}{end}" for mode in (1000, 1003, 1004, 1006, 1015) for end in "hl"),
            "\x1b[?2004h",
            "\x1b[?2004l",
            "\x1b[?2026$p",
            "\x1b[?2048$p",
            "\x1b[>25u",
            "\x1b[<u",
        ),
        "",
    ),
}


class TerminalDriver(LinuxDriver):
    """Textual's driver, with ASCII where the terminal has no more and no questions to old
    terminals."""

    def start_application_mode(self) -> None:
        ascii_fallback.settle_screens()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):  # the terminal is gone
            ascii_fallback.settle()

    def write(self, data: str) -> None:
        if os.environ.get("TERM", "").startswith(_OLD_TERMINALS):
            data = "" if data.startswith(_OSC) else _REPLACED_ON_OLD.get(data, data)
        super().write(data)
