"""The application as a good guest of any terminal: its driver, colors, size, cursor and cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, Key, Paste

from cgwizard.screens.parts.terminal.colors import NoColorFilter, no_color_wanted
from cgwizard.screens.parts.terminal.cursor import CursorApp
from cgwizard.screens.parts.terminal.diff_app import DiffApp
from cgwizard.screens.parts.terminal.driver import TerminalDriver
from cgwizard.screens.parts.terminal.too_small import MIN_SIZE, TooSmallNotice

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.filter import LineFilter


class TerminalApp(CursorApp, DiffApp):
    def __init__(self) -> None:
        super().__init__()
        self.no_color = no_color_wanted()

    def get_driver_class(self) -> type[Driver]:
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def get_line_filters(self) -> Sequence[LineFilter]:
        # Textual chooses its filter by its default theme, before the wizard's theme is set.
        return [NoColorFilter()] if self.no_color else super().get_line_filters()

    @property
    def too_small(self) -> bool:
        return self.size.width < MIN_SIZE.width or self.size.height < MIN_SIZE.height

    def to_draw(self, update: object) -> object:
        if update is not None and self.too_small:
            update = TooSmallNotice(self.size)
        return super().to_draw(update)

    async def on_event(self, event: Event) -> None:
        """Nothing is confirmed that the user cannot see."""
        if self.too_small and isinstance(event, Key | Paste):
            if isinstance(event, Key) and event.key == "ctrl+q":
                await self.run_action("leave")
            return
        await super().on_event(event)
