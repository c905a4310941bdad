"""A step's screen on which layers arrive, each as a bar."""

from __future__ import annotations

from textual.app import ComposeResult

from cgwizard.guide.progress import Progress
from cgwizard.screens.parts.bars import Bars
from cgwizard.screens.step import StepScreen

REDRAW_SECONDS = 0.25  # four times a second is live enough, and kind to a slow line


class PullingScreen(StepScreen):
    @property
    def arriving(self) -> Progress | None:
        """What arrives now; None while nothing does."""
        raise NotImplementedError

    def extras(self) -> ComposeResult:
        yield Bars()

    async def on_mount(self) -> None:
        self.query_one(Bars).display = False
        self.set_interval(REDRAW_SECONDS, self._redraw)

    def show_extras(self) -> None:
        bars, progress = self.query_one(Bars), self.arriving
        if progress is None:
            bars.display = False
        else:
            bars.show(progress)

    def _redraw(self) -> None:
        if self.busy == "act" and self.is_current:
            self.show_extras()
            self._text("heading", self.step.heading)
            self._text("context", self.step.context)
