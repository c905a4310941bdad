"""A hosted docker repository: what clients pushed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from cgwizard.practice.docker.content_source import Forwarded, TagPage, page
from cgwizard.practice.docker.responses import (
    BlobUnknownError,
    DistributionError,
    FileContent,
    ManifestUnknownError,
    NameUnknownError,
    StoredContent,
)
from cgwizard.practice.docker.settings import DockerSettings
from cgwizard.practice.docker.store import DIGEST, Asset, Contents, digest_of
from cgwizard.practice.json_reading import UnreadableJsonError, decode

LARGEST_MANIFEST = 4 * 1024 * 1024  # what clients may rely on (distribution specification)
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


class _Descriptor(msgspec.Struct, rename="camel"):
    digest: str
    media_type: str = ""
    urls: list[str] = []


class _Manifest(msgspec.Struct, rename="camel"):
    """Both kinds: an image's manifest and an index."""

    media_type: str = ""
    artifact_type: str = ""
    config: _Descriptor | None = None
    layers: list[_Descriptor] = []
    manifests: list[_Descriptor] = []
    subject: _Descriptor | None = None
    annotations: dict[str, str] | None = None


@dataclass
class Upload:
    """A blob that a client is sending."""

    name: str
    path: Path
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    size: int = 0
    checksum: Any = field(default_factory=hashlib.sha256)

    async def append(self, chunks: AsyncIterator[bytes]) -> None:
        with self.path.open("ab") as file:
            async for chunk in chunks:
                self.checksum.update(chunk)
                file.write(chunk)
                self.size += len(chunk)

    @property
    def digest(self) -> str:
        return f"sha256:{self.checksum.hexdigest()}"


class HostedSource:
    """Reading and writing."""

    def __init__(self, settings: DockerSettings, contents: Contents) -> None:
        self._settings, self._contents = settings, contents
        self._uploads: dict[str, Upload] = {}

    async def close(self) -> None:
        for upload in self._uploads.values():
            upload.path.unlink(missing_ok=True)
        self._uploads.clear()

    # Reading.

    async def manifest(self, name: str, reference: str) -> StoredContent:
        asset = self._contents.manifest(name, reference)
        if asset is None:
            raise ManifestUnknownError
        return self._found(asset)

    async def blob(self, name: str, digest: str) -> StoredContent:
        asset = self._contents.blob(digest)
        if asset is None:
            raise BlobUnknownError
        return self._found(asset)

    async def tags(self, name: str, count: int | None, last: str | None) -> TagPage:
        if name not in self._contents.names():
            raise NameUnknownError
        return page(self._contents.tags(name), count, last)

    async def referrers(self, name: str, digest: str, query: str) -> Forwarded:
        found = []
        for (image, _), asset in sorted(self._contents.manifests.items()):
            manifest = _decode(self._contents.folder.read(asset.digest))
            if image != name or manifest.subject is None or manifest.subject.digest != digest:
                continue
            config_type = manifest.config.media_type if manifest.config else ""
            found.append(
                {
                    "mediaType": asset.content_type,
                    "digest": asset.digest,
                    "size": asset.size,
                    "artifactType": manifest.artifact_type or config_type,
                    "annotations": manifest.annotations or {},
                }
            )
        index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": found}
        return Forwarded(200, msgspec.json.encode(index), INDEX_TYPE)

    def catalog(self) -> list[str]:
        return self._contents.names()

    def _found(self, asset: Asset) -> StoredContent:
        return StoredContent(
            asset, FileContent(self._contents.folder.path(asset.digest), asset.size)
        )

    # Blobs that come in.

    def begin(self, name: str) -> Upload:
        upload = Upload(name, self._contents.folder.temporary())
        upload.path.touch()
        self._uploads[upload.id] = upload
        return upload

    def upload(self, name: str, identity: str) -> Upload:
        upload = self._uploads.get(identity)
        if upload is None or upload.name != name:
            raise DistributionError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return upload

    def mount(self, digest: str) -> bool:
        """Whether the blob is here already: in Nexus a repository's blobs have no image name."""
        return self._contents.blob(digest) is not None

    def finish(self, upload: Upload, digest: str) -> None:
        if not DIGEST.fullmatch(digest) or upload.digest != digest:
            self.cancel(upload)
            raise DistributionError(
                400, "DIGEST_INVALID", "provided digest did not match uploaded content"
            )
        self._contents.folder.keep(upload.path, digest)
        del self._uploads[upload.id]
        self._contents.add_blob(digest, upload.size, "application/octet-stream")

    def cancel(self, upload: Upload) -> None:
        self._uploads.pop(upload.id, None)
        upload.path.unlink(missing_ok=True)

    # Manifests that come in.

    def put_manifest(self, name: str, reference: str, data: bytes, media_type: str) -> Asset:
        digest = digest_of(data)
        if ":" in reference and reference != digest:
            raise DistributionError(
                400, "DIGEST_INVALID", "provided digest did not match uploaded content"
            )
        manifest = _decode(data)
        for descriptor in [*([manifest.config] if manifest.config else []), *manifest.layers]:
            # Layers that live elsewhere by design are not pushed.
            if not descriptor.urls and self._contents.blob(descriptor.digest) is None:
                raise DistributionError(
                    400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown to registry: {descriptor.digest}"
                )
        for descriptor in manifest.manifests:
            if self._contents.manifest(name, descriptor.digest) is None:
                raise DistributionError(
                    400, "MANIFEST_BLOB_UNKNOWN", f"manifest unknown: {descriptor.digest}"
                )
        self._require_policy(name, reference, digest)
        return self._contents.add_manifest(
            name, reference, data, media_type or manifest.media_type or "application/json"
        )

    def _require_policy(self, name: str, reference: str, digest: str) -> None:
        policy = self._settings.storage.write_policy or "ALLOW"
        held = self._contents.manifest(name, reference)
        if policy == "DENY":
            raise DistributionError(403, "DENIED", "Repository does not allow writing assets")
        again = held is not None and held.digest != digest
        exempt = bool(self._settings.storage.latest_policy) and reference == "latest"
        if policy == "ALLOW_ONCE" and again and not exempt:
            # The sentence of Nexus's storage layer; that docker passes it on is a guess.
            path = f"v2/{name}/manifests/{reference}"
            raise DistributionError(
                400, "DENIED", f"Repository does not allow updating assets: {path}"
            )

    def subject(self, data: bytes) -> str | None:
        """The digest that a manifest says it belongs to (signatures, SBOMs)."""
        subject = _decode(data).subject
        return subject.digest if subject else None

    def delete_manifest(self, name: str, reference: str) -> None:
        asset = self._contents.manifest(name, reference)
        if asset is None:
            raise ManifestUnknownError
        self._contents.remove(asset)
        if DIGEST.fullmatch(reference):
            for tag in self._contents.tags(name):
                held = self._contents.manifest(name, tag)
                if held is not None and held.digest == reference:
                    self._contents.remove(held)

    def delete_blob(self, digest: str) -> None:
        asset = self._contents.blob(digest)
        if asset is None:
            raise BlobUnknownError
        self._contents.remove(asset)


def _decode(data: bytes) -> _Manifest:
    try:
        return decode(data, _Manifest)
    except UnreadableJsonError as error:
        raise DistributionError(400, "MANIFEST_INVALID", "manifest invalid") from error
