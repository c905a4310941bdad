"""An application that writes only what changes, for a slow connection."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from cgwizard.screens.parts.terminal.cell_diff import CellBuffer, DiffUpdate
from cgwizard.screens.parts.terminal.textual_internals import HookedApp, ScreenUpdate


class DiffApp(HookedApp):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", show=False, priority=True),  # after others wrote over it
    ]

    def __init__(self) -> None:
        super().__init__()
        self.cells = CellBuffer()

    def to_draw(self, update: object) -> object:
        if isinstance(update, ScreenUpdate):
            return super().to_draw(DiffUpdate(update, self.cells, self.size))
        if update is not None:
            self.cells.forget()
        return super().to_draw(update)

    def on_resize(self) -> None:
        # The driver also reports the size when it takes the terminal: at the start, after a stop.
        self.action_redraw()

    def action_redraw(self) -> None:
        """Write the whole screen: the terminal may show anything."""
        self.cells.forget()
        self.screen.refresh()
