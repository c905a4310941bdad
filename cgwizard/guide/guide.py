"""The guide: its steps, in order, on one session."""

from __future__ import annotations

from typing import NamedTuple

from cgwizard.guide.connect import ConnectStep
from cgwizard.guide.developer import DeveloperStep
from cgwizard.guide.finish import FinishStep
from cgwizard.guide.pull import PullStep
from cgwizard.guide.routing import RoutingStep
from cgwizard.guide.session import Session
from cgwizard.guide.token import TokenStep


class Steps(NamedTuple):
    """In the order in which the guide goes through them."""

    connect: ConnectStep
    routing: RoutingStep
    developer: DeveloperStep
    token: TokenStep
    pull: PullStep
    finish: FinishStep


class Guide(Session):
    """The session of a whole guide; only tests and the steps themselves pick out one step."""

    steps: Steps

    def make_steps(self) -> Steps:
        return Steps(
            ConnectStep(self),
            RoutingStep(self, lambda: self.steps.developer.name),
            DeveloperStep(self),
            TokenStep(self),
            PullStep(self),
            FinishStep(self),
        )
