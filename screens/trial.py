"""The screen of `cgwizard.trial.step`: beside the guide, opened from Connect and closed to it."""

from __future__ import annotations

from cgwizard.guide.progress import Progress
from cgwizard.guide.shown import CONTINUE
from cgwizard.screens.pull import PullingScreen
from cgwizard.trial.step import Trial


class TrialScreen(PullingScreen):
    """Dismissed when the user goes on or back: then look at ``step.result``."""

    step: Trial

    @property
    def arriving(self) -> Progress | None:
        return self.step.progress if self.step.pulling else None

    def go(self, direction: int) -> None:
        self.dismiss()

    def main_words(self) -> str:
        words = super().main_words()
        return "connect to it" if words == CONTINUE.label else words

    def has_back(self) -> bool:
        return True
