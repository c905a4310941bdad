"""The screen of `cgwizard.guide.connect`: the first thing that a user sees."""

from __future__ import annotations

from cgwizard.screens.step import StepScreen


class ConnectScreen(StepScreen):
    async def on_mount(self) -> None:
        # Its fields are known at once; a slow keyring must not keep anyone from typing.
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.settle_focus()
        self.settled = True
        self.unseen()
