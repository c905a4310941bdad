"""What a check is: a function of a Subject, with an id, a label, what it needs, and a time limit.

Declare one with ``@check`` and name it in `cgwizard.diagnosis.checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from cgwizard.diagnosis.finding import Finding
from cgwizard.diagnosis.subject import Subject

Need = Literal["nexus", "signed_in", "free", "private", "pull_token", "upstream", "connector"]
Work = Callable[[Subject], "Iterator[Finding] | Finding"]

SECONDS = 30.0


class CheckInfo(msgspec.Struct, frozen=True):
    id: str
    label: str  # what it asks, for users
    needs: tuple[Need, ...]
    seconds: float  # at most
    work: Work


def check(
    id: str, label: str, *, needs: tuple[Need, ...] = (), seconds: float = SECONDS
) -> Callable[[Work], CheckInfo]:
    """Make a check of a function that returns its findings, or yields them as they come."""

    def declare(work: Work) -> CheckInfo:
        return CheckInfo(id, label, needs, seconds, work)

    return declare
