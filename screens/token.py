"""The screen of `cgwizard.guide.token`."""

from __future__ import annotations

from cgwizard.screens.step import StepScreen


class TokenScreen(StepScreen):
    pass
