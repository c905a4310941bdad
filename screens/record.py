"""The plan and the record: what was decided, and what was asked and changed in Nexus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cgwizard.errors import WizardError
from cgwizard.guide.saving import save
from cgwizard.logs import request_record
from cgwizard.screens.parts.clipboard import copy
from cgwizard.screens.parts.footer import KeyAction, Keys, follow, more_below
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgwizard.guide.session import Session

HEADING = "The plan, and what Nexus was asked so far"
CONTEXT = "Passwords and tokens are left out."
FILE = "cgwizard-record.txt"
STATES = {"done": "✓", "skipped": "–", "problem": "✗", "todo": "○"}


class RecordScreen(WizardScreen):
    help_subject = "keys"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._bodies = False  # whether the bodies of the requests are shown

    def compose(self) -> ComposeResult:
        yield Static(HEADING, id="heading", classes="menu")
        yield Static(CONTEXT, id="context", classes="menu")
        with VerticalScroll(id="body", classes="alone", can_focus=True):
            yield Static(self._text(), id="record", markup=False)
        yield Keys()

    def on_mount(self) -> None:
        self.body.focus()
        follow(self.body, self._show_keys)
        self._show_keys()

    def on_resize(self) -> None:
        self._show_keys()

    def _show_keys(self) -> None:
        self.query_one(Keys).show([*self.offers(), *more_below(self.body)])

    def _text(self) -> str:
        return "\n".join([*lines(self._session), "", *requests(bodies=self._bodies)])

    def offers(self) -> list[KeyAction]:
        return [
            KeyAction("f5", "copy", self._copy, "Copy the plan and the record"),
            KeyAction("escape", "back", self._close),
            KeyAction("f6", "", self._close),
            KeyAction("f1", "help", self.action_help),
            KeyAction("f4", "no bodies" if self._bodies else "bodies", self._show_bodies),
            KeyAction("ctrl+o", "save", self._save, "Save the plan and the record to a file"),
            KeyAction("ctrl+q", "leave", self.wizard.action_leave),
        ]

    def _show_bodies(self) -> None:
        self._bodies = not self._bodies
        self.show_text("record", self._text())
        self._show_keys()

    def _copy(self) -> None:
        self.say(copy(self.app, self._whole()))

    def _save(self) -> None:
        try:
            self.say(f"Saved in {save(self._whole(), Path.cwd(), FILE)}")
        except WizardError as error:
            self.say(f"Not saved: {error.problem.came_back}")

    def _whole(self) -> str:
        return "\n".join([HEADING, CONTEXT, "", self._text(), ""])

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


def requests(*, bodies: bool) -> Iterator[str]:
    """A row a request; with ``bodies``, also what was sent and what came back."""
    asked = request_record.kept()
    changed = sum(request.changed for request in asked)
    yield f"Requests          {len(asked)}, {changed} of them changed Nexus"
    for request in asked:
        yield request.row
        if bodies:
            yield from (f"    > {line}" for line in request.sent.splitlines())
            yield from (f"    < {line}" for line in request.answer.splitlines())
