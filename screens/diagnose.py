"""Diagnose: the debugging list as checks that run by themselves, shown as they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Static

from cgwizard.cancel import Cancel
from cgwizard.diagnosis import fresh, runner
from cgwizard.diagnosis.chain import conclude
from cgwizard.diagnosis.finding import Finding, Listener, Started, Verdict
from cgwizard.diagnosis.listing import headline, listed
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Cancelled, Problem
from cgwizard.guide.step import Check, CheckState
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import Keys, follow, more_below
from cgwizard.screens.parts.header import Top
from cgwizard.screens.parts.messages import WorkEnded, WorkReported
from cgwizard.screens.parts.terminal.cursor import line_of
from cgwizard.text.sanitize import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgwizard.guide.session import Session
    from cgwizard.guide.step import Step

STATES: dict[Verdict, CheckState] = {
    "ok": "done",
    "problem": "problem",
    "warning": "warning",
    "unknown": "unknown",
    "skipped": "skipped",
}


class DiagnoseScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "main", show=False),
        Binding("escape", "back", show=False),
        Binding("c", "compare", show=False),
        Binding("f1", "help", show=False),
    ]

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step
        self.session: Session = step.session
        self.busy = False
        self.asking = False  # whether the comparison, which changes Nexus, was offered
        self.comparing = False  # whether the comparison was the last thing done
        self._under_way: dict[str, str] = {}  # check: label
        self._found: list[Finding] = []
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
        self.query_one("#body").focus()
        follow(self.query_one("#body"), self._show_keys)
        self.set_interval(1.0, self._tick)
        self._start(runner.run)

    def on_resize(self) -> None:
        self.show()

    def show(self) -> None:
        self.query_one(Top).show(self.step, self.size.width - 2, steps=False)
        found = conclude(self._found)
        heading = "Looking for the cause" if self.busy else headline(self._found, found)
        self.query_one("#heading", Static).update(Content(heading))
        self.query_one("#context", Static).update(Content(self._told(found)))
        asked = self.query_one("#explanation", Static)
        asked.display = self.asking
        asked.update(Content(fresh.EXPLANATION))
        self._show_findings()
        self._show_keys()

    def _told(self, found: Finding | None) -> str:
        if found and not self.busy:
            return f"next: {found.next_step}"
        if not self.comparing:
            return "These checks only look."
        if self.busy:
            return "A repository is made for the comparison, and removed again."
        # Its line is among many others, further below.
        compared = [f for f in self._found if f.check == fresh.CHECK]
        return printable("; ".join(f"{f.label}: {f.evidence}" for f in compared))

    def attention(self) -> Offset | None:
        """Where the terminal's cursor is: at what runs, at what is asked, or at what was found."""
        findings = self.query_one(Findings)
        if self.busy and findings.under_way is not None:
            found = line_of(findings, findings.under_way)
        else:
            found = line_of(self.query_one("#explanation"))
        heading = line_of(self.query_one("#heading"))
        return found or heading or self.query_one("#body").content_region.offset

    def _show_findings(self) -> None:
        checks = [_as_check(number, finding) for number, finding in enumerate(listed(self._found))]
        checks += [Check(id, label, "running") for id, label in list(self._under_way.items())]
        self.query_one(Findings).show(checks, None)

    def _show_keys(self) -> None:
        if self.busy:
            keys = [("esc", "cancel")]
        elif self.asking:
            keys = [("enter", "compare"), ("esc", "do not")]
        else:
            keys = [("enter", "look again"), *more_below(self.query_one("#body"))]
            keys.append(("esc", "back"))
            if self.session.client is not None:
                keys.append(("c", "compare"))
        self.query_one(Keys).show([*keys, ("f1", "help"), ("ctrl+q", "quit")])

    def action_main(self) -> None:
        if self.busy:
            return
        if self.asking:
            self.asking = False
            self._start(fresh.compare_with_fresh, keep=True)
        else:
            self._start(runner.run)

    def action_back(self) -> None:
        if self.busy:
            self._cancel.set()
        elif self.asking:
            self.asking = False
            self.show()
        else:
            self.dismiss()

    def action_compare(self) -> None:
        if not self.busy and self.session.client is not None:
            self.asking = True
            self.show()
            self.query_one("#body").scroll_home(animate=False)

    def cancel_work(self) -> None:
        self._cancel.set()

    def action_help(self) -> None:
        from cgwizard.screens.help import HelpScreen

        self.app.push_screen(HelpScreen("diagnose"))

    def _start(
        self, job: Callable[[Subject, Listener, Cancel], list[Finding]], *, keep: bool = False
    ) -> None:
        if not keep:
            self._found = []
        self._under_way = {}
        self._cancel = Cancel()
        self.busy, self.comparing = True, keep
        self._work(job, self._cancel)
        self.show()

    @work(thread=True, group="diagnose")
    def _work(
        self, job: Callable[[Subject, Listener, Cancel], list[Finding]], cancel: Cancel
    ) -> None:
        def report(event: Finding | Started) -> None:
            if isinstance(event, Started):
                self._under_way[event.check] = event.label
            else:
                self._under_way.pop(event.check, None)
                self._found.append(event)
            self.post_message(WorkReported())

        try:
            with Subject.of(self.session) as subject:
                job(subject, report, cancel)
        except Cancelled:
            pass  # what was found until then stays in sight
        self.post_message(WorkEnded())

    def on_work_reported(self) -> None:
        self._show_findings()

    def on_work_ended(self) -> None:
        self.busy = False
        self._under_way = {}
        self.show()

    def _tick(self) -> None:
        if self.busy and self.is_current:
            self._show_findings()


def _as_check(number: int, finding: Finding) -> Check:
    problem = None
    if finding.code and finding.verdict in {"problem", "warning"}:
        problem = Problem(
            finding.code, finding.label, finding.evidence, finding.cause, finding.next_step
        )
    detail = "" if problem else finding.evidence
    return Check(f"{number}", finding.label, STATES[finding.verdict], detail, problem)
