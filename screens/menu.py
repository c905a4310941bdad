"""The menu: everything that can be done now, by its word and by its key; and the steps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Input, Static

from cgwizard.screens.parts.footer import KeyAction, Keys
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from textual import events

KEY_COLUMN = 10  # cells


class MenuField(Input):
    """What is looked for; arrows move among what was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.move(-1)", show=False),
        Binding("down", "screen.move(1)", show=False),
    ]

    async def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            await self.screen.run_action("offered('enter')")


class MenuScreen(WizardScreen):
    help_subject = "keys"

    def __init__(self, below: WizardScreen, heading: str, actions: list[KeyAction]) -> None:
        super().__init__()
        self._below, self._heading, self._actions = below, heading, actions
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static(self._heading, id="heading", classes="menu", markup=False)
        yield Static("Type a word or a key.", id="context", classes="menu", markup=False)
        yield MenuField(compact=True, select_on_focus=False)
        with VerticalScroll(id="body", classes="alone", can_focus=False):
            yield Static(id="found", markup=False)
        yield Keys()

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._show()

    def on_resize(self) -> None:
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._at = 0
        self._show()

    @property
    def found(self) -> list[KeyAction]:
        """What has each of the words that were typed, or is of the key that was typed."""
        words = self.query_one(Input).value.lower().split()
        by_key = [action for action in self._actions if words == [action.name]]
        if by_key:
            return by_key
        return [a for a in self._actions if all(word in _words(a).lower() for word in words)]

    def _show(self) -> None:
        lines = []
        width = max(self.size.width - 6, 20)
        for number, action in enumerate(self.found):
            chosen = number == self._at
            words = _words(action)[: width - KEY_COLUMN - 2]
            line = f"{'▸' if chosen else ' '} {words.ljust(width - KEY_COLUMN)}{action.name}"
            lines.append(Content.styled(line, "bold" if chosen else ""))
        self.query_one("#found", Static).update(
            Content("\n").join(lines or [Content("  Nothing here has that word or key.")])
        )
        self.query_one(Keys).show(self.offers())

    def offers(self) -> list[KeyAction]:
        return [
            KeyAction("enter", "do it", self._do),
            KeyAction("escape", "close", self._close),
            KeyAction("ctrl+p", "", self._close),
            KeyAction("ctrl+g", "", self._close),
        ]

    def refuse_ahead(self, key: str) -> str:
        return ""  # what it leads to is asked on its own screen

    def action_move(self, by: int) -> None:
        self._at = max(0, min(self._at + by, len(self.found) - 1))
        self._show()
        line = Region(0, self._at, 1, 1)
        self.body.scroll_to_region(line, animate=False)

    def _do(self) -> None:
        found = self.found[self._at : self._at + 1]
        if found:
            self.dismiss()
            self._below.call_later(self._below.do_offer, found[0])

    def _close(self) -> None:
        self.dismiss()


def _words(action: KeyAction) -> str:
    words = action.long or action.words
    return words[:1].upper() + words[1:]


def actions_menu(below: WizardScreen) -> MenuScreen:
    """All that ``below`` offers, but the menu itself."""
    offers = [offer for offer in below.offers() if offer.key not in {"ctrl+p", "pgdn"}]
    return MenuScreen(below, "What do you want to do?", offers)


def steps_menu(below: WizardScreen) -> MenuScreen:
    """The steps up to the first one that is not through."""
    app, actions = below.wizard, list[KeyAction]()
    for number, step in enumerate(app.session.steps, 1):
        go = partial(app.show_step, step)
        actions.append(KeyAction("", f"{number} {step.title}", go))
        if not step.through:
            break
    return MenuScreen(below, "Which step do you want to see?", actions)
