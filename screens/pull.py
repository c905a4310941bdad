"""The screen of `cgwizard.guide.pull`, and what it shares with others on which layers arrive."""

from __future__ import annotations

from textual.app import ComposeResult

from cgwizard.guide.progress import Progress
from cgwizard.guide.pull import PullStep
from cgwizard.screens.parts.bars import LayerBars
from cgwizard.screens.step import StepScreen

REDRAW_SECONDS = 0.25  # often enough to look live, and few bytes for a slow connection


class PullingScreen(StepScreen):
    """A step's screen with a bar for each layer that arrives."""

    @property
    def arriving(self) -> Progress | None:
        """What arrives now; None while nothing does."""
        raise NotImplementedError

    def extras(self) -> ComposeResult:
        yield LayerBars()

    async def on_mount(self) -> None:
        self.query_one(LayerBars).display = False
        self.set_interval(REDRAW_SECONDS, self._redraw)

    def show_extras(self) -> None:
        bars, progress = self.query_one(LayerBars), self.arriving
        if progress is None:
            bars.display = False
        else:
            bars.show(progress)

    def _redraw(self) -> None:
        if self.busy == "act" and self.is_current:
            self.show_extras()
            self.show_text("heading", self.step.heading)
            self.show_text("context", self.step.context)


class PullScreen(PullingScreen):
    step: PullStep

    @property
    def arriving(self) -> Progress | None:
        return self.step.progress if self.busy == "act" else None
