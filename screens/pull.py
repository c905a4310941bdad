"""The screen of `cgwizard.guide.pull`."""

from __future__ import annotations

from cgwizard.guide.progress import Progress
from cgwizard.guide.pull import Pull
from cgwizard.screens.parts.pulling import PullingScreen


class PullScreen(PullingScreen):
    step: Pull

    @property
    def arriving(self) -> Progress | None:
        return self.step.progress if self.busy == "act" else None
