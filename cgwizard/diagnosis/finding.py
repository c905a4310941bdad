"""What a check finds: one shape for every front end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from cgwizard.errors import Code, Problem

Verdict = Literal["ok", "problem", "warning", "unknown", "skipped"]


class Started(msgspec.Struct, frozen=True):
    """A check has begun."""

    check: str
    label: str


class Finding(msgspec.Struct, frozen=True):
    """One result of a check. Holds no secret.

    ``code`` is set for every problem and warning, and where a failure is the reason of
    "unknown". The runner fills in ``check`` (the check's id) and, where it is empty, ``label``.
    """

    verdict: Verdict
    evidence: str = ""
    cause: str = ""
    next_step: str = ""
    code: Code | None = None
    check: str = ""
    label: str = ""  # a sentence for users

    @property
    def slug(self) -> str:
        """Stable, for searches and scripts: the code, or the check's id where there is none."""
        return self.code or self.check

    def labeled(self, label: str) -> Finding:
        return msgspec.structs.replace(self, label=label)

    def as_warning(self, more: str = "") -> Finding:
        """``more`` goes to the end of the cause."""
        return msgspec.structs.replace(self, verdict="warning", cause=f"{self.cause}{more}")

    def of_check(self, check: str, label: str) -> Finding:
        """The same, as a result of ``check``, whose label it gets where it has none."""
        return msgspec.structs.replace(self, check=check, label=self.label or label)


Listener = Callable[[Finding | Started], None]


def ok(evidence: str = "", *, label: str = "") -> Finding:
    return Finding("ok", evidence, label=label)


def skipped(why: str, *, label: str = "") -> Finding:
    return Finding("skipped", why, label=label)


def unknown(evidence: str, *, code: Code | None = None, label: str = "") -> Finding:
    return Finding("unknown", evidence, code=code, label=label)


def problem(
    code: Code, evidence: str, cause: str = "", next_step: str = "", *, label: str = ""
) -> Finding:
    """Without ``cause`` or ``next_step``, the usual one of the code is taken."""
    cause, next_step = cause or code.usual_cause, next_step or code.usual_next_step
    return Finding("problem", evidence, cause, next_step, code, label=label)


def warning(
    code: Code, evidence: str, cause: str = "", next_step: str = "", *, label: str = ""
) -> Finding:
    return problem(code, evidence, cause, next_step, label=label).as_warning()


def failure(error: Problem, *, verdict: Verdict = "problem") -> Finding:
    """A failure as a finding: its evidence is what was tried and what came back."""
    return Finding(verdict, evidence_of(error), error.cause, error.next_step, error.code)


def evidence_of(error: Problem) -> str:
    return f"{error.tried}: {error.came_back}"
