"""Copying from a terminal: over SSH and through tmux, claiming no more than is known."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import Any

from textual.app import App

TMUX_SECONDS = 2.0  # the screens stand still for that long


def copy(app: App[Any], text: str) -> str:
    """Offer ``text`` to the terminal's clipboard; returns what can honestly be said of it."""
    tmux = shutil.which("tmux") if os.environ.get("TMUX") else None
    if tmux:
        # With its default settings tmux drops the escape sequence of programs inside it, but
        # passes on what is loaded into its own buffer.
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(  # noqa: S603  (tmux itself, from PATH; the text comes by stdin)
                [tmux, "load-buffer", "-w", "-"],
                input=text.encode(), check=True, timeout=TMUX_SECONDS, capture_output=True,
            )  # fmt: skip
            return "Sent to tmux's buffer; paste there with prefix ]."
    app.copy_to_clipboard(text)
    return "Sent to the terminal, which may or may not take it."
