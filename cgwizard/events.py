"""The events of a pull: one typed stream for screens, plain output, JSON lines and tests.

Whoever pulls (the built-in puller or an engine) calls an ``on_event`` function with these,
from any thread. Progress is throttled at the source; a layer's last state always arrives.
Sizes are bytes, times are seconds.

The built-in puller knows everything when it says `Resolved`. An engine tells less and later:
its `Resolved` has no digests and no layers, a layer is there from its first `LayerProgress` on,
its ``digest`` may be only the beginning of one (``sha256:`` and 12 digits), its ``total`` is 0
until the engine says a size, and the image's digest comes with `Finished`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from cgwizard.errors import Code

LayerState = Literal[
    "queued",
    "downloading",
    "verifying",
    "extracting",
    "cached",  # was there already and matched its digest
    "done",
    "skipped",  # a foreign layer that its publisher keeps elsewhere; not counted in `Finished`
    "retrying",
    "failed",
]


class Layer(msgspec.Struct, frozen=True):
    """A blob of the image: its config first, then the layers in order, each digest once."""

    digest: str
    size: int
    media_type: str


class Resolved(msgspec.Struct, frozen=True, tag="resolved", tag_field="event"):
    """The name led to a manifest: what will be pulled is known now."""

    reference: str
    digest: str  # of what the tag points to (the index, where there is one)
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
    detail: str = ""  # why it is retried, for people


class Totals(msgspec.Struct, frozen=True, tag="totals", tag_field="event"):
    done: int
    total: int
    bytes_per_second: float
    seconds_left: float | None


class Source(msgspec.Struct, frozen=True):
    """Where the bytes of one blob came from: ``host`` is that of the last redirect followed,
    or "" for a blob that was in the output folder already."""

    digest: str
    size: int
    seconds: float
    host: str


class Finished(msgspec.Struct, frozen=True, tag="finished", tag_field="event"):
    """Every byte arrived and matched its digest. ``layers`` and ``bytes`` count every blob
    that was pulled, the config included; manifests are not counted. An engine may leave
    ``manifest_digest`` empty, and counts in ``bytes`` what it said that it downloaded."""

    reference: str
    digest: str
    manifest_digest: str
    platform: str
    layers: int
    bytes: int
    seconds: float
    first_byte_seconds: float  # from the first manifest request to the first byte of a layer
    retries: int = 0
    sources: tuple[Source, ...] = ()  # empty from an engine, which does not say
    engine: str = "builtin"  # who pulled: "builtin", "docker" or "podman"
    unpacked: int = 0  # layers whose uncompressed digest was checked too, where that was asked for


class Failed(msgspec.Struct, frozen=True, tag="failed", tag_field="event"):
    reference: str
    code: Code
    tried: str
    came_back: str
    cause: str
    next_step: str


PullEvent = Resolved | LayerProgress | Totals | Finished | Failed
OnEvent = Callable[[PullEvent], None]


def ignore(_event: PullEvent) -> None:
    """For callers that only want the result."""
