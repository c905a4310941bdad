"""Copying from a terminal: over SSH and through tmux, claiming no more than is known."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from textual.app import App


def copy(app: App[Any], text: str) -> str:
    """Offer ``text`` to the terminal's clipboard; returns what can honestly be said of it."""
    tmux = shutil.which("tmux") if os.environ.get("TMUX") else None
    if tmux:
        # With its default settings tmux drops the escape sequence of programs inside it, but
        # passes on what is loaded into its own buffer.
        loaded = subprocess.run(  # noqa: S603  (tmux itself, from PATH; the text comes by stdin)
            [tmux, "load-buffer", "-w", "-"], input=text.encode(), check=False, timeout=5
        )
        if loaded.returncode == 0:
            return "Sent to tmux's buffer; paste there with prefix ]."
    app.copy_to_clipboard(text)
    return "Sent to the terminal, which may or may not take it. s saves a file."
