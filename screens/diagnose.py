"""The screen of `cgwizard.diagnosis`: checks that run by themselves, shown as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Offset
from textual.widgets import Static

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.diagnosis import Diagnosis
from cgwizard.diagnosis.fresh import EXPLANATION
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import Keys, follow, more_below
from cgwizard.screens.parts.header import Top
from cgwizard.screens.parts.messages import WorkEnded, WorkReported
from cgwizard.screens.parts.terminal.cursor import line_of
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from cgwizard.guide.step import Step


class DiagnoseScreen(WizardScreen):
    help_subject = "diagnose"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "main", show=False),
        Binding("escape", "back", show=False),
        Binding("c", "compare", show=False),
    ]

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
        if self.diagnosis.busy:
            keys = [("esc", "cancel")]
        elif self.asking:
            keys = [("enter", "compare"), ("esc", "do not")]
        else:
            keys = [("enter", "look again"), *more_below(self.body)]
            keys.append(("esc", "back"))
            if self.diagnosis.can_compare:
                keys.append(("c", "compare"))
        self.query_one(Keys).show([*keys, ("f1", "help"), ("ctrl+q", "quit")])

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
        self.show()

    def _tick(self) -> None:
        if self.diagnosis.busy and self.is_current:
            self._show_findings()
