"""What can go wrong, as values: one shape that every front end shows in the same order.

A `Problem` says what was tried, what came back, the likely cause and the next step. Its
``code`` is stable: documented in ``docs/errors.md``, printed in JSON, searched for by people.
"""

from __future__ import annotations

from typing import Self

import msgspec

from cgwizard.errors.codes import Code
from cgwizard.errors.exit_codes import ExitCode, PullExit
from cgwizard.errors.facts import AnsweredBy, Facts, Served
from cgwizard.errors.words import without_marks

__all__ = [
    "AnsweredBy",
    "Cancelled",
    "Code",
    "ExitCode",
    "Facts",
    "Problem",
    "PullExit",
    "Served",
    "WizardError",
]


class Problem(msgspec.Struct, frozen=True):
    """One failure, told in the order in which a user asks about it. Holds no secret."""

    code: Code
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

    missing = ""  # a part of an image that exists: "its config", "the manifest for linux/arm64"

    def __init__(
        self,
        code: Code,
        *,
        tried: str,
        came_back: str,
        cause: str = "",
        next_step: str = "",
        exit_code: ExitCode = ExitCode.FAILED,
    ) -> None:
        """Without ``cause`` or ``next_step``, the usual one of the code is taken."""
        super().__init__()
        cause, next_step = cause or code.usual_cause, next_step or code.usual_next_step
        came_back = without_marks(came_back)
        self.problem = Problem(code, tried, came_back, cause, next_step)
        self.exit_code = exit_code
        self.facts = Facts()

    def __str__(self) -> str:
        problem = self.problem
        return f"{problem.code}: tried {problem.tried}; came back: {problem.came_back}"

    @staticmethod
    def of(problem: Problem, exit_code: ExitCode = ExitCode.FAILED) -> WizardError:
        return WizardError(**msgspec.structs.asdict(problem), exit_code=exit_code)

    def but(
        self,
        code: Code | None = None,
        *,
        tried: str | None = None,
        came_back: str | None = None,
        cause: str | None = None,
        next_step: str | None = None,
    ) -> Self:
        """A copy of this failure with some parts replaced. Attributes of subclasses are kept."""
        parts = {
            "code": code,
            "tried": tried,
            "came_back": came_back,
            "cause": cause,
            "next_step": next_step,
        }
        other = self.__class__.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        given = {name: without_marks(text) for name, text in parts.items() if text is not None}
        other.problem = msgspec.structs.replace(self.problem, **given)
        return other

    def with_facts(self, facts: Facts) -> Self:
        """This error itself, with what is known of the answer that it is about."""
        self.facts = facts
        return self

    @property
    def code(self) -> Code:
        return self.problem.code


class Cancelled(Exception):
    """The user stopped a task while it ran. Not a failure: nothing is explained."""
