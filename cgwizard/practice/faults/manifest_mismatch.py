"""A manifest that does not have the digest under which it was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.base import RegistryFault


@dataclass(eq=False)
class ManifestMismatch(RegistryFault):
    def body(self, right: bytes) -> bytes:
        """Valid JSON of the same meaning: only its digest differs."""
        return right + b"\n"
