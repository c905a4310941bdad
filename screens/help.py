"""The help text of a step, from the asset with its name, and the keys."""

from __future__ import annotations

from importlib.resources import files
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Markdown

from cgwizard.screens.parts.footer import Keys, follow, more_below


class HelpScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "close", show=False)]

    def __init__(self, subject: str) -> None:
        super().__init__()
        self.subject = subject

    def compose(self) -> ComposeResult:
        found = [files("cgwizard.assets") / f"{name}.md" for name in (self.subject, "keys")]
        text = "\n".join(file.read_text(encoding="utf-8") for file in found)
        with VerticalScroll(id="body", classes="alone", can_focus=True):
            yield Markdown(text)
        yield Keys()

    def on_mount(self) -> None:
        body = self.query_one("#body")
        body.focus()
        follow(body, self._show_keys)
        self._show_keys()

    def on_resize(self) -> None:
        self._show_keys()

    def _show_keys(self) -> None:
        self.query_one(Keys).show([("esc", "back"), *more_below(self.query_one("#body"))])

    def attention(self) -> Offset:
        """The terminal's cursor is at the first visible line."""
        return self.query_one("#body").content_region.offset

    def action_close(self) -> None:
        self.dismiss()
