"""An application that is quiet on a slow line: it writes what changes on the terminal, no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingType

from cgwizard.screens.parts.terminal.cell_diff import Changes, Shown

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen


class QuietApp(App[int]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", show=False, priority=True),  # after others wrote over it
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown = Shown()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Overrides what Textual does with every update."""
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            changes = Changes(renderable, self._shown, self.size)
            super()._display(screen, cast("RenderableType", changes))
            return
        if renderable is not None:
            self._shown.forget()
        super()._display(screen, renderable)

    def on_resize(self) -> None:
        # The driver tells the size also when it takes the terminal: at the start, after a stop.
        self.action_redraw()

    def action_redraw(self) -> None:
        """Write the whole screen: the terminal may show anything."""
        self._shown.forget()
        self.screen.refresh()
