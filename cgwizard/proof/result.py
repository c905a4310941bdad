"""What checks of a pull find out, and the proof that the guide keeps of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from cgwizard.errors import Problem, WizardError
from cgwizard.events import Finished

State = Literal["done", "warning"]


class Outcome(msgspec.Struct, frozen=True):
    """The result of one check. ``warning``: it is unclear, or the check could not be done, which
    ``problem`` then explains."""

    state: State
    detail: str
    problem: Problem | None = None


class Disproved(WizardError):
    """A check found the opposite of what it should prove."""


class Proof(msgspec.Struct, frozen=True):
    """A pull through Nexus and what it was compared with. Saved runs hold it in this form."""

    reference: str
    finished: Finished
    upstream_digest: str | None = None  # None: the registry could not be asked
    second_seconds: float | None = None
    in_search: bool = False

    @property
    def verified(self) -> bool:
        return self.upstream_digest == self.finished.digest


class Restriction(msgspec.Struct, frozen=True):
    """``restricted``: a signed-in user without the role was refused in this run, and no role that
    others hold may read it; every role, user and privilege of Nexus could be read."""

    restricted: bool
    told: str
