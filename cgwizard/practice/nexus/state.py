"""What the practice Nexus knows: users, realms, repositories, blob stores, the state of the server.

Only the servers' loop touches it, so it needs no locks. The REST API (``nexus/``) changes it,
the docker format (``docker/``) reads it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Repository:
    """``settings`` is what ``GET /v1/repositories/docker/proxy/NAME`` answers, plus write-only
    members (``httpClient.authentication.password``), which the REST API leaves out."""

    name: str
    format: str  # "docker", "maven2", "nuget", "raw"
    type: str  # "proxy", "hosted", "group"
    settings: dict[str, Any]

    @property
    def online(self) -> bool:
        return bool(self.settings.get("online", True))


@dataclass
class NexusState:
    data: Path  # a temporary folder; blobs lie below
    # Where a remote storage really leads: {"https://cgr.dev": "http://127.0.0.1:40123"}.
    upstreams: dict[str, str]
    repositories: dict[str, Repository] = field(default_factory=dict)
    # Called after repositories were made, changed or removed: connectors follow.
    changed: Callable[[], Awaitable[None]] | None = None
