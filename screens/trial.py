"""The screen of `cgwizard.trial.step`: beside the guide, opened from Connect and closed to it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from cgwizard.guide.step import CONTINUE
from cgwizard.screens.parts.bars import Bars
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.form import Form
from cgwizard.screens.parts.keys import Keys
from cgwizard.screens.parts.top import Rail, Top
from cgwizard.screens.step import FUNCTION_KEYS, StepScreen
from cgwizard.trial.step import Trial

REDRAW_SECONDS = 0.25


class TrialScreen(StepScreen):
    """Dismissed when the person goes on or back: then look at ``step.result``."""

    step: Trial

    def extras(self) -> ComposeResult:
        yield Bars()

    async def on_mount(self) -> None:
        self.query_one(Bars).display = False
        self.set_interval(REDRAW_SECONDS, self._redraw)

    def show_extras(self) -> None:
        bars = self.query_one(Bars)
        if self.step.pulling:
            bars.show(self.step.progress)
        else:
            bars.display = False

    def _redraw(self) -> None:
        if self.busy == "act" and self.is_current:
            self.show_extras()
            self._text("heading", self.step.heading)

    def go(self, direction: int) -> None:
        self.dismiss()

    # The guide's place is Connect's: this step has none of its own.

    async def show(self) -> None:
        step, connect = self.step, self.step.session.steps.connect
        self.query_one(Top).show(connect, self.size.width - 2, steps=self.app.size.width < 100)
        self.query_one(Rail).show(connect)
        self._text("heading", step.heading)
        self._text("context", step.context)
        self._text("notes", "\n".join(step.notes()))
        self._text("preview", "\n".join(step.preview()) if not self.busy else "")
        self._text("explanation", step.fix.explanation if step.fix and not self.busy else "")
        locked = self.busy in {"act", "other"}
        await self.query_one(Form).sync(step.fields(), step.secrets, locked=locked)
        self.query_one(Findings).show(step.checks.values(), step.problem)
        self.show_extras()
        self._show_keys()

    def _show_keys(self) -> None:
        step = self.step
        typing = isinstance(self.focused, Input)
        if self.busy:
            keys = [("esc", "back" if self.busy == "look" else "cancel")]
        else:
            main = step.action()
            keys = [("enter", "connect to it" if main == CONTINUE else main.label)]
            named = zip(step.others(), FUNCTION_KEYS, strict=False)
            keys += [(function if typing else a.key, a.label) for a, function in named]
            keys += [("tab", "field")] if step.fields() else []
            keys += [("esc", "back"), ("f1", "help")]
        self.query_one(Keys).show([*keys, ("ctrl+q", "quit")])
