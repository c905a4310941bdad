"""The screen of `cgwizard.diagnosis`: checks that run by themselves, shown as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Offset
from textual.widgets import Static

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.diagnosis import Diagnosis
from cgwizard.diagnosis.fresh import EXPLANATION
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import KeyAction, Keys, follow, more_below
from cgwizard.screens.parts.header import Top
from cgwizard.screens.parts.messages import WorkEnded, WorkReported
from cgwizard.screens.parts.terminal.cursor import line_of
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from cgwizard.guide.step import Step


class DiagnoseScreen(WizardScreen):
    help_subject = "diagnose"

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step
        self.diagnosis = Diagnosis(step.session)
        self.asking = False  # whether the user is asked for the comparison, which changes Nexus
        self._cancel = Cancel()

    def compose(self) -> ComposeResult:
        yield Top()
        with VerticalScroll(id="body", classes="alone", can_focus=True):
            yield Static(id="heading", markup=False)
            yield Static(id="context", markup=False)
            yield Static(id="explanation", markup=False)
            yield Findings()
        yield Keys()

    def on_mount(self) -> None:
        self.body.focus()
        follow(self.body, self._show_keys)
        self.set_interval(1.0, self._tick)
        self._start()

    def on_resize(self) -> None:
        self.show()

    def show(self) -> None:
        self.query_one(Top).show(self.step, self.size.width - 2, steps=False)
        self.show_text("heading", self.diagnosis.heading)
        self.show_text("context", self.diagnosis.context)
        self.show_text("explanation", EXPLANATION if self.asking else "")
        self._show_findings()
        self._show_keys()

    def attention(self) -> Offset | None:
        """Where the terminal's cursor is: at what runs, at what is asked, or at what was found."""
        findings = self.query_one(Findings)
        if self.diagnosis.busy and findings.under_way is not None:
            found = line_of(findings, findings.under_way)
        else:
            found = line_of(self.query_one("#explanation"))
        heading = line_of(self.query_one("#heading"))
        return found or heading or self.body.content_region.offset

    def _show_findings(self) -> None:
        self.query_one(Findings).show(self.diagnosis.checks(), None)

    def _show_keys(self) -> None:
        self.query_one(Keys).show(self.offers())

    def offers(self) -> list[KeyAction]:
        if self.diagnosis.busy:
            leave = KeyAction("ctrl+q", "leave", self.wizard.action_leave)
            return [KeyAction("escape", "cancel", self.action_back), leave]
        if self.asking:
            offers = [
                KeyAction("enter", "compare", self.action_main),
                KeyAction("escape", "do not", self.action_back),
            ]
        else:
            offers = [
                KeyAction("enter", "look again", self.action_main),
                KeyAction("escape", "back", self.action_back),
            ]
            if self.diagnosis.can_compare:
                long = "Compare with a freshly made repository"
                offers.append(KeyAction("ctrl+n", "compare", self.action_compare, long))
        return [*offers, *more_below(self.body), *self.common_offers()]

    @property
    def working(self) -> str:
        return "act" if self.diagnosis.busy else ""

    def refuse_ahead(self, key: str) -> str:
        if key == "enter" and self.asking:
            return "Enter waits: it was pressed before this was shown."
        return super().refuse_ahead(key)

    def action_main(self) -> None:
        if not self.diagnosis.busy:
            compare, self.asking = self.asking, False
            self._start(compare=compare)

    def action_back(self) -> None:
        if self.diagnosis.busy:
            self._cancel.set()
        elif self.asking:
            self.asking = False
            self.show()
        else:
            self.dismiss()

    def action_compare(self) -> None:
        if self.diagnosis.can_compare and not self.diagnosis.busy:
            self.asking = True
            self.unseen()
            self.show()
            self.body.scroll_home(animate=False)

    def cancel_work(self) -> None:
        self._cancel.set()

    def _start(self, *, compare: bool = False) -> None:
        self.diagnosis.begin(compare=compare)
        self._cancel = Cancel()
        self._work(self._cancel)
        self.show()

    @work(thread=True, group="diagnose")
    def _work(self, cancel: Cancel) -> None:
        self.diagnosis.run(lambda: self.post_message(WorkReported()), cancel)
        self.post_message(WorkEnded())

    def on_work_reported(self) -> None:
        self._show_findings()

    def on_work_ended(self) -> None:
        self.diagnosis.end()
        self.wizard.drop_typed("")
        if self._cancel.is_set:
            self.say("Canceled: the checks that are missing were not done.")
        self.unseen()
        self.show()

    def _tick(self) -> None:
        if self.diagnosis.busy and self.is_current:
            self._show_findings()
