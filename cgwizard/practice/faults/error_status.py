"""A status in the place of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import RegistryFault


@dataclass(eq=False)
class ErrorStatus(RegistryFault):
    status: int = 500
    retry_after: int | None = None  # seconds
