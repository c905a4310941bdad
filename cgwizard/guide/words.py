"""Digests and sizes for people."""

from __future__ import annotations


def short(digest: str) -> str:
    """``sha256:4f1c…9ae2``, enough to recognise a digest by."""
    algorithm, _, hex_digits = digest.partition(":")
    return f"{algorithm}:{hex_digits[:4]}…{hex_digits[-4:]}"


def size(count: float) -> str:
    """Bytes for people: "8.4 MB", powers of ten as registries and docker count."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
