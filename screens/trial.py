"""The screen of `cgwizard.trial.step`: beside the guide, opened from Connect and closed to it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from cgwizard.guide.step import CONTINUE, Step
from cgwizard.screens.parts.bars import Bars
from cgwizard.screens.parts.keys import Keys
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

    @property
    def place(self) -> Step:
        """Connect's: this step has no place of its own in the guide."""
        return self.step.session.steps.connect

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
