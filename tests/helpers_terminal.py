"""A real terminal for the wizard: tmux, its keys and what its screen shows."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self

BIN = Path(sys.executable).parent
SECONDS = 30.0
POLL_SECONDS = 0.05


class Terminal:
    """One tmux server with one window of ``width`` x ``height``, in which ``command`` runs."""

    def __init__(
        self, *command: str, width: int = 80, height: int = 24, env: dict[str, str] | None = None
    ) -> None:
        self._socket = f"cgwizard-{uuid.uuid4().hex[:8]}"
        # What the wizard prints when it is through stays readable: the shell waits.
        line = f"{shlex.join(command)}; echo EXIT $?; exec cat"
        settings = {**os.environ, **(env or {})}
        settings.pop("TMUX", None)
        self._tmux(
            "-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height),
            "sh", "-c", line, env=settings,
        )  # fmt: skip

    def _tmux(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        return subprocess.run(
            ["tmux", "-L", self._socket, *arguments],
            check=True, capture_output=True, text=True, env=env, timeout=SECONDS,
        ).stdout  # fmt: skip

    def keys(self, *keys: str) -> None:
        """tmux's names of keys: "Enter", "Escape", "C-q", "F1"; other texts are typed."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def paste(self, text: str) -> None:
        """As a person's paste arrives: bracketed, where the program asked for that."""
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

    def pane_process(self) -> int:
        """The shell that runs in the terminal."""
        return int(self._tmux("display", "-p", "#{pane_pid}"))

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def until(self, *texts: str, seconds: float = SECONDS) -> str:
        """Wait until all ``texts`` are on the screen; returns the screen."""
        return self.until_true(
            lambda screen: all(text in screen for text in texts), f"{texts}", seconds
        )

    def until_true(self, wanted: Callable[[str], bool], what: str, seconds: float = SECONDS) -> str:
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if wanted(screen):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:.0f} s: {what}. The screen:\n{screen}")
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        subprocess.run(
            ["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wizard(*arguments: str) -> tuple[str, ...]:
    """The command as it is installed beside the Python that runs the tests."""
    return (str(BIN / "cgwizard"), *arguments)
