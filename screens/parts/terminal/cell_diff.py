"""What the terminal shows, cell by cell, so that only the difference is written.

On a slow connection every byte counts, and Textual writes a whole widget again when anything
around it moved. Tests compare the cells with those that Textual's own bytes give.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from textual.geometry import Size
from textual.strip import Strip

from cgwizard.screens.parts.terminal.textual_internals import (
    CompositorUpdate,
    ScreenUpdate,
    strips_of,
)
from cgwizard.text.sanitize import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.style import Style

# Text and the SGR codes that it is written with. None is unknown and always written. A text that
# is wider than one cell stands whole in its first cell; its other cells have an empty text. When a
# part of it is overwritten, one of those gets a text, so that it never passes for whole.
Cell = tuple[str, str] | None

BLANK: Cell = (" ", "")
GAP = 6  # up to so many cells are written again: a jump would cost as much
ERASE = 4  # from so many blank cells at the end of a row, erasing is shorter


class UnknownUpdateError(Exception):
    """Something that is not understood here; Textual writes it in its own way."""


class CellBuffer:
    """The terminal's cells as far as they are known."""

    def __init__(self) -> None:
        self._rows: list[list[Cell]] = []
        self._size = Size(0, 0)

    def forget(self) -> None:
        """The terminal may show anything: the next update is written whole."""
        self._rows, self._size = [], Size(0, 0)

    def changes(self, update: ScreenUpdate, size: Size, console: Console) -> str:
        """What to write so that a terminal of ``size`` shows ``update``."""
        if size != self._size:
            self._size = size
            self._rows = [[None] * size.width for _ in range(size.height)]
        try:
            after = _after(update, self._rows, COLOR_SYSTEMS[console.color_system or "truecolor"])
        except UnknownUpdateError:
            self.forget()
            return update.render_segments(console)
        out = _AnsiWriter()
        for y, row in after.items():
            if row != self._rows[y]:
                _write_row(out, y, self._rows[y], row)
                self._rows[y] = row
        return out.done()


class DiffUpdate(CompositorUpdate):
    """An update of Textual's, reduced to what it changes on the terminal."""

    def __init__(self, update: ScreenUpdate, cells: CellBuffer, size: Size) -> None:
        self._update, self._cells, self._size = update, cells, size

    def render_segments(self, console: Console) -> str:
        return self._cells.changes(self._update, self._size, console)


def _after(
    update: ScreenUpdate, rows: list[list[Cell]], system: ColorSystem
) -> dict[int, list[Cell]]:
    """The rows that ``update`` touches, as they are after it."""
    after: dict[int, list[Cell]] = {}
    for y, x, strip in strips_of(update):
        if not 0 <= y < len(rows) or x + strip.cell_length > len(rows[y]):
            raise UnknownUpdateError  # drawn for another size than the terminal's
        row = after.get(y)
        if row is None:
            row = after[y] = rows[y].copy()
        cells = _cells(strip, system)
        if len(cells) != strip.cell_length:
            raise UnknownUpdateError
        row[x : x + len(cells)] = cells
    return after


def _cells(strip: Strip, system: ColorSystem) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in strip:
        if control or (style is not None and style.link):
            raise UnknownUpdateError
        cells += _segment(text, style, system)
    return cells


@lru_cache(maxsize=2048)
def _segment(text: str, style: Style | None, system: ColorSystem) -> list[Cell]:
    """The cells of a segment, without hidden characters. The result is cached: do not change it."""
    visible = printable(text)
    if visible and not cell_len(visible):
        raise UnknownUpdateError  # an accent, for example, that belongs to the cell before it
    text = set_cell_size(visible, cell_len(text))
    codes = _codes(style, system) if style else ""
    if all(cell_len(c) == 1 for c in text):
        on_blank = _codes_on_blank(style, system) if style else ""
        return [(c, on_blank if c == " " else codes) for c in text]
    return [(text, codes), *[("", codes)] * (cell_len(text) - 1)]


@lru_cache(maxsize=1024)
def _codes(style: Style, system: ColorSystem) -> str:
    """SGR codes of ``style``, written after a reset: the default colors need none."""
    codes = [Strip.render_ansi(style.without_color, system)]
    for color, foreground in ((style.color, True), (style.bgcolor, False)):
        if color is not None and not color.is_default:
            codes += color.downgrade(system).get_ansi_codes(foreground)
    return ";".join(code for code in codes if code)


@lru_cache(maxsize=1024)
def _codes_on_blank(style: Style, system: ColorSystem) -> str:
    """As `_codes`, for a blank: without what cannot be seen on a blank."""
    if style.reverse or style.underline or style.underline2 or style.strike or style.overline:
        return _codes(style, system)
    return _codes(style.background_style, system)


class _AnsiWriter:
    """Collects what is to be written, and knows the style that is set."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.codes = ""

    def go_to(self, x: int, y: int) -> None:
        self._parts.append(f"\x1b[{y + 1};{x + 1}H")

    def write(self, cell: tuple[str, str]) -> None:
        self._style(cell[1])
        self._parts.append(cell[0])

    def erase_to_end(self) -> None:
        self._style("")
        self._parts.append("\x1b[K")

    def done(self) -> str:
        self._style("")
        return "".join(self._parts)

    def _style(self, codes: str) -> None:
        if codes != self.codes:
            reset = "0;" if self.codes and codes else ""
            self._parts.append(f"\x1b[{reset}{codes}m")
            self.codes = codes


def _write_row(out: _AnsiWriter, y: int, before: list[Cell], after: list[Cell]) -> None:
    """Change a row from ``before`` to ``after``."""
    width = len(after)
    blank_from = width
    while blank_from and after[blank_from - 1] == BLANK:
        blank_from -= 1
    at = -1  # the column at which writing continues without a jump
    for x, new in enumerate(after):
        if new is None or new == before[x] or x < at:
            continue
        start, cell = x, new
        while not cell[0] and (head := after[start - 1]) is not None:
            start, cell = start - 1, head
        if start != at and not _fill(out, at, start, after):
            out.go_to(start, y)
        if start >= blank_from and width - start >= ERASE:
            out.erase_to_end()
            return
        out.write(cell)
        at = start + cell_len(cell[0])


def _fill(out: _AnsiWriter, at: int, start: int, after: list[Cell]) -> bool:
    """Write the cells between again, where that costs no more than a jump."""
    if not 0 <= at < start <= at + GAP:
        return False
    between = [cell for cell in after[at:start] if cell is not None and cell[1] == out.codes]
    if sum(cell_len(text) for text, _ in between) != start - at:
        return False
    for cell in between:
        out.write(cell)
    return True
