"""The screen of `cgwizard.guide.developer`."""

from __future__ import annotations

from cgwizard.screens.step import StepScreen


class DeveloperScreen(StepScreen):
    pass
