"""The screen of `cgwizard.guide.connect`."""

from __future__ import annotations

from cgwizard.screens.step import StepScreen


class ConnectScreen(StepScreen):
    pass
