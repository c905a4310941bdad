"""A step's help text, from the asset of the same name."""

from __future__ import annotations

from importlib.resources import files
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Markdown

from cgwizard.screens.parts.keys import Keys


class HelpScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "close", show=False)]

    def __init__(self, subject: str) -> None:
        super().__init__()
        self.subject = subject

    def compose(self) -> ComposeResult:
        text = (files("cgwizard.assets") / f"{self.subject}.md").read_text(encoding="utf-8")
        with VerticalScroll(id="body", can_focus=True):
            yield Markdown(text)
        yield Keys()

    def on_mount(self) -> None:
        self.query_one(Keys).show([("esc", "back"), ("↑ ↓", "scroll")])
        self.query_one("#body").focus()

    def action_close(self) -> None:
        self.dismiss()
