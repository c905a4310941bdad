"""Sizes, times and digests as people read them."""

from __future__ import annotations

import time


def size(count: float) -> str:
    """Bytes: "8.4 MB", powers of ten as registries and docker count."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def duration(seconds: float) -> str:
    """Seconds: "0.08 s", "2.8 s", "42 s", "3 min 20 s"."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def short(digest: str) -> str:
    """A digest by its beginning and end: "sha256:4f1c…9ae2"."""
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:4]}…{digits[-4:]}" if len(digits) > 12 else digest


def ago(moment: float) -> str:
    """A time in seconds since the epoch: "5 minutes ago", "just now"."""
    seconds = max(0, int(time.time() - moment))
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
