"""What the wizard's screens have in common."""

from __future__ import annotations

import inspect
import math
import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, Static

from cgwizard.screens.parts.footer import KeyAction, Keys, Notice
from cgwizard.text.sanitize import lines

if TYPE_CHECKING:
    from textual.widget import Widget

    from cgwizard.app import Wizard

# Each does what the screen offers for it now, or nothing.
OFFERED = ("enter", "escape", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "ctrl+n", "ctrl+o")
DEAF_SECONDS = 0.5  # F8 is not heard for so long after it asked: it may repeat


class WizardScreen(Screen[None]):
    """A screen with a `body`, with texts found by their id, and with a help text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"offered('{key}')", show=False) for key in OFFERED),
        Binding("ctrl+g", "offered('ctrl+g')", show=False),
        Binding("ctrl+p,f10", "offered('ctrl+p')", show=False),
    ]

    help_subject: str  # the name of an asset
    keeps_ahead = False  # whether what was typed before it is drawn is for the first form

    def __init__(self) -> None:
        super().__init__()
        self.seen_at = math.inf  # when what is asked now was drawn
        self._to_be_seen = False
        self.said_at = 0.0  # when the row above the keys got its text

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
        """Show ``text`` in a row above the keys, until a later key; "" removes it."""
        self.said_at = time.monotonic()
        found = self.query(Notice)
        if found:
            found.first().show(text)
        elif text and self.is_attached and self.query(Keys):
            notice = Notice()
            self.mount(notice, before=self.query_one(Keys))
            notice.show(text)

    # What can be done

    def offers(self) -> list[KeyAction]:
        """What can be done now, by keys and in the menu."""
        return []

    def common_offers(self) -> list[KeyAction]:
        """Of every screen that is one of the wizard's own."""
        return [
            KeyAction("f1", "help", self.action_help, "Help for this screen"),
            KeyAction("f6", "plan", self._open_record, "Show the plan and the record"),
            KeyAction("ctrl+g", "go to a step", self._open_steps),
            KeyAction("ctrl+q", "leave", self.wizard.action_leave),
            KeyAction("ctrl+p", "menu", self.open_menu),
        ]

    async def action_offered(self, key: str) -> None:
        for offer in self.offers():
            if offer.key == key:
                await self.do_offer(offer)
                return

    async def do_offer(self, offer: KeyAction) -> None:
        done = offer.do()
        if inspect.isawaitable(done):
            await done

    def action_help(self) -> None:
        from cgwizard.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.help_subject))

    def _open_record(self) -> None:
        from cgwizard.screens.record import RecordScreen

        self.app.push_screen(RecordScreen(self.wizard.session))

    def _open_steps(self) -> None:
        from cgwizard.screens.menu import steps_menu

        self.app.push_screen(steps_menu(self))

    def open_menu(self) -> None:
        from cgwizard.screens.menu import actions_menu

        self.app.push_screen(actions_menu(self))

    def cancel_work(self) -> None:
        """Stop what is under way."""

    # What is typed

    @property
    def focus_chain(self) -> list[Widget]:
        """In the order of the rows. Textual orders by place, and what was mounted just now has
        none: a tab would lead to it from any field."""
        order = {widget: number for number, widget in enumerate(self.walk_children())}
        return sorted(super().focus_chain, key=lambda widget: order[widget])

    @property
    def ready(self) -> bool:
        """Whether its fields are those that the user will see, with the focus where it belongs."""
        return self.is_mounted

    @property
    def working(self) -> str:
        """What is under way: "look" while only fields can be filled, another word while nothing
        can be typed, "" while nothing is."""
        return ""

    def refuse_ahead(self, key: str) -> str:
        """Why ``key``, pressed before what is asked was drawn, is not done; "" where it is."""
        if key == "f8":
            return "F8 was pressed before this was shown; press it again to do it."
        return ""

    @property
    def heard_f8(self) -> bool:
        """Whether F8 can be an answer to what is asked, and no repetition of the key."""
        return time.monotonic() - self.seen_at > DEAF_SECONDS

    def typing_field(self) -> Input | None:
        """Where letters go while no text field has the focus: to the only one."""
        fields = [field for field in self.query(Input) if not field.disabled and field.display]
        return fields[0] if len(fields) == 1 else None

    def unseen(self) -> None:
        """What is asked has changed, and is not drawn yet."""
        self.seen_at = math.inf
        self._to_be_seen = True
        self.call_after_refresh(self.seen)
        self.wizard.go_on_typing()

    def seen(self) -> None:
        """What is asked was drawn."""
        if self._to_be_seen:
            self._to_be_seen = False
            self.seen_at = time.monotonic()

    def on_screen_resume(self) -> None:
        self.unseen()
