"""Every private part of Textual that the program uses, behind plain names.

Written for Textual 8.2. Textual may change a private part in any release: `pyproject.toml` has an
upper bound for that reason, and a test compares each name here with what Textual does in public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from textual.screen import Screen
    from textual.strip import Strip
    from textual.widget import Widget

# What a screen gives to be drawn: the whole of a region, or the parts of it that changed. Both
# are a `CompositorUpdate`, whose `render_segments` gives the bytes for the terminal.
ScreenUpdate = LayoutUpdate | ChopsUpdate
__all__ = ["CompositorUpdate", "HookedApp", "ScreenUpdate", "bound_action", "strips_of"]


class HookedApp(App[int]):
    """An application that can change what is drawn, and what happens after a crash."""

    def to_draw(self, update: object) -> object:
        """What is drawn instead of ``update``: None for nothing, else a `CompositorUpdate` or
        what rich can render."""
        return update

    def report_crash(self, error: Exception) -> None:
        """Called with the first exception that nobody caught, before the application ends."""

    def write_to_terminal(self, data: str) -> None:
        """Write to the terminal at once; nothing before the terminal is set up."""
        if self._driver is not None:
            self._driver.write(data)
            self._driver.flush()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, cast("RenderableType | None", self.to_draw(renderable)))

    def _handle_exception(self, error: Exception) -> None:
        # Textual would print a traceback with the values of all variables.
        self._return_code = 1
        if self._exception is None:
            self._exception = error  # tests that drive the application raise it again
            self._exception_event.set()
            self.report_crash(error)
        self._close_messages_no_wait()


def strips_of(update: ScreenUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and strip of all that the `render_segments` of ``update`` writes."""
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


def bound_action(widget: Widget, key: str) -> str:
    """The action that ``key`` is bound to in ``widget`` itself; "" when it is bound to none."""
    bindings = widget._bindings.key_to_bindings.get(key)
    return bindings[0].action if bindings else ""
