"""What lies between the screens and the terminal: its cursor, its colors, what it understands."""

from __future__ import annotations

import contextlib
import os
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.errors import NoWidget
from textual.events import Event, Key, Paste
from textual.filter import LineFilter
from textual.geometry import Offset, Size

from cgwizard.text import ascii_fallback

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from textual.color import Color
    from textual.driver import Driver
    from textual.screen import Screen
    from textual.widget import Widget

LEAST = Size(40, 12)  # smaller terminals get no screens, but are told so

SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"

# Terminals older than what Textual asks of them. They ignore what they do not know, most of
# the time: some print its last letter. So they are asked for nothing, and since they have no
# second screen to come back from, the one they have is cleared before and after.
OLD = ("linux", "vt", "ansi", "cons", "wy", "sun")
_WITHOUT_COLOR = ("vt", "wy")
_OSC = "\x1b]"  # commands to windows: titles, the mouse's pointer, the clipboard
_CLEAR = "\x1b[H\x1b[2J"
_INSTEAD = {
    "\x1b[?1049h": _CLEAR,
    "\x1b[?1049l": _CLEAR,
    **dict.fromkeys(
        (
            *(f"\x1b[?{mode}{end}" for mode in (1000, 1003, 1004, 1006, 1015) for end in "hl"),
            "\x1b[?2004h",
            "\x1b[?2004l",
            "\x1b[?2026$p",
            "\x1b[?2048$p",
            "\x1b[>25u",
            "\x1b[<u",
        ),
        "",
    ),
}


class TerminalDriver(LinuxDriver):
    """Textual's, but in ASCII where the terminal has no more, and kind to old terminals."""

    def start_application_mode(self) -> None:
        ascii_fallback.settle_screens()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):  # the terminal is gone
            ascii_fallback.settle()

    def write(self, data: str) -> None:
        if os.environ.get("TERM", "").startswith(OLD):
            data = "" if data.startswith(_OSC) else _INSTEAD.get(data, data)
        super().write(data)


class WithoutColor(LineFilter):
    """Takes every color away; bold, underline and reverse stay. Textual's own filter writes the
    terminal's default colors instead, which are color sequences still."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, None if style is None else style.without_color, control)
            for text, style, control in segments
        ]


def _wants_no_color() -> bool:
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").startswith(_WITHOUT_COLOR)


class TooSmall(CompositorUpdate):
    """In place of a screen."""

    def __init__(self, size: Size) -> None:
        self._size = size

    def render_segments(self, console: Console) -> str:
        width, height = self._size
        text = f"{width}x{height} is too small: cgwizard needs {LEAST.width}x{LEAST.height}."
        lines = [*wrap(text, width), *wrap("Nothing is lost. ctrl+q quits.", width)]
        told = (f"\x1b[{y};1H{line}" for y, line in enumerate(lines[:height], 1))
        return "\x1b[0m\x1b[2J" + "".join(told)


class TerminalApp(App[int]):
    """Puts the terminal's cursor where the user's attention belongs, at each paint."""

    def __init__(self) -> None:
        super().__init__()
        self._cursor_shown = False
        # Textual's own filter would be that of its default theme, which this is not.
        self.no_color = _wants_no_color()
        if self.no_color:
            self._filters = [WithoutColor()]

    def get_driver_class(self) -> type[Driver]:
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    @property
    def cursor_position(self) -> Offset:
        """Screen readers, braille lines and magnifiers follow it."""
        found = self._cursor_in_field()
        if found is None and self._screen_stack:
            attention = getattr(self.screen, "attention", None)
            found = attention() if attention is not None else None
        return found or Offset(0, 0)

    @cursor_position.setter
    def cursor_position(self, _: Offset) -> None:
        """Textual's widgets set it when they change. It is asked for when it is needed."""

    def _cursor_in_field(self) -> Offset | None:
        """Within the field that has the focus; None where none has it."""
        focused = self.focused if self._screen_stack else None
        place = getattr(focused, "cursor_screen_offset", None)
        if focused is None or not isinstance(place, Offset):
            return None
        return in_sight(focused, place)

    @property
    def too_small(self) -> bool:
        return self.size.width < LEAST.width or self.size.height < LEAST.height

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Overrides what Textual does with every update: where nothing has room, that is said."""
        told: Any = renderable
        if renderable is not None and self.too_small:
            told = TooSmall(self.size)
        super()._display(screen, told)

    async def on_event(self, event: Event) -> None:
        """Nothing is confirmed that cannot be seen."""
        if self.too_small and isinstance(event, Key | Paste):
            if isinstance(event, Key) and event.key == "ctrl+q":
                await self.run_action("leave")
            return
        await super().on_event(event)

    def on_resize(self) -> None:
        # The driver tells the size also when it takes the terminal, and has hidden the cursor.
        self._cursor_shown = False

    def post_display_hook(self) -> None:
        """Show the cursor in fields, where something is typed or chosen; hide it elsewhere."""
        shown = self._cursor_in_field() is not None
        if shown != self._cursor_shown and self._driver is not None:
            self._cursor_shown = shown
            self._driver.write(SHOW if shown else HIDE)
            self._driver.flush()


def in_sight(widget: Widget, place: Offset) -> Offset | None:
    """``place``, moved into the part of ``widget`` that is to be seen; None when nothing is."""
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
    """Where a line of ``widget`` begins; None when the widget is not to be seen."""
    if not widget.display:
        return None
    return in_sight(widget, widget.content_region.offset + Offset(0, line))
