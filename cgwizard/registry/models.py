"""What a registry serves: descriptors, manifests and indexes, of OCI and of Docker.

Decoding is lenient in what is left out or null, as real registries are, and strict in types.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from cgwizard.registry.platforms import Platform
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIG_TYPES = frozenset({OCI_CONFIG, DOCKER_CONFIG})
ACCEPT = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)

NULLS_LIMIT = 1 << 20  # bytes of what is decoded with null members; real ones have thousands
LAYER_LIMIT = 1000  # layers of one manifest; engines stop at 127
CHILD_LIMIT = 1000  # entries of one index

T = TypeVar("T")
Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # bytes; Go has no larger ones


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A blob or manifest, by what it is, its digest and its size in bytes."""

    digest: str
    size: Size
    media_type: str = ""
    platform: Platform | None = None
    artifact_type: str | None = None

    @property
    def foreign(self) -> bool:
        """A layer that may not be distributed: its publisher keeps it at ``urls``."""
        return ".foreign." in self.media_type or ".nondistributable." in self.media_type


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """Several manifests under one digest: one a platform, attestations beside them."""

    manifests: tuple[Descriptor, ...] = ()
    media_type: str = ""


class Image(msgspec.Struct, frozen=True, rename="camel"):
    """One platform's manifest: a config and the layers from the base upwards."""

    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    media_type: str = ""

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers, each digest once."""
        return tuple({blob.digest: blob for blob in (self.config, *self.layers)}.values())


class Manifest(msgspec.Struct, frozen=True):
    """The bytes that a registry served, and what they mean. ``digest`` is computed."""

    raw: bytes
    digest: str
    media_type: str
    parsed: Index | Image

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.digest, len(self.raw), self.media_type)


class RootFs(msgspec.Struct, frozen=True):
    diff_ids: tuple[str, ...] = ()


class Config(msgspec.Struct, frozen=True):
    """The parts of an image's config that a pull needs."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    rootfs: RootFs = RootFs()

    @property
    def platform(self) -> Platform:
        return Platform(self.os, self.architecture, self.variant)


_MISSING = msgspec.Raw()


class _Shape(msgspec.Struct, rename="camel"):
    schema_version: int | None = None
    media_type: str | None = None
    manifests: msgspec.Raw = _MISSING
    layers: msgspec.Raw = _MISSING
    config: msgspec.Raw = _MISSING
    fs_layers: msgspec.Raw = _MISSING


def read(raw: bytes, kind: type[T]) -> T:
    """``raw`` as ``kind``; a member that is null is one that is left out, as Go writes an empty
    list. Raises Unreadable."""
    try:
        # Without an object for each value: 4 MiB may hold a million.
        return decode.json(raw, kind)
    except decode.WrongShape:
        if len(raw) > NULLS_LIMIT:
            raise
    return decode.convert(_without_nulls(decode.json(raw)), kind)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


class WrongManifest(Exception):
    """Bytes that are no manifest; the message completes "the answer ..." for users."""


def read_manifest(raw: bytes, content_type: str) -> tuple[str, Index | Image]:
    """The media type of ``raw`` and what it says. Raises WrongManifest with the reason.

    Where the type named in the bytes and that of the answer differ, or an index carries layers,
    the bytes could mean two things to two clients: refused (CVE-2021-41190).
    """
    served = shortened(content_type.partition(";")[0]).lower()
    try:
        shape = decode.json(raw, _Shape)
    except decode.Unreadable as error:
        begins = raw[:40].decode("utf-8", "replace").strip()
        raise WrongManifest(
            f"is no JSON of a manifest ({error}); it is {served or 'untyped'} and begins {begins!r}"
        ) from error
    if _there(shape.fs_layers) or shape.schema_version == 1:
        raise WrongManifest("is a manifest of the old schema 1, which has no trustworthy digests")
    known = INDEX_TYPES | MANIFEST_TYPES
    named = shape.media_type or ""
    if named and named not in known:
        raise WrongManifest(f"is of type {shortened(named)}, not an image or index")
    if named and served in known and named != served:
        raise WrongManifest(f"is served as {served} but calls itself {named}")
    has_index = _there(shape.manifests)
    if has_index and (_there(shape.layers) or _there(shape.config)):
        raise WrongManifest("is an index and an image at once")
    media_type = named or (served if served in known else "")
    if not media_type:
        media_type = OCI_INDEX if has_index else OCI_MANIFEST
    kind: type[Index] | type[Image] = Index if media_type in INDEX_TYPES else Image
    try:
        parsed = read(raw, kind)
    except decode.Unreadable as error:
        raise WrongManifest(f"is no valid {media_type} ({error})") from error
    return media_type, parsed


def _there(value: msgspec.Raw) -> bool:
    return bytes(value) not in {b"", b"null"}
