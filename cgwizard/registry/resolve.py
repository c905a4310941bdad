"""From a name to what will be pulled: through indexes to the manifests of a platform."""

from __future__ import annotations

import msgspec

from cgwizard.errors import Code
from cgwizard.net.budget import CONFIG_BYTES, PULL_BYTES
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.fetch import Fetch, Fetched
from cgwizard.registry.models import (
    CONFIG_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Config,
    Descriptor,
    Image,
    Index,
    Manifest,
    read,
)
from cgwizard.registry.platforms import Platform, fit
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import Retries
from cgwizard.registry.sink import Memory
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

ALL = "all"
DEPTH_LIMIT = 4  # an index in an index in an index is already rare
FETCH_LIMIT = 256  # manifests of one image


class ReadConfig(msgspec.Struct, frozen=True):
    """A config that was read (and checked) to know the platform."""

    raw: bytes
    parsed: Config
    fetched: Fetched


class Resolution(msgspec.Struct, frozen=True):
    """What a name means for one platform, or for all of them."""

    root: Manifest  # what the name points to
    chosen: Manifest  # the platform's manifest; ``root`` itself for all platforms
    platform: str
    manifests: tuple[Manifest, ...]  # each that the chosen one needs, children first
    configs: dict[str, ReadConfig]  # by digest
    diff_ids: dict[str, str]  # uncompressed digest by the layer's digest, unchecked words

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Every blob once, each config before its layers."""
        images = [m.parsed for m in self.manifests if isinstance(m.parsed, Image)]
        blobs = {blob.digest: blob for image in images for blob in image.blobs}
        return tuple(blobs.values())


class Resolver:
    """Follows one name. Raises RegistryError: `platform` when there is none that fits,
    `manifest-invalid` for what contradicts itself, and what `Registry.manifest` raises."""

    def __init__(self, registry: Registry, reference: Reference, retries: Retries) -> None:
        self._registry, self._reference, self._retries = registry, reference, retries
        self._repository = reference.repository
        self._left = FETCH_LIMIT
        self._bytes = 0  # of manifests and configs
        self._configs: dict[str, ReadConfig] = {}
        self._offered: dict[str, None] = {}

    def resolve(self, wanted: str | None) -> Resolution:
        """``wanted``: a platform (``linux/arm64``), ``all``, or None for this machine's."""
        root = self._manifest(self._reference.target)
        if wanted == ALL:
            manifests = tuple({m.digest: m for m in self._everything(root, 1)}.values())
            return self._resolution(root, root, ALL, manifests)
        platform = _parse(wanted)
        if isinstance(root.parsed, Image):
            own = self._platform(root.parsed)
            if wanted and own is not None and fit(own, platform) is None:
                self._offered[str(own)] = None
                raise self._none_fits(platform)
            return self._resolution(root, root, str(own or ""), (root,))
        chosen, found = self._choose(root, platform)
        return self._resolution(root, chosen, str(found), (chosen,))

    def _resolution(
        self, root: Manifest, chosen: Manifest, platform: str, manifests: tuple[Manifest, ...]
    ) -> Resolution:
        diff_ids: dict[str, str] = {}
        for image in (m.parsed for m in manifests):
            if not isinstance(image, Image) or self._config(image) is None:
                continue
            ids = self._configs[image.config.digest].parsed.rootfs.diff_ids
            # Images of other things (charts, modules) have none; then there is nothing to check.
            if ids and len(ids) != len(image.layers):
                ids = ("",) * len(image.layers)  # none is known to be that of a layer
            if ids:
                diff_ids |= zip((layer.digest for layer in image.layers), ids, strict=True)
        return Resolution(root, chosen, platform, manifests, self._configs, diff_ids)

    def _choose(self, root: Manifest, wanted: Platform) -> tuple[Manifest, Platform]:
        level: list[tuple[Manifest, Index]] = []
        if isinstance(root.parsed, Index):
            level.append((root, root.parsed))
        for _ in range(DEPTH_LIMIT):
            best = self._best([e for _, index in level for e in index.manifests], wanted)
            if best is not None:
                child = self._child(best)
                return child, (best.platform or wanted).normal
            following: list[tuple[Manifest, Index]] = []
            for _, index in level:
                for entry in index.manifests:
                    if entry.media_type not in INDEX_TYPES and entry.platform is not None:
                        continue
                    child = self._child(entry)
                    if isinstance(child.parsed, Index):
                        following.append((child, child.parsed))
                        continue
                    own = self._platform(child.parsed)
                    if own is not None and fit(own, wanted) is not None:
                        return child, own
                    self._offered[str(own)] = None
            level = following
            if not level:
                break
        raise self._none_fits(wanted)

    def _best(self, entries: list[Descriptor], wanted: Platform) -> Descriptor | None:
        ranked: list[tuple[int, int]] = []
        for place, entry in enumerate(entries):
            if entry.media_type in INDEX_TYPES or not entry.platform or not entry.platform.known:
                continue
            self._offered[str(entry.platform.normal)] = None
            rank = fit(entry.platform, wanted)
            if rank is not None:
                ranked.append((rank, place))
        return entries[min(ranked)[1]] if ranked else None

    def _everything(self, manifest: Manifest, depth: int) -> list[Manifest]:
        if isinstance(manifest.parsed, Image):
            return [manifest]
        if depth > DEPTH_LIMIT:
            raise self._invalid(f"indexes nested more than {DEPTH_LIMIT} deep")
        found: list[Manifest] = []
        for entry in {e.digest: e for e in manifest.parsed.manifests}.values():
            found += self._everything(self._child(entry), depth + 1)
        return [*found, manifest]

    def _manifest(self, reference: str) -> Manifest:
        found = self._registry.manifest(self._repository, reference, retries=self._retries)
        self._spend(len(found.raw))
        return found

    def _spend(self, count: int) -> None:
        self._bytes += count
        if self._bytes > PULL_BYTES:
            raise RegistryError(
                Code.ANSWER_TOO_LARGE,
                tried=f"reading the manifests of {self._reference}",
                came_back=f"more than {PULL_BYTES >> 20} MiB of manifests and configs",
            )

    def _child(self, entry: Descriptor) -> Manifest:
        self._left -= 1
        if self._left < 0:
            raise self._invalid(f"an image of more than {FETCH_LIMIT} manifests")
        child = self._manifest(entry.digest)
        if len(child.raw) != entry.size:
            raise self._invalid(
                f"a manifest of {len(child.raw)} bytes, and the index says {entry.size}"
            )
        known = INDEX_TYPES | MANIFEST_TYPES
        if entry.media_type in known and entry.media_type != child.media_type:
            raise self._invalid(f"{child.media_type}, and the index says {entry.media_type}")
        return child

    def _platform(self, image: Image) -> Platform | None:
        config = self._config(image)
        return config.platform.normal if config is not None and config.os else None

    def _config(self, image: Image) -> Config | None:
        """The config of an image, fetched once; None for what is not a container image."""
        blob = image.config
        if blob.media_type not in CONFIG_TYPES or blob.size > CONFIG_BYTES:
            return None
        if blob.digest not in self._configs:
            self._spend(blob.size)
            memory = Memory()
            fetched = Fetch(
                self._registry, self._repository, blob, self._retries, writer=memory
            ).run()
            raw = bytes(memory.data)
            try:
                parsed = read(raw, Config)
            except decode.Unreadable as error:
                raise self._invalid(f"a config that cannot be read ({error})") from error
            self._configs[blob.digest] = ReadConfig(raw, parsed, fetched)
        return self._configs[blob.digest].parsed

    def _invalid(self, came_back: str) -> RegistryError:
        return RegistryError(
            Code.MANIFEST_INVALID,
            tried=f"reading the manifests of {self._reference}",
            came_back=came_back,
        )

    def _none_fits(self, wanted: Platform) -> RegistryError:
        there = ", ".join(list(self._offered)[:20]) or "none that is named"
        return RegistryError(
            Code.PLATFORM,
            tried=f"choosing {wanted} of {self._reference}",
            came_back=f"platforms there: {shortened(there)}",
        )


def _parse(wanted: str | None) -> Platform:
    if wanted is None:
        return Platform.here()
    try:
        return Platform.parse(wanted)
    except decode.Unreadable as error:
        raise RegistryError(
            Code.PLATFORM,
            tried=f"reading the platform {wanted!r}",
            came_back=str(error),
            cause="a platform is written like linux/amd64 or linux/arm/v7",
            next_step="correct it, or leave it out for this machine's own",
        ) from error
