"""A real terminal for the wizard: tmux, its keys and what its screen shows. `Wire` is a bare one,
of which every byte is kept."""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import pyte
from ptyprocess import PtyProcess

BIN = Path(sys.executable).parent
SECONDS = 30.0
POLL_SECONDS = 0.05
MAX_ENTERS = 14
UNSET = ""  # a variable of this value is not in a `Wire`'s environment


class Terminal:
    """One tmux server with one window of ``width`` x ``height``, in which ``command`` runs."""

    def __init__(
        self, *command: str, width: int = 80, height: int = 24, env: dict[str, str] | None = None
    ) -> None:
        self._socket = f"cgwizard-{uuid.uuid4().hex[:8]}"
        # What the wizard prints when it is through stays readable: the shell waits.
        line = f"{shlex.join(command)}; echo EXIT $?; exec cat"
        settings = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        settings.pop("TMUX", None)
        self._tmux(
            "-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height),
            "sh", "-c", line, env=settings,
        )  # fmt: skip

    def _tmux(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        return subprocess.run(
            ["tmux", "-u", "-L", self._socket, *arguments],
            check=True, capture_output=True, text=True, env=env, timeout=SECONDS,
        ).stdout  # fmt: skip

    def keys(self, *keys: str) -> None:
        """tmux's names of keys: "Enter", "Escape", "C-q", "F1"; other texts are typed."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        """As a user's paste arrives: bracketed, where the program asked for that."""
        subprocess.run(
            ["tmux", "-L", self._socket, "load-buffer", "-"],
            input=text, text=True, check=True, timeout=SECONDS,
        )  # fmt: skip
        self._tmux("paste-buffer", "-p")

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def cursor(self) -> tuple[int, int]:
        x, y = self._tmux("display", "-p", "#{cursor_x},#{cursor_y}").strip().split(",")
        return int(x), int(y)

    def cursor_shown(self) -> bool:
        return self._tmux("display", "-p", "#{cursor_flag}").strip() == "1"

    @property
    def alternate(self) -> bool:
        """Whether a program has its own screen up, and not the one with what was there before."""
        return self._tmux("display", "-p", "#{alternate_on}").strip() == "1"

    def pane_process(self) -> int:
        """The shell that runs in the terminal."""
        return int(self._tmux("display", "-p", "#{pane_pid}"))

    def wizard_process(self) -> int:
        """The program's own, child of that shell."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pane_process())],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return int(found.stdout.split()[0])

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def until(self, *texts: str, seconds: float = SECONDS) -> str:
        """Wait until all ``texts`` are on the screen; returns the screen."""
        return self.until_true(
            lambda screen: all(text in screen for text in texts), f"{texts}", seconds
        )

    def until_true(self, wanted: Callable[[str], bool], what: str, seconds: float = SECONDS) -> str:
        return _until_true(self.screen, wanted, what, seconds)

    def close(self) -> None:
        subprocess.run(
            ["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until_gone(process: int, seconds: float = SECONDS) -> None:
    """Or a zombie, whose parent may stand still, too."""
    end = time.monotonic() + seconds
    status = Path(f"/proc/{process}/status")
    while True:
        try:
            if "\nState:\tZ" in status.read_text():
                return
        except OSError:
            return
        assert time.monotonic() < end, f"process {process} is still there after {seconds:.0f} s"
        time.sleep(POLL_SECONDS)


KEYS = {
    "Enter": b"\r",
    "Tab": b"\t",
    "Escape": b"\x1b",
    "F1": b"\x1bOP",
    "F2": b"\x1bOQ",
    "F3": b"\x1bOR",
    "F5": b"\x1b[15~",
    "F6": b"\x1b[17~",
    "F7": b"\x1b[18~",
    "F8": b"\x1b[19~",
    "F10": b"\x1b[21~",
    "C-c": b"\x03",
    "C-g": b"\x07",
    "C-n": b"\x0e",
    "C-o": b"\x0f",
    "C-p": b"\x10",
    "C-q": b"\x11",
    "C-u": b"\x15",
    "C-z": b"\x1a",
}


class Wire:
    """A pty with a program at its far end, which is told to be a terminal of ``env``'s TERM; every
    byte that comes over it is kept. What pyte makes of them is the screen."""

    def __init__(
        self, *command: str, width: int = 80, height: int = 24, env: dict[str, str] | None = None
    ) -> None:
        settings = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        settings = {name: value for name, value in settings.items() if value != UNSET}
        settings.pop("TMUX", None)
        self._process = PtyProcess.spawn(list(command), dimensions=(height, width), env=settings)
        self.received = b""
        self._hung_up = False
        self._drawn = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._drawn)

    def keys(self, *keys: str) -> None:
        for key in keys:
            self._process.write(KEYS.get(key, key.encode()))

    def send(self, data: bytes) -> None:
        self._process.write(data)

    def attributes(self) -> list[Any]:
        """As `termios.tcgetattr` gives them."""
        return termios.tcgetattr(self._process.fd)

    @property
    def process_id(self) -> int:
        process: int = self._process.pid
        return process

    def hang_up(self) -> None:
        """Close this end, as a terminal's window does."""
        self._process.fileobj.close()
        self._hung_up = True

    def screen(self) -> str:
        while not self._hung_up and select.select([self._process.fd], [], [], 0.02)[0]:
            try:
                data = self._process.read(65536)
            except EOFError:
                break
            self.received += data
            # pyte prints the last letter of a question that it does not know.
            self._stream.feed(re.sub(rb"\x1b\[\?\d+\$p", b"", data))
        return "\n".join(line.rstrip() for line in self._drawn.display)

    def until_true(self, wanted: Callable[[str], bool], what: str, seconds: float = SECONDS) -> str:
        return _until_true(self.screen, wanted, what, seconds)

    def until(self, *texts: str, seconds: float = SECONDS) -> str:
        return self.until_true(lambda s: all(text in s for text in texts), f"{texts}", seconds)

    def exit_code(self) -> int | None:
        """Of the program, which was told to end."""
        deadline = time.monotonic() + SECONDS
        while self._process.isalive() and time.monotonic() < deadline:
            self.screen()
        code: int | None = self._process.exitstatus
        return -self._process.signalstatus if self._process.signalstatus else code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close(force=True)


class AnyTerminal(Protocol):
    def keys(self, *keys: str) -> None: ...
    def screen(self) -> str: ...
    def until_true(self, wanted: Callable[[str], bool], what: str, seconds: float = ...) -> str: ...


def main_action(screen: str) -> str:
    """What Enter does now: the beginning of the bottom line; empty while it works."""
    for line in screen.rstrip("\n").split("\n")[-2:]:  # on narrow terminals there are two rows
        if found := re.match(r"\s*enter (.+?)(?:  |$)", line):
            return found.group(1)
    return ""


def next_action(terminal: AnyTerminal, before: str) -> str:
    """The screen with another main action than ``before``, at which Enter was pressed: again
    where that came before the screen was seen."""
    again = False

    def another(screen: str) -> bool:
        nonlocal again
        if not again and before and "Enter waits" in screen and main_action(screen) == before:
            again = True
            terminal.keys("Enter")
        return main_action(screen) not in {"", before}

    return terminal.until_true(another, f"another action than {before!r}")


def to_finish(terminal: AnyTerminal) -> Iterator[tuple[str, str]]:
    """Walk the whole guide by Enter, from its first screen on; gives each main action with its
    screen, before it is done. The last one leaves, and is not done."""
    action = ""
    for _ in range(MAX_ENTERS):
        screen = next_action(terminal, action)
        action = main_action(screen)
        yield action, screen
        if action == "done, leave":
            return
        terminal.keys("Enter")
    raise AssertionError(f"after {MAX_ENTERS} times Enter:\n{terminal.screen()}")


def take_away(terminal: AnyTerminal, words: str) -> None:
    """Answer by F8 what F8 asked, when it is heard: not at once, because a key may repeat."""
    asked = f"f8 {words}"

    def gone(screen: str) -> bool:
        if asked in screen:
            terminal.keys("F8")
        return asked not in screen

    terminal.until_true(lambda screen: asked in screen, asked)
    terminal.until_true(gone, f"not {asked}")


def _until_true(
    look: Callable[[], str], wanted: Callable[[str], bool], what: str, seconds: float
) -> str:
    deadline = time.monotonic() + seconds
    while True:
        screen = look()
        if wanted(screen):
            return screen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}. The screen:\n{screen}")
        time.sleep(POLL_SECONDS)


def wizard(*arguments: str) -> tuple[str, ...]:
    """The command as it is installed beside the Python that runs the tests."""
    return (str(BIN / "cgwizard"), *arguments)
