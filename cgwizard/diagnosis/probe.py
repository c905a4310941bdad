"""A small part of a pull, enough to see whether it would work: the manifest, the config, one layer.

A whole pull would take minutes on a slow connection. This takes the smallest layer, and only
the first bytes of it where it is large.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import msgspec

from cgwizard.errors import Code, Problem, WizardError
from cgwizard.net.failures import read_failure
from cgwizard.registry.retry import RetryPolicy

if TYPE_CHECKING:
    from cgwizard.registry.client import Registry
    from cgwizard.registry.models import Descriptor, Image, Index

WHOLE = 8 << 20  # bytes; larger blobs are read in part and their digest is not checked
PART = 1 << 20
# For a comparison one retry is enough: what fails twice is what the diagnosis looks for.
QUICK = RetryPolicy(
    stall_seconds=10,
    answer_seconds=15,
    blob_answer_seconds=40,
    fetch_seconds=40,
    tries=1,
    total=3,
    first_pause=0.2,
)


class Piece(msgspec.Struct, frozen=True):
    """The first ``read`` bytes of a blob; ``sha256`` is their digest."""

    digest: str
    size: int
    read: int
    sha256: str
    host: str  # who sent it, after redirects


class Probe(msgspec.Struct, frozen=True):
    """How far the attempt came. ``stage`` is where ``error`` happened, "" where nothing failed."""

    digest: str = ""  # of what the tag points to
    pieces: tuple[Piece, ...] = ()
    stage: Literal["", "manifest", "blob"] = ""
    error: WizardError | None = None
    blob: str = ""  # the digest of the one that failed

    @property
    def problem(self) -> Problem | None:
        return self.error.problem if self.error else None

    @property
    def evidence(self) -> str:
        count = sum(piece.read for piece in self.pieces)
        hosts = dict.fromkeys(piece.host for piece in self.pieces)
        return (
            f"{short(self.digest)}; manifest, config and {_part(self.pieces)} of one layer, "
            f"{count:,} bytes from {', '.join(hosts)}"
        )


def _part(pieces: tuple[Piece, ...]) -> str:
    return "all" if all(piece.read == piece.size for piece in pieces) else "the first bytes"


def short(digest: str) -> str:
    """``sha256:4f1c…9ae2``."""
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:4]}…{digits[-4:]}"


def probe(
    registry: Registry, repository: str, reference: str, *, also: frozenset[str] = frozenset()
) -> Probe:
    """Ask for ``repository:reference`` as a pull does. Failures are in the result.

    ``also``: digests of other blobs to read whole, where the image has them.
    """
    registry.patience = QUICK
    try:
        root = registry.manifest(repository, reference)
        image = _image(registry, repository, root.parsed)
    except WizardError as error:
        return Probe(stage="manifest", error=error)
    pieces: list[Piece] = []
    for blob in _chosen(image, also):
        try:
            pieces.append(_read(registry, repository, blob, whole=blob.digest in also))
        except WizardError as error:
            return Probe(root.digest, tuple(pieces), "blob", error, blob.digest)
    return Probe(root.digest, tuple(pieces))


def _image(registry: Registry, repository: str, parsed: Index | Image) -> Image:
    from cgwizard.registry.models import Image
    from cgwizard.registry.platforms import Platform, fit

    for _ in range(3):  # an index may hold indexes
        if isinstance(parsed, Image):
            return parsed
        real = [d for d in parsed.manifests if d.platform is None or d.platform.known]
        here = Platform.here()
        fitting = [d for d in real if d.platform and fit(d.platform, here) is not None]
        # Any platform is fine: the question is whether the image arrives, not whether it runs.
        chosen = next(iter(fitting or real), None)
        if chosen is None:
            break
        parsed = registry.manifest(repository, chosen.digest).parsed
    raise WizardError(
        Code.PLATFORM,
        tried=f"choosing an image from the index of {repository}",
        came_back="no image in it",
        cause="the index holds attestations only, or is nested too deeply",
        next_step="choose another tag",
    )


def _chosen(image: Image, also: frozenset[str]) -> list[Descriptor]:
    blobs = [blob for blob in image.blobs if not blob.foreign]
    layers = [blob for blob in blobs if blob.digest != image.config.digest]
    smallest = min(layers, key=lambda blob: blob.size, default=None)
    wanted = {image.config.digest, smallest.digest if smallest else "", *also}
    return [blob for blob in blobs if blob.digest in wanted]


def _read(registry: Registry, repository: str, blob: Descriptor, *, whole: bool) -> Piece:
    import httpx

    limit = blob.size if whole or blob.size <= WHOLE else PART
    checksum, count, host = hashlib.sha256(), 0, ""
    try:
        with registry.blob(repository, blob) as answer:
            host = answer.host
            for chunk in answer.chunks:
                piece = chunk[: limit - count]
                checksum.update(piece)
                count += len(piece)
                if count >= limit:
                    break
    except httpx.HTTPError as error:
        raise _broken(registry, repository, blob, read_failure(error).words) from error
    if count < limit:
        raise _broken(registry, repository, blob, f"{count:,} of {blob.size:,} bytes")
    sha256 = f"sha256:{checksum.hexdigest()}"
    if limit == blob.size and blob.digest.startswith("sha256:") and sha256 != blob.digest:
        raise WizardError(
            Code.DIGEST_MISMATCH,
            tried=f"reading blob {short(blob.digest)} of {repository} at {registry.name}",
            came_back=f"bytes with digest {short(sha256)}",
            cause="the copy there is damaged, or something on the way changes what it carries",
            next_step="have that copy removed and fetched anew",
        )
    return Piece(blob.digest, blob.size, count, sha256, host)


def _broken(registry: Registry, repository: str, blob: Descriptor, came_back: str) -> WizardError:
    return WizardError(
        Code.REGISTRY_CUT,
        tried=f"reading blob {short(blob.digest)} of {repository} at {registry.name}",
        came_back=came_back,
        cause="the connection was cut in the middle of the blob",
        next_step="try again",
    )
