"""What a terminal shows that got certain bytes, cell by cell."""

from __future__ import annotations

import re

import pyte

Cell = tuple[str, ...]


class Cells:
    """What a terminal shows that got these bytes. pyte knows no dim: it has it blink, which
    nothing else here does."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self._stream.feed(re.sub(r"(?<=\x1b\[)[\d;]*(?=m)", _dim_to_blink, data))

    def shown(self) -> list[list[Cell]]:
        """Each cell as it is seen: of a blank, no more than its background and lines."""
        rows = self.screen.buffer
        width, height = self.screen.columns, self.screen.lines
        return [[_seen(rows[y][x]) for x in range(width)] for y in range(height)]


def _dim_to_blink(found: re.Match[str]) -> str:
    codes = found[0].split(";")
    colors = 0  # codes that belong to a color
    for at, code in enumerate(codes):
        if colors:
            colors -= 1
        elif code in {"38", "48"}:
            colors = 4 if codes[at + 1] == "2" else 2
        elif code == "2":
            codes[at] = "5"
    return ";".join(codes)


def _seen(char: pyte.screens.Char) -> Cell:
    lines = (str(char.underscore), str(char.strikethrough), str(char.reverse))
    if char.data == " " and "True" not in lines:
        return " ", char.bg
    return char.data, char.bg, char.fg, *lines, str(char.bold), str(char.blink), str(char.italics)
