"""Questions on a plain terminal: a line each, an empty one takes what is shown.

No line editor is used, because every one of them writes escape sequences. Secrets are read
without echo where there is a terminal; a pasted token may come in several lines.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from cgwizard.frontends.line_output import Lines
from cgwizard.secrets.secret import Secret
from cgwizard.system import typed_ahead

# A terminal in line mode drops what is longer without a word (N_TTY_BUF_SIZE of Linux).
LINE_LIMIT = 4095
ENDED = "The input ended before the guide did."


class EndOfInput(Exception):
    """There is nobody to answer any more."""


class Prompts:
    """Asks on ``lines``, reads from ``source``."""

    def __init__(self, lines: Lines, source: TextIO | None = None) -> None:
        typed_ahead.release()  # a line shows while it is typed
        self.lines = lines
        self.source = source or sys.stdin
        if isinstance(self.source, io.TextIOWrapper) and self.source.errors == "strict":
            self.source.reconfigure(errors="surrogateescape")  # `_line` asks for them again

    def text(self, label: str, shown: str = "") -> str:
        """One line; an empty one gives ``shown``. Raises EndOfInput."""
        self.lines.ask(f"{label} [{shown}]: " if shown else f"{label}: ")
        return self._line().strip() or shown

    def choice(self, label: str, options: list[str], default: int = 0) -> int:
        """One of ``options``, by its number or how it begins; returns its index."""
        for number, option in enumerate(options, 1):
            self.lines.line(f"  {number} {option}")
        while True:
            typed = self.text(label, str(default + 1)).lower()
            if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(options):
                return int(typed) - 1
            whole = [i for i, option in enumerate(options) if option.lower() == typed]
            found = [i for i, option in enumerate(options) if option.lower().startswith(typed)]
            if len(found) == 1 or whole:
                return (whole or found)[0]
            self.lines.line(f"  a number from 1 to {len(options)}")

    def yes(self, question: str, *, default: bool) -> bool:
        while True:
            typed = self.text(question, "yes" if default else "no").lower()
            if typed in {"y", "yes", "n", "no"}:
                return typed.startswith("y")
            self.lines.line("  yes or no")

    def secret(self, label: str, *, kept: bool) -> Secret | None:
        """One line that is not shown; None for an empty one. ``kept``: there is one already."""
        with self._unseen():  # first: who types at once must not see it either
            self.lines.ask(f"{label} ({'empty: as before' if kept else 'not shown'}): ")
            text = self._line()
        return Secret(text) if text else None

    def paste(self, label: str, whole: Callable[[str], bool], *, kept: bool) -> Secret | None:
        """Several lines that are not shown, up to an empty one, or until they are ``whole``."""
        empty = "empty: as before" if kept else "not shown"
        pasted: list[str] = []
        with self._unseen():
            self.lines.line(f"{label} ({empty}). Several lines are fine; an empty line ends it.")
            while line := self._line():
                pasted.append(line)
                if len(line.encode()) >= LINE_LIMIT - 1:
                    self.lines.line(
                        f"  This terminal takes {LINE_LIMIT:,} characters a line; the rest is "
                        "lost. Paste it in several lines, or use a file: cgwizard apply."
                    )
                    self.drain()
                    return None
                if whole("\n".join(pasted)):
                    break
        return Secret("\n".join(pasted)) if pasted else None

    def drain(self) -> None:
        """Throw away what was typed ahead: the rest of a paste is no answer to what comes next."""
        if not self.terminal:
            return
        import termios

        with contextlib.suppress(termios.error):
            termios.tcflush(self.source.fileno(), termios.TCIFLUSH)

    @property
    def terminal(self) -> bool:
        return self.source.isatty()

    @property
    def _shows_typing(self) -> bool:
        """Whether what is typed shows between what is written: in a terminal that has both."""
        return self.terminal and self.lines.out.isatty()

    def _line(self) -> str:
        while True:
            line = self.source.readline()
            if not self._shows_typing:
                self.lines.line()  # the line end that was typed is not in what is written
            if not line:
                raise EndOfInput
            if not any("\ud800" <= character <= "\udfff" for character in line):
                return line.rstrip("\r\n")
            self.lines.ask(f"  It has bytes that are not {self.source.encoding}. Once more: ")

    @contextlib.contextmanager
    def _unseen(self) -> Iterator[None]:
        """Without echo, and as it was before on every way out."""
        if not self.terminal:
            yield
            return
        import termios

        descriptor = self.source.fileno()
        before = termios.tcgetattr(descriptor)
        silent = [*before]
        silent[3] = before[3] & ~termios.ECHO
        termios.tcsetattr(descriptor, termios.TCSADRAIN, silent)
        try:
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
            if self._shows_typing:
                self.lines.line()  # the line end that was typed was not shown either
