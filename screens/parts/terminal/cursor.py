"""The terminal's cursor: it follows what matters, and it is shown only in fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.errors import NoWidget
from textual.geometry import Offset

from cgwizard.screens.parts.terminal.textual_internals import HookedApp

if TYPE_CHECKING:
    from textual.widget import Widget

SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"


class CursorApp(HookedApp):
    """Puts the terminal's cursor where the user's attention belongs, each time it draws.

    Screen readers, braille displays and magnifiers follow the cursor. A widget names its place by
    `cursor_screen_offset`, a screen by a method `attention`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cursor_shown = False

    @property
    def cursor_position(self) -> Offset:
        found = self._cursor_in_field()
        if found is None and self.screen_stack:
            attention = getattr(self.screen, "attention", None)
            found = attention() if attention is not None else None
        return found or Offset(0, 0)

    @cursor_position.setter
    def cursor_position(self, _: Offset) -> None:
        """Ignored: Textual's widgets set it when they change, and it is computed when needed."""

    def _cursor_in_field(self) -> Offset | None:
        """The cursor's place in the field that has the focus; None when no field has it."""
        focused = self.focused if self.screen_stack else None
        place = getattr(focused, "cursor_screen_offset", None)
        if focused is None or not isinstance(place, Offset):
            return None
        return in_sight(focused, place)

    def on_resize(self) -> None:
        # The driver also reports the size when it takes the terminal, and has hidden the cursor.
        self._cursor_shown = False

    def post_display_hook(self) -> None:
        shown = self._cursor_in_field() is not None
        if shown != self._cursor_shown:
            self._cursor_shown = shown
            self.write_to_terminal(SHOW if shown else HIDE)


def in_sight(widget: Widget, place: Offset) -> Offset | None:
    """``place``, moved into the visible part of ``widget``; None when no part is visible."""
    try:
        seen = widget.screen.find_widget(widget).visible_region
    except NoWidget:
        return None
    if not seen:
        return None
    return Offset(
        min(max(place.x, seen.x), seen.right - 1), min(max(place.y, seen.y), seen.bottom - 1)
    )


def line_of(widget: Widget, line: int = 0) -> Offset | None:
    """Where a line of ``widget`` begins; None when the widget is not visible."""
    if not widget.display:
        return None
    return in_sight(widget, widget.content_region.offset + Offset(0, line))
