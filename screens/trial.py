"""The screen of `cgwizard.trial.step`: beside the guide, opened from Connect and closed to it."""

from __future__ import annotations

from textual.widgets import Input

from cgwizard.guide.progress import Progress
from cgwizard.guide.shown import CONTINUE
from cgwizard.screens.parts.footer import Keys
from cgwizard.screens.pull import PullingScreen
from cgwizard.screens.step import FUNCTION_KEYS
from cgwizard.trial.step import Trial


class TrialScreen(PullingScreen):
    """Dismissed when the user goes on or back: then look at ``step.result``."""

    step: Trial

    @property
    def arriving(self) -> Progress | None:
        return self.step.progress if self.step.pulling else None

    def go(self, direction: int) -> None:
        self.dismiss()

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
