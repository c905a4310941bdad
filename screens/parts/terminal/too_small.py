"""What is shown where a terminal is too small for any screen."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from textual.geometry import Size

from cgwizard.screens.parts.terminal.textual_internals import CompositorUpdate

if TYPE_CHECKING:
    from rich.console import Console

MIN_SIZE = Size(40, 12)


class TooSmallNotice(CompositorUpdate):
    """Drawn in place of a screen: the size of the terminal, and the size that is needed."""

    def __init__(self, size: Size) -> None:
        self._size = size

    def render_segments(self, console: Console) -> str:
        width, height = self._size
        text = f"{width}x{height} is too small: cgwizard needs {MIN_SIZE.width}x{MIN_SIZE.height}."
        lines = [*wrap(text, width), *wrap("Nothing is lost. ctrl+q quits.", width)]
        rows = (f"\x1b[{y};1H{line}" for y, line in enumerate(lines[:height], 1))
        return "\x1b[0m\x1b[2J" + "".join(rows)
