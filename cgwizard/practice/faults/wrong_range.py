"""206 with the first bytes, whatever range was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import RegistryFault


@dataclass(eq=False)
class WrongRange(RegistryFault):
    """In the registry's blob host."""
