"""Images that pulls are measured with: the sizes of their layers in bytes."""

from __future__ import annotations

MIB = 1 << 20
SHAPES = {
    "1 x 512 MiB": [512 * MIB],
    "8 x 64 MiB": [64 * MIB] * 8,
    "40 x 1 MiB": [MIB] * 40,
    "127 x 1 MiB": [MIB] * 127,
}
