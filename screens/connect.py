"""The screen of `cgwizard.guide.connect`: the first thing that a user sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.guide.connect import TRIAL, Connect
from cgwizard.screens.step import StepScreen

if TYPE_CHECKING:
    from cgwizard.trial.step import Trial


class ConnectScreen(StepScreen):
    step: Connect
    _trial: Trial | None = None  # kept: what was typed there, and the Nexus that it started

    async def on_mount(self) -> None:
        # Its fields are known at once; a slow keyring must not keep anyone from typing.
        self.call_after_refresh(self.settle_focus)

    def do_other(self, action: str) -> None:
        if action != TRIAL.id:
            super().do_other(action)
            return
        from cgwizard.screens.trial import TrialScreen
        from cgwizard.trial.step import Trial

        trial = self._trial = self._trial or Trial(self.step.session)

        def closed(_: None) -> None:
            if trial.result is not None:
                self.step.use(trial.result)
            self.call_later(self.show)

        self.app.push_screen(TrialScreen(trial), closed)
