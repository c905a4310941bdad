"""What the docker repositories of the practice Nexus hold, on disk and in memory.

Content lies under its digest in the folder of the repository's blob store, once for all
repositories of that store. Who may see it is another matter: a blob belongs to a repository
only after that repository itself has fetched or been given it.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MANIFEST_PATH = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")


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

    @property
    def digest(self) -> str:
        return f"sha256:{self.sha256}"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest_path(name: str, reference: str) -> str:
    return f"/v2/{name}/manifests/{reference}"


def blob_path(digest: str) -> str:
    return f"/v2/-/blobs/{digest}"


class BlobFolder:
    """A file blob store: content under its digest, and what is still being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        hexadecimal = digest.removeprefix("sha256:")
        return self.folder / "content" / hexadecimal[:2] / hexadecimal

    def temporary(self) -> Path:
        """A new name for content that is not verified yet."""
        folder = self.folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / uuid.uuid4().hex

    def keep(self, temporary: Path, digest: str) -> Path:
        """Take verified content over. The rename is atomic: readers see all of it or nothing."""
        path = self.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
        return path

    def put(self, data: bytes) -> str:
        digest = digest_of(data)
        if not self.path(digest).exists():
            temporary = self.temporary()
            temporary.write_bytes(data)
            self.keep(temporary, digest)
        return digest

    def read(self, digest: str) -> bytes:
        return self.path(digest).read_bytes()

    def remove(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self.path(digest).unlink(missing_ok=True)

    def size(self, digest: str) -> int:
        return os.stat(self.path(digest)).st_size  # noqa: PTH116 - asked for every blob


@dataclass
class Contents:
    """One repository's assets, and when its tags were last compared with the remote."""

    folder: BlobFolder
    assets: dict[str, Asset] = field(default_factory=dict)
    # Tag assets carry a digest too: a client that resolved the tag asks for the digest next.
    manifests: dict[tuple[str, str], Asset] = field(default_factory=dict)
    checked: dict[str, float] = field(default_factory=dict)  # path of a tag -> clock

    def manifest(self, name: str, reference: str) -> Asset | None:
        if DIGEST.fullmatch(reference):
            return self.manifests.get((name, reference))
        return self.assets.get(manifest_path(name, reference))

    def add_manifest(self, name: str, reference: str, data: bytes, media_type: str) -> Asset:
        digest = self.folder.put(data)
        asset = self._add(manifest_path(name, reference), digest, media_type, len(data))
        self.manifests[name, digest] = asset
        return asset

    def blob(self, digest: str) -> Asset | None:
        return self.assets.get(blob_path(digest))

    def add_blob(self, digest: str, size: int, content_type: str) -> Asset:
        return self._add(blob_path(digest), digest, content_type, size)

    def remove(self, asset: Asset) -> None:
        self.assets.pop(asset.path, None)
        self.checked.pop(asset.path, None)
        for key in [key for key, held in self.manifests.items() if held is asset]:
            del self.manifests[key]

    def names(self) -> list[str]:
        """The image names that have a manifest here, sorted."""
        return sorted({name for name, _ in self.manifests})

    def tags(self, name: str) -> list[str]:
        found = (MANIFEST_PATH.fullmatch(path) for path in self.assets)
        return sorted(
            match["reference"]
            for match in found
            if match and match["name"] == name and not DIGEST.fullmatch(match["reference"])
        )

    def digests(self) -> set[str]:
        return {asset.digest for asset in self.assets.values()}

    def _add(self, path: str, digest: str, content_type: str, size: int) -> Asset:
        now = datetime.now(UTC)
        old = self.assets.get(path)
        if old is not None and old.digest == digest:
            old.last_modified = now
            return old
        asset = Asset(path, digest.removeprefix("sha256:"), content_type, size, now, now, None)
        self.assets[path] = asset
        return asset
