"""A practice world whose administrator's password is known: the canary of all tests."""

from __future__ import annotations

from typing import Any

from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Secret

# Not a word that occurs elsewhere: tests search whole runs for it.
ADMIN_PASSWORD = "otter-harbour-42"


def practice_world(**options: Any) -> PracticeWorld:
    return PracticeWorld(password=Secret(ADMIN_PASSWORD), **options)
