"""The driver: what is written to the terminal, in a form that this terminal understands."""

from __future__ import annotations

import contextlib
import os
import termios
import time
from collections.abc import Callable

from cgwizard.screens.parts.messages import InputLost, TerminalGone
from cgwizard.screens.parts.terminal.input_decoder import InputDecoder
from cgwizard.screens.parts.terminal.textual_internals import InputDriver
from cgwizard.system import typed_ahead
from cgwizard.text import ascii_fallback

# How long the end of a character may take to come before its beginning is read as a whole one.
_SPLIT_SECONDS = 0.5

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


class TerminalDriver(InputDriver):
    """Textual's driver, with ASCII where the terminal has no more and no questions to old
    terminals."""

    gone = False  # whether there is no terminal any more; then nothing is written

    def start_application_mode(self) -> None:
        ascii_fallback.settle_screens()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        try:
            termios.tcgetattr(self.fileno)
        except termios.error:
            self.input_ended()
        # What the shell gets back after a stop; echo may have been off already.
        self.attrs_before = typed_ahead.attributes() or self.attrs_before

    def close(self) -> None:
        if not self.gone:
            super().close()
        with contextlib.suppress(OSError):  # the terminal is gone
            ascii_fallback.settle()

    def write(self, data: str) -> None:
        if self.gone:
            return
        if os.environ.get("TERM", "").startswith(_OLD_TERMINALS):
            data = "" if data.startswith(_OSC) else _REPLACED_ON_OLD.get(data, data)
        super().write(data)

    def input_ahead(self) -> bytes:
        return typed_ahead.take()

    def input_decoder(self) -> Callable[[bytes | None], str]:
        decoder = InputDecoder()
        since = 0.0  # when the last byte came

        def decode(data: bytes | None) -> str:
            nonlocal since
            now = time.monotonic()
            if data is None:
                late = decoder.waiting and now - since >= _SPLIT_SECONDS
                text = decoder.decode(b"", final=True) if late else ""
            else:
                text, since = decoder.decode(data), now
            if decoder.unreadable:
                self.process_message(InputLost(decoder.unreadable))
                decoder.unreadable = 0
            return text

        return decode

    def not_understood(self) -> None:
        self.process_message(InputLost(0))

    def input_ended(self) -> None:
        self.gone = True
        self.drop_output()
        self.process_message(TerminalGone())
