"""Platforms: their names, this machine's, and which of an index's entries fits best.

Names and fallbacks follow containerd's platforms package, so that the choice is an engine's.
"""

from __future__ import annotations

import platform as machine

import msgspec

from cgwizard.text import decode
from cgwizard.text.decode import Unreadable
from cgwizard.text.sanitize import shortened

_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "armv8l": ("arm", "v7"),
    "arm64v8": ("arm64", ""),
}


class Platform(msgspec.Struct, frozen=True):
    """``os/architecture[/variant]`` in the names that Go uses."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``linux/arm64``, ``linux/arm/v7`` or an architecture alone. Raises Unreadable."""
        parts = text.strip().lower().split("/")
        if not all(parts) or len(parts) > 3:
            raise Unreadable("a platform is OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")
        if len(parts) == 1:
            parts.insert(0, "linux")
        return cls(*parts).normal

    @classmethod
    def here(cls) -> Platform:
        """What a container engine on this machine runs: always Linux, also on a Mac."""
        return cls("linux", machine.machine().lower()).normal

    @property
    def normal(self) -> Platform:
        """The same platform in canonical names: ``aarch64`` and ``arm64/v8`` become ``arm64``."""
        architecture, variant = _ARCHITECTURES.get(self.architecture, (self.architecture, ""))
        variant = self.variant or variant
        if (architecture, variant) in {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}:
            variant = ""
        if architecture == "arm" and not variant.startswith("v"):
            variant = f"v{variant or 7}"
        return Platform(self.os, architecture, variant)

    @property
    def known(self) -> bool:
        """False for ``unknown/unknown``, which marks attestations in an index."""
        return bool(self.os and self.architecture) and "unknown" not in (self.os, self.architecture)

    def __str__(self) -> str:
        # An image's publisher may have written anything into it.
        parts = (shortened(part or "") for part in (self.os, self.architecture, self.variant))
        return "/".join(filter(None, parts))


def fit(offered: Platform, wanted: Platform) -> int | None:
    """How well ``offered`` runs on ``wanted``: 0 is exact, more is worse, None is not at all.

    An arm/v7 machine runs v6 and v5 as well, an amd64/v3 machine v2 and plain amd64; never the
    other way round. arm64/v9 runs plain arm64.
    """
    ours, theirs = wanted.normal, offered.normal
    if (ours.os, ours.architecture) != (theirs.os, theirs.architecture):
        return None
    if ours.variant == theirs.variant:
        return 0
    mine, offer = _level(ours), _level(theirs)
    if mine is None or offer is None or offer > mine:
        return None
    return mine - offer


def _level(platform: Platform) -> int | None:
    default = {"arm": 7, "arm64": 8, "amd64": 1}.get(platform.architecture)
    if not platform.variant:
        return default
    digits = platform.variant.removeprefix("v").partition(".")[0]
    return decode.number(digits) if default is not None else None
