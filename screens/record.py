"""The plan and the record: what was decided, and what was changed in Nexus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cgwizard.screens.parts.footer import KeyAction, Keys, follow, more_below
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgwizard.guide.session import Session

STATES = {"done": "✓", "skipped": "–", "problem": "✗", "todo": "○"}


class RecordScreen(WizardScreen):
    help_subject = "keys"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        yield Static("The plan, and what was changed in Nexus so far", id="heading", classes="menu")
        yield Static("Passwords and tokens are left out.", id="context", classes="menu")
        with VerticalScroll(id="body", classes="alone", can_focus=True):
            yield Static("\n".join(lines(self._session)), markup=False)
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
            KeyAction("f6", "", self._close),
            KeyAction("f1", "help", self.action_help),
            KeyAction("ctrl+q", "leave", self.wizard.action_leave),
        ]

    def _close(self) -> None:
        self.dismiss()


def lines(session: Session) -> Iterator[str]:
    for number, step in enumerate(session.steps, 1):
        yield f"{STATES[step.state]} {number} {step.title}"
        for field in step.fields():
            if field.kind in {"secret", "paste"}:
                continue
            shown = next((c.label for c in field.choices if c.value == field.value), field.value)
            if shown:
                yield f"    {field.label.ljust(16)}{shown}"
    made = session.journal.made()
    yield ""
    yield "Changed in Nexus" if made else "Nothing was changed in Nexus."
    for entry in made:
        yield f"+ {entry.change}"
