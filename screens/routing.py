"""The screen of `cgwizard.guide.routing`."""

from __future__ import annotations

from cgwizard.screens.step import StepScreen


class RoutingScreen(StepScreen):
    pass
