"""The help text of a step, from the asset with its name, and the keys."""

from __future__ import annotations

from importlib.resources import files

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Offset
from textual.widgets import Markdown

from cgwizard.screens.parts.footer import KeyAction, Keys, follow, more_below
from cgwizard.screens.parts.wizard_screen import WizardScreen


class HelpScreen(WizardScreen):
    def __init__(self, subject: str) -> None:
        super().__init__()
        self.help_subject = subject

    def compose(self) -> ComposeResult:
        found = [files("cgwizard.assets") / f"{name}.md" for name in (self.help_subject, "keys")]
        text = "\n".join(file.read_text(encoding="utf-8") for file in found)
        with VerticalScroll(id="body", classes="alone", can_focus=True):
            yield Markdown(text)
        yield Keys()

    def on_mount(self) -> None:
        self.body.focus()
        follow(self.body, self._show_keys)
        self._show_keys()

    def on_resize(self) -> None:
        self._show_keys()

    def _show_keys(self) -> None:
        self.query_one(Keys).show([*self.offers(), *more_below(self.body)])

    def offers(self) -> list[KeyAction]:
        return [
            KeyAction("escape", "back", self._close),
            KeyAction("f1", "", self._close),
            KeyAction("ctrl+q", "leave", self.wizard.action_leave),
        ]

    def attention(self) -> Offset:
        """The terminal's cursor is at the first visible line."""
        return self.body.content_region.offset

    def _close(self) -> None:
        self.dismiss()
