"""What the guide gets handed in from the rooms above it: practice, a trial, a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from cgwizard.cancel import Cancel
    from cgwizard.guide.shown import Report
    from cgwizard.guide.step import Step
    from cgwizard.plan.model import Plan
    from cgwizard.proof.result import Proof
    from cgwizard.secrets.secret import Credentials, Secret


class PracticeServers(Protocol):
    """How to reach a practice Nexus and its cgr.dev; known before they are started."""

    @property
    def nexus_url(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> Secret: ...
    @property
    def registry_url(self) -> str: ...
    @property
    def organization(self) -> str: ...
    @property
    def pull_token(self) -> Credentials: ...


class StartedNexus(Protocol):
    """A Nexus that a trial has started."""

    @property
    def url(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> Secret | None: ...


class EarlierRun(Protocol):
    """How far a run came that is continued now."""

    @property
    def answers(self) -> Plan: ...
    @property
    def step(self) -> str: ...  # the id of the first step that was not through
    @property
    def proofs(self) -> Sequence[Proof]: ...
    @property
    def token_ends(self) -> datetime | None: ...


class NexusRun(Protocol):
    """The one run that may change a Nexus."""

    looking: bool  # another run has this Nexus: nothing is changed, nothing is saved

    def claim(self, nexus: str) -> None:
        """Raises WizardError ``run-in-use``."""

    def take_over(self, nexus: str) -> None:
        """End the other run and be the one. Raises WizardError."""

    def taken_by(self) -> str:
        """Who took this run over and ended this process; empty where nobody did."""

    def look(self) -> None: ...
    def save(self) -> None:
        """After each step that is through. Raises WizardError."""

    def go_on(self, report: Report, cancel: Cancel) -> Step | None:
        """After Connect: the step with which an earlier run goes on; None where there is none."""

    def close(self) -> None: ...
