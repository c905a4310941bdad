"""Commands to copy by hand: each row can be pasted as it stands, at any width."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from cgwizard.guide.shown import Commands
from cgwizard.text import shell

INDENT = "  "


class CommandList(Widget):
    """What no break between words makes fit is cut with "…": it is whole in the copy."""

    def __init__(self) -> None:
        super().__init__(id="commands")
        self._groups: tuple[Commands, ...] = ()

    def show(self, groups: tuple[Commands, ...]) -> None:
        if groups != self._groups:
            self._groups = groups
            self.refresh(layout=True)

    def _rows(self, width: int) -> list[Content]:
        found: list[Content] = []
        for group in self._groups:
            found.append(Content(""))
            found += [Content.styled(row, "dim") for row in shell.filled(group.title, width)]
            for line in group.lines:
                room = width - len(INDENT)
                broken = [line] if group.file else shell.rows(line, room)
                found += [Content(f"{INDENT}{_cut(row, room)}") for row in broken]
        return found

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows(width))

    def render(self) -> Content:
        return Content("\n").join(self._rows(self.size.width))


def _cut(row: str, width: int) -> str:
    end = shell.MORE if row.endswith(shell.MORE) else ""
    return row if cell_len(row) <= width else f"{set_cell_size(row, width - len(end) - 1)}…{end}"
