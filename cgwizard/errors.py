"""What can go wrong, as values: one shape that every front end shows in the same order.

A `Problem` says what was tried, what came back, the likely cause and the next step. Its
``code`` is stable: documented in ``docs/errors.md``, printed in JSON, searched for by people.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class ExitCode(IntEnum):
    """How the process ends."""

    DONE = 0
    FAILED = 1  # something that was tried did not work
    USAGE = 2  # wrong arguments or answers, nothing was tried
    UNFINISHED = 3  # stopped on the way; can go on later
    CANCELLED = 130  # the person left


class Problem(msgspec.Struct, frozen=True):
    """One failure, told in the order in which a person asks about it. Holds no secret."""

    code: str
    tried: str
    came_back: str
    cause: str
    next_step: str

    def __str__(self) -> str:
        """As lines for standard error."""
        return (
            f"cgwizard: {self.code}\n"
            f"  tried:        {self.tried}\n"
            f"  came back:    {self.came_back}\n"
            f"  likely cause: {self.cause}\n"
            f"  next step:    {self.next_step}"
        )


class WizardError(Exception):
    """A failure that was foreseen: it is shown, never a traceback."""

    def __init__(
        self,
        code: str,
        *,
        tried: str,
        came_back: str,
        cause: str,
        next_step: str,
        exit_code: ExitCode = ExitCode.FAILED,
    ) -> None:
        super().__init__(f"{code}: tried {tried}; came back: {came_back}")
        self.problem = Problem(code, tried, came_back, cause, next_step)
        self.exit_code = exit_code

    @property
    def code(self) -> str:
        return self.problem.code


class Cancelled(Exception):
    """The person stopped a task while it ran. Not a failure: nothing is explained."""
