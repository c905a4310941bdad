"""What the terminal shows, cell by cell, so that only what differs is written: a slow line pays
for every byte, and Textual writes a widget whole when anything around it moved.

Relied on of Textual 8.2: `App._display` gets a `LayoutUpdate` or a `ChopsUpdate`, whose strips are
what those classes' `render_segments` writes, and puts the cursor where it belongs afterwards.
Tests hold the cells against those that Textual's own bytes give.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.style import Style

# Text and the SGR codes it is written with; None is unknown and always written. What is wider than
# one cell or hangs together stands in its first cell whole, the others have no text. Where a part
# of it is written over, some text stands in one of those, so it never passes for whole.
Cell = tuple[str, str] | None
Update = LayoutUpdate | ChopsUpdate

BLANK: Cell = (" ", "")
GAP = 6  # cells that are written again sooner than jumped over: a jump costs as much
ERASE = 4  # blank cells up to the end of a line from which on erasing is shorter


class OddError(Exception):
    """Nothing that is known here; Textual writes it its own way."""


class Shown:
    """The terminal's cells as far as they are known."""

    def __init__(self) -> None:
        self._rows: list[list[Cell]] = []
        self._size = Size(0, 0)

    def forget(self) -> None:
        """The terminal may show anything: what comes next is written whole."""
        self._rows, self._size = [], Size(0, 0)

    def changes(self, update: Update, size: Size, console: Console) -> str:
        """What to write for the terminal to show ``update``."""
        if size != self._size:
            self._size = size
            self._rows = [[None] * size.width for _ in range(size.height)]
        try:
            after = _after(update, self._rows, console._color_system or ColorSystem.TRUECOLOR)
        except OddError:
            self.forget()
            return update.render_segments(console)
        out = _Out()
        for y, row in after.items():
            if row != self._rows[y]:
                _write_row(out, y, self._rows[y], row)
                self._rows[y] = row
        return out.done()


class Changes(CompositorUpdate):
    """An update of Textual's as what it changes on the terminal."""

    def __init__(self, update: Update, shown: Shown, size: Size) -> None:
        self._update, self._shown, self._size = update, shown, size

    def render_segments(self, console: Console) -> str:
        return self._shown.changes(self._update, self._size, console)


def _strips(update: Update) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and strip of all that ``update`` writes, as its `render_segments` has it."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x <= x2 and end > x1:
                yield y, x, chop if x >= x1 and end <= x2 else chop.crop(0, min(end, x2) - x)


def _after(update: Update, rows: list[list[Cell]], system: ColorSystem) -> dict[int, list[Cell]]:
    """The rows that ``update`` touches, as they are then."""
    after: dict[int, list[Cell]] = {}
    for y, x, strip in _strips(update):
        if not 0 <= y < len(rows) or x + strip.cell_length > len(rows[y]):
            raise OddError  # drawn for another size than the terminal's
        row = after.get(y)
        if row is None:
            row = after[y] = rows[y].copy()
        cells = _cells(strip, system)
        if len(cells) != strip.cell_length:
            raise OddError
        row[x : x + len(cells)] = cells
    return after


def _cells(strip: Strip, system: ColorSystem) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in strip:
        if control or (style is not None and style.link):
            raise OddError
        cells += _segment(text, style, system)
    return cells


@lru_cache(maxsize=2048)
def _segment(text: str, style: Style | None, system: ColorSystem) -> list[Cell]:
    """Not to be changed: it is kept."""
    codes = _codes(style, system) if style else ""
    if all(cell_len(c) == 1 for c in text):
        on_blank = _codes_on_blank(style, system) if style else ""
        return [(c, on_blank if c == " " else codes) for c in text]
    width = cell_len(text)
    if not width:
        raise OddError
    return [(text, codes), *[("", codes)] * (width - 1)]


@lru_cache(maxsize=1024)
def _codes(style: Style, system: ColorSystem) -> str:
    """SGR codes of ``style``, after a reset: the default colors need none."""
    codes = [Strip.render_ansi(style.without_color, system)]
    for color, foreground in ((style.color, True), (style.bgcolor, False)):
        if color is not None and not color.is_default:
            codes += color.downgrade(system).get_ansi_codes(foreground)
    return ";".join(code for code in codes if code)


@lru_cache(maxsize=1024)
def _codes_on_blank(style: Style, system: ColorSystem) -> str:
    """As `_codes`, of a blank: without what cannot be seen on one."""
    if style.reverse or style.underline or style.underline2 or style.strike or style.overline:
        return _codes(style, system)
    return _codes(style.background_style, system)


class _Out:
    """What is to be written; knows the style that is on."""

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


def _write_row(out: _Out, y: int, before: list[Cell], after: list[Cell]) -> None:
    """Bring a row from ``before`` to ``after``."""
    width = len(after)
    blank_from = width
    while blank_from and after[blank_from - 1] == BLANK:
        blank_from -= 1
    at = -1  # where writing goes on without a jump
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


def _fill(out: _Out, at: int, start: int, after: list[Cell]) -> bool:
    """Write what lies between again, where that is no dearer than a jump."""
    if not 0 <= at < start <= at + GAP:
        return False
    between = [cell for cell in after[at:start] if cell is not None and cell[1] == out.codes]
    if sum(cell_len(text) for text, _ in between) != start - at:
        return False
    for cell in between:
        out.write(cell)
    return True
