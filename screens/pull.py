"""The screen of `cgwizard.guide.pull`: layers arrive, each as a bar."""

from __future__ import annotations

from textual.app import ComposeResult

from cgwizard.guide.pull import Pull
from cgwizard.screens.parts.bars import Bars
from cgwizard.screens.step import StepScreen

REDRAW_SECONDS = 0.25  # four times a second is live enough, and kind to a slow line


class PullScreen(StepScreen):
    step: Pull

    def extras(self) -> ComposeResult:
        yield Bars()

    async def on_mount(self) -> None:
        self.query_one(Bars).display = False
        self.set_interval(REDRAW_SECONDS, self._redraw)

    def show_extras(self) -> None:
        bars = self.query_one(Bars)
        if self.busy == "act":
            bars.show(self.step.progress)
        else:
            bars.display = False

    def _redraw(self) -> None:
        if self.busy == "act" and self.is_current:
            self.query_one(Bars).show(self.step.progress)
            self._text("heading", self.step.heading)
            self._text("context", self.step.context)
