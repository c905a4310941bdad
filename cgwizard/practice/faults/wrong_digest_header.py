"""Docker-Content-Digest names something else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cgwizard.practice.faults.base import RegistryFault


@dataclass(eq=False)
class WrongDigestHeader(RegistryFault):
    def digest(self, right: str) -> str:
        return f"sha256:{hashlib.sha256(b'another ' + right.encode()).hexdigest()}"
