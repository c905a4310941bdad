"""What a docker repository of the practice Nexus has cached, on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass
class Asset:
    """A manifest or blob as ``GET /v1/assets`` lists it."""

    path: str  # "/v2/chainguard/wolfi-base/manifests/latest", "/v2/-/blobs/sha256:..."
    sha256: str
    content_type: str
    size: int
    created: datetime  # blobCreated
    last_modified: datetime
    last_downloaded: datetime | None
