"""The events of a pull: one typed stream for screens, plain output, JSON lines and tests.

The built-in puller or an engine calls an ``on_event`` function with them, from any thread. The
puller limits how often progress is sent; the last state of a layer always arrives. Sizes are
bytes, times are seconds.

The built-in puller knows everything when it sends `Resolved`. An engine knows less: its
`Resolved` has no digests and no layers, a layer appears with its first `LayerProgress`, its
``digest`` may be only the beginning of one (``sha256:`` and 12 digits), its ``total`` is 0 until
the engine names a size, and the image's digest comes with `Finished`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from cgwizard.errors import Code, Problem

LayerState = Literal[
    "queued",
    "downloading",
    "verifying",
    "extracting",
    "cached",  # it was there already and matched its digest
    "done",
    "skipped",  # a foreign layer that its publisher keeps elsewhere; not counted in `Finished`
    "retrying",
    "failed",
]


class Layer(msgspec.Struct, frozen=True):
    """A blob of the image: the config first, then the layers in order, each digest once."""

    digest: str
    size: int
    media_type: str


class Resolved(msgspec.Struct, frozen=True, tag="resolved", tag_field="event"):
    """The manifest was found, so that it is known what will be pulled."""

    reference: str
    digest: str  # what the tag points to: the index, if there is one
    manifest_digest: str  # of the chosen platform's manifest
    platform: str  # "linux/amd64"; "all" when every platform was asked for, "" for no image
    layers: tuple[Layer, ...]

    @property
    def total(self) -> int:
        return sum(layer.size for layer in self.layers)


class LayerProgress(msgspec.Struct, frozen=True, tag="layer", tag_field="event"):
    digest: str
    state: LayerState
    done: int
    total: int
    detail: str = ""  # why it is retried, for users


class Totals(msgspec.Struct, frozen=True, tag="totals", tag_field="event"):
    done: int
    total: int
    bytes_per_second: float
    seconds_left: float | None


class Source(msgspec.Struct, frozen=True):
    """Where the bytes of one blob came from. ``host``: that of the last redirect, or "" for a blob
    that was in the output folder already."""

    digest: str
    size: int
    seconds: float
    host: str


class Finished(msgspec.Struct, frozen=True, tag="finished", tag_field="event"):
    """Every byte arrived and matched its digest. ``layers`` and ``bytes`` count every blob
    that was pulled, the config included; manifests are not counted. An engine may leave
    ``manifest_digest`` empty, and counts in ``bytes`` what it reports as downloaded."""

    reference: str
    digest: str
    manifest_digest: str
    platform: str
    layers: int
    bytes: int
    seconds: float
    first_byte_seconds: float  # from the first manifest request to the first byte of a layer
    retries: int = 0
    sources: tuple[Source, ...] = ()  # empty from an engine
    engine: str = "builtin"  # who pulled: "builtin", "docker" or "podman"
    unpacked: int = 0  # layers whose uncompressed digest was checked, if the user asked for that


class Failed(msgspec.Struct, frozen=True, tag="failed", tag_field="event"):
    reference: str
    code: Code
    tried: str
    came_back: str
    cause: str
    next_step: str

    @classmethod
    def of(cls, reference: str, problem: Problem) -> Failed:
        return cls(reference, **msgspec.structs.asdict(problem))


PullEvent = Resolved | LayerProgress | Totals | Finished | Failed
OnEvent = Callable[[PullEvent], None]


def ignore(_event: PullEvent) -> None:
    """For callers that use only the result."""
