"""A docker proxy: fetched once from the remote, verified, kept, and served from then on.

Tags are compared with the remote again when they are older than ``metadataMaxAge``; what is
addressed by digest never changes. What the remote did not have is remembered as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import msgspec

from cgwizard.practice.docker.blocking import Clock, RemoteBlockedError
from cgwizard.practice.docker.content_source import Forwarded, TagPage, page
from cgwizard.practice.docker.downloads import Download, Downloads
from cgwizard.practice.docker.remote import (
    MANIFEST_TYPES,
    Remote,
    RemoteRefusedError,
    RemoteUnreachableError,
)
from cgwizard.practice.docker.responses import (
    BlobUnknownError,
    DistributionError,
    FileContent,
    ManifestUnknownError,
    NameUnknownError,
    StoredContent,
)
from cgwizard.practice.docker.settings import DockerSettings
from cgwizard.practice.docker.store import (
    DIGEST,
    Asset,
    Contents,
    digest_of,
    manifest_path,
)
from cgwizard.practice.json_reading import UnreadableJsonError, decode
from cgwizard.practice.serving import CutConnectionError, log

if TYPE_CHECKING:
    from cgwizard.practice.nexus.state import NexusState
    from cgwizard.practice.serving import Servers

LARGEST_MANIFEST = 32 * 1024 * 1024
# Upstream answers after which Nexus says 503 instead of 404 (ProxyFacetSupport).
_SERVICE_FAILURES = frozenset({401, 402, 407})


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class ProxySource:
    """Reads from a docker proxy."""

    def __init__(
        self,
        settings: DockerSettings,
        contents: Contents,
        remote: Remote,
        *,
        servers: Servers,
        clock: Clock,
        state: NexusState,
    ) -> None:
        self._state = state
        self._settings, self._contents, self._clock = settings, contents, clock
        self.remote, self._servers = remote, servers
        self._downloads = Downloads()
        self._unknown: dict[str, float] = {}  # path -> until, on the clock

    async def close(self) -> None:
        await self._downloads.cancel()
        await self.remote.close()

    def invalidate(self) -> None:
        """Tags are compared again, and what was unknown is asked for again."""
        self._contents.checked.clear()
        self._unknown.clear()

    async def manifest(self, name: str, reference: str) -> StoredContent:
        held = self._contents.manifest(name, reference)
        path = manifest_path(name, reference)
        if held is not None and self._is_fresh(path, reference):
            return self._found(held)
        if held is None:
            self._refuse_unknown(path, ManifestUnknownError())
        try:
            fetched = await self._fetch_manifest(name, reference, held)
        except DistributionError:
            if held is None:
                raise
            return self._found(held)  # Nexus serves the old one rather than none
        return self._found(fetched)

    async def _fetch_manifest(self, name: str, reference: str, held: Asset | None) -> Asset:
        path = manifest_path(name, reference)
        etag = f'"{held.digest}"' if held else None
        self._require_writable()
        with self._remote_errors(path, ManifestUnknownError()):
            async with self.remote.get(
                name, f"manifests/{reference}", accept=", ".join(MANIFEST_TYPES), etag=etag
            ) as answer:
                if answer.status_code == 304 and held is not None:
                    self._contents.checked[path] = self._clock.now()
                    return held
                self._require_ok(answer, path, ManifestUnknownError())
                data = await _read(answer)
                media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
                promised = answer.headers.get("docker-content-digest")
        digest = digest_of(data)
        expected = reference if DIGEST.fullmatch(reference) else promised
        if expected and expected != digest:
            log.warning("the remote sent %s for %s of %s: not cached", digest, reference, name)
            raise _bad_gateway()
        if not _is_manifest(data):
            log.warning("the remote sent no manifest for %s of %s: not cached", reference, name)
            raise _bad_gateway()
        self._contents.checked[path] = self._clock.now()
        self._unknown.pop(path, None)
        return self._contents.add_manifest(name, reference, data, media_type)

    def _is_fresh(self, path: str, reference: str) -> bool:
        if DIGEST.fullmatch(reference):
            return True
        age = self._settings.proxy.metadata_max_age
        checked = self._contents.checked.get(path)
        if checked is None:
            return False
        return age < 0 or self._clock.now() - checked < age * 60

    def _found(self, asset: Asset) -> StoredContent:
        return StoredContent(
            asset, FileContent(self._contents.folder.path(asset.digest), asset.size)
        )

    async def blob(self, name: str, digest: str) -> StoredContent:
        if (held := self._contents.blob(digest)) is not None:
            return self._found(held)
        if name == "-":
            raise BlobUnknownError  # the path under which Nexus itself keeps blobs
        path = f"/v2/{name}/blobs/{digest}"
        self._refuse_unknown(path, BlobUnknownError())
        self._require_writable()
        download = self._downloads.get(digest) or self._download(name, digest)
        with self._remote_errors(path, BlobUnknownError()):
            await download.begun()
        if download.status != 200:
            self._remember_or_fail(download.status, path, BlobUnknownError())
        asset = self._contents.blob(digest)
        if asset is None:
            # Described before it is kept: it becomes the repository's when it is verified.
            asset = Contents(self._contents.folder).add_blob(
                digest, download.size, _blob_type(download.content_type)
            )
        return StoredContent(asset, download)

    def _download(self, name: str, digest: str) -> Download:
        download = Download(digest, self._contents.folder, self.remote.get(name, f"blobs/{digest}"))

        async def run() -> None:
            await download.run()
            if download.kept:
                asset = self._contents.add_blob(
                    digest, download.size, _blob_type(download.content_type)
                )
                asset.last_downloaded = asset.created

        self._downloads.add(download, self._servers.spawn(run()))
        return download

    async def tags(self, name: str, count: int | None, last: str | None) -> TagPage:
        given = (("n", count), ("last", last))
        query = urlencode([(key, value) for key, value in given if value is not None])
        try:
            with self._remote_errors(None, NameUnknownError()):
                async with self.remote.get(
                    name, "tags/list" + (f"?{query}" if query else "")
                ) as answer:
                    self._require_ok(answer, None, NameUnknownError())
                    listed = decode(await _read(answer), _Tags).tags or []
                    return TagPage(listed, more="rel=" in answer.headers.get("link", ""))
        except (DistributionError, UnreadableJsonError) as error:
            cached = self._contents.tags(name)
            if cached:
                return page(cached, count, last)
            raise error if isinstance(error, DistributionError) else NameUnknownError() from error

    async def referrers(self, name: str, digest: str, query: str) -> Forwarded:
        rest = f"referrers/{digest}" + (f"?{query}" if query else "")
        with self._remote_errors(None, ManifestUnknownError()):
            async with self.remote.get(name, rest) as answer:
                self._require_ok(answer, None, ManifestUnknownError())
                filters = answer.headers.get("oci-filters-applied")
                return Forwarded(
                    200,
                    await _read(answer),
                    answer.headers.get("content-type", "application/vnd.oci.image.index.v1+json"),
                    {"OCI-Filters-Applied": filters} if filters else {},
                )

    def catalog(self) -> list[str]:
        return self._contents.names()

    def _require_writable(self) -> None:
        # A guess for docker: what is cached is served, and nothing new can be stored.
        if self._state.read_only:
            raise DistributionError(
                503, "UNAVAILABLE", "Nexus Repository Manager is in read-only mode"
            )

    # What the remote does not have, and what keeps it from answering.

    def _refuse_unknown(self, path: str, unknown: DistributionError) -> None:
        until = self._unknown.get(path)
        if until is not None and self._settings.negative_cache.enabled:
            if until > self._clock.now():
                raise unknown
            del self._unknown[path]

    def _require_ok(
        self, answer: httpx.Response, path: str | None, unknown: DistributionError
    ) -> None:
        if answer.status_code != 200:
            self._remember_or_fail(answer.status_code, path, unknown)

    def _remember_or_fail(self, status: int, path: str | None, unknown: DistributionError) -> None:
        if status >= 500 or status in _SERVICE_FAILURES:
            raise DistributionError(503, "UNAVAILABLE", "service unavailable")
        self._remember(path)
        raise unknown

    def _remember(self, path: str | None) -> None:
        minutes = self._settings.negative_cache.time_to_live
        # NegativeCacheHandler does not remember a 404 that only a block caused.
        if path is not None and not self.remote.blocking.is_blocked:
            self._unknown[path] = self._clock.now() + (minutes * 60 if minutes >= 0 else 1e12)

    @contextmanager
    def _remote_errors(self, path: str | None, unknown: DistributionError) -> Iterator[None]:
        try:
            yield
        except RemoteBlockedError as error:
            raise DistributionError(404, "UNKNOWN", str(error)) from error
        except RemoteRefusedError as error:
            # Docker sees an image that does not exist, not a problem with the credentials.
            self._remember(path)
            raise unknown from error
        except (RemoteUnreachableError, CutConnectionError, httpx.HTTPError) as error:
            raise _bad_gateway() from error


def _bad_gateway() -> DistributionError:
    return DistributionError(502, "UNKNOWN", "Bad Gateway")


def _blob_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip() or "application/octet-stream"


def _is_manifest(data: bytes) -> bool:
    try:
        decode(data, dict)
    except UnreadableJsonError:
        return False
    return True


async def _read(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in answer.aiter_raw():
        data += chunk
        if len(data) > LARGEST_MANIFEST:
            raise httpx.ReadError("the answer is too large for a manifest")
    return bytes(data)
