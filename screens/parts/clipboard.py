"""Copying to the clipboard from a terminal, also over SSH and inside tmux."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import Any

from textual.app import App

TMUX_SECONDS = 2.0  # the screens do not react while they wait


def copy(app: App[Any], text: str) -> str:
    """Send ``text`` to the terminal's clipboard. Returns a sentence about what is known to have
    happened: no terminal confirms it."""
    tmux = shutil.which("tmux") if os.environ.get("TMUX") else None
    if tmux:
        # By default tmux drops the escape sequence that a program inside it sends, but it passes
        # on what is loaded into its own buffer.
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(  # noqa: S603  (tmux itself, from PATH; the text comes by stdin)
                [tmux, "load-buffer", "-w", "-"],
                input=text.encode(), check=True, timeout=TMUX_SECONDS, capture_output=True,
            )  # fmt: skip
            return "Sent to tmux's buffer; paste there with prefix ]."
    app.copy_to_clipboard(text)
    return "Sent to the terminal, which may or may not take it."
