"""Layers whose bytes never change: our own tar headers, and gzip without compression.

`tarfile` and `zlib` may write other bytes in another version, which would give every image
another digest. The contents are incompressible anyway, so the gzip stream is made of stored
blocks (RFC 1951, 3.2.4), which every reader unpacks.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# One moment for every file: that of the images, 2026-08-01T00:00:00Z.
MADE = 1_785_542_400
MADE_TEXT = "2026-08-01T00:00:00Z"
_STORED_BLOCK = 65_535  # the largest that its 16-bit length allows


@dataclass(frozen=True)
class TarEntry:
    """One file, folder or link of a layer."""

    path: str
    content: bytes = b""
    kind: Literal["file", "folder", "link"] = "file"
    mode: int = 0o644
    owner: int = 0
    target: str = ""


@dataclass(frozen=True)
class LayerFile:
    """A layer on disk: what a descriptor and a config say about it."""

    digest: str
    diff_id: str
    size: int


def noise(seed: str, size: int) -> bytes:
    """``size`` incompressible bytes, the same for the same ``seed`` everywhere."""
    return hashlib.shake_128(seed.encode()).digest(size)


def _header(entry: TarEntry) -> bytes:
    kind = {"file": b"0", "folder": b"5", "link": b"2"}[entry.kind]
    path = entry.path + "/" if entry.kind == "folder" else entry.path
    fields = [
        path.encode().ljust(100, b"\0"),
        b"%07o\0" % entry.mode,
        b"%07o\0" % entry.owner,
        b"%07o\0" % entry.owner,
        b"%011o\0" % len(entry.content),
        b"%011o\0" % MADE,
        b" " * 8,  # the checksum counts itself as blanks
        kind,
        entry.target.encode().ljust(100, b"\0"),
        b"ustar\x0000",
        b"\0" * 32,  # no owner names: they would be looked up where the image is unpacked
        b"\0" * 32,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        b"\0" * 167,
    ]
    fields[6] = b"%06o\0 " % sum(b"".join(fields))
    return b"".join(fields)


def _tar(entries: Iterable[TarEntry]) -> Iterator[bytes | memoryview]:
    for entry in entries:
        yield _header(entry)
        if entry.content:
            yield memoryview(entry.content)
            yield bytes(-len(entry.content) % 512)
    yield bytes(1024)


def write_layer(entries: Iterable[TarEntry], path: Path) -> LayerFile:
    """Write a tar+gzip layer to ``path``. Raises OSError when the disk refuses."""
    packed, plain = hashlib.sha256(), hashlib.sha256()
    checksum = length = size = 0
    with path.open("wb") as file:

        def emit(data: bytes | memoryview) -> None:
            nonlocal size
            packed.update(data)
            file.write(data)
            size += len(data)

        emit(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")  # no name, no time, system unknown
        for piece in _tar(entries):
            plain.update(piece)
            checksum = zlib.crc32(piece, checksum)
            length += len(piece)
            for start in range(0, len(piece), _STORED_BLOCK):
                block = piece[start : start + _STORED_BLOCK]
                emit(struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF))
                emit(block)
        emit(b"\x01\x00\x00\xff\xff")  # the last block, empty
        emit(struct.pack("<II", checksum, length & 0xFFFFFFFF))
    return LayerFile(
        digest=f"sha256:{packed.hexdigest()}", diff_id=f"sha256:{plain.hexdigest()}", size=size
    )
