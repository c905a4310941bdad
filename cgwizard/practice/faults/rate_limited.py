"""429 Too Many Requests, with Retry-After."""

from __future__ import annotations

from dataclasses import dataclass

from cgwizard.practice.faults.error_status import ErrorStatus


@dataclass(eq=False)
class RateLimited(ErrorStatus):
    status: int = 429
    retry_after: int | None = 1
