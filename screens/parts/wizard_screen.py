"""What the wizard's screens have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from cgwizard.screens.parts.footer import Keys, Notice
from cgwizard.text.sanitize import lines

if TYPE_CHECKING:
    from textual.widget import Widget

    from cgwizard.app import Wizard


class WizardScreen(Screen[None]):
    """A screen with a `body`, with texts found by their id, and with a help text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1", "help", show=False)]

    help_subject: str  # the name of an asset

    @property
    def wizard(self) -> Wizard:
        from cgwizard.app import Wizard

        if not isinstance(self.app, Wizard):
            raise TypeError("the screens belong to the wizard")
        return self.app

    @property
    def body(self) -> Widget:
        return self.query_one("#body")

    def show_text(self, id: str, text: str) -> None:
        """Show ``text``, which may quote a server; an empty text takes no room."""
        found = self.query_one(f"#{id}", Static)
        found.display = bool(text)
        shown = lines(text)
        if found.content != shown:
            found.update(shown)

    def say(self, text: str) -> None:
        """Show ``text`` in a row above the keys, until the next key; "" removes it."""
        found = self.query(Notice)
        if found:
            found.first().show(text)
        elif text:
            notice = Notice()
            self.mount(notice, before=self.query_one(Keys))
            notice.show(text)

    def action_help(self) -> None:
        from cgwizard.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.help_subject))
