"""The uncompressed side of a layer: its digest (diff id), streamed and bounded."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from cgwizard.errors import Code
from cgwizard.net.budget import ZSTD_WINDOW
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import Descriptor
from cgwizard.registry.reference import is_digest
from cgwizard.text.sanitize import shortened

STEP = 1 << 20  # bytes that come out of the decompressor at once
RATIO_LIMIT = 200  # a layer may grow this much ...
MAX_WINDOW = 128 << 20  # bytes of zstd; the library's own limit
FREE_GROWTH = 4 << 30  # ... or to this many bytes, whichever is more
GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# Frames of notes, with which parallel compressors begin.
SKIPPABLE = tuple(bytes((first, 0x2A, 0x4D, 0x18)) for first in range(0x50, 0x60))


class _Decompressor(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    @property
    def whole(self) -> bool:
        """Whether the last frame or member has ended."""


class Unpacker:
    """Check the digest of a layer's uncompressed bytes while it streams by.

    What the compression is, its first bytes say: media types of old images are not reliable.
    Raises RegistryError `diff-id-mismatch` for a diff id that is no digest.
    """

    def __init__(self, layer: Descriptor, diff_id: str) -> None:
        self._layer, self._diff_id = layer, diff_id
        if not is_digest(diff_id):
            named = f"{shortened(diff_id)!r}" if diff_id else "nothing"
            raise self._other(f"the config names {named} for it, and not a digest")
        self._limit = max(FREE_GROWTH, layer.size * RATIO_LIMIT)
        # A power of two, as zstd's windows are.
        self.window = min(max(ZSTD_WINDOW, 1 << layer.size.bit_length()), MAX_WINDOW)
        self.restart()

    def restart(self) -> None:
        self._algorithm = self._diff_id.partition(":")[0]
        self._hash = hashlib.new(self._algorithm)
        self._size = 0
        self._begin = b""
        self._stream: _Decompressor | None = None

    def update(self, data: bytes) -> None:
        """Take compressed bytes in. Raises RegistryError `layer-corrupt`, `layer-too-large` or
        `zstd-missing`."""
        if self._stream is None:
            self._begin += data
            if len(self._begin) < len(ZSTD_MAGIC) and self._layer.size > len(self._begin):
                return
            data, self._begin = self._begin, b""
            self._stream = self._choose(data)
        for piece in self._stream.feed(data):
            self._size += len(piece)
            if self._size > self._limit:
                raise self._problem(
                    Code.LAYER_TOO_LARGE,
                    f"more than {self._limit >> 20} MiB out of {self._layer.size} bytes",
                    "this layer is made to fill disks",
                )
            self._hash.update(piece)

    def finish(self) -> None:
        """Raises RegistryError `layer-corrupt` or `diff-id-mismatch`."""
        if self._stream is None:  # an empty layer: nothing came
            self._stream = self._choose(b"")
        if not self._stream.whole:
            raise self._corrupt("the compressed data end too early")
        digest = f"{self._algorithm}:{self._hash.hexdigest()}"
        if digest != self._diff_id:
            raise self._other(f"uncompressed bytes with digest {digest}, not {self._diff_id}")

    def _choose(self, begin: bytes) -> _Decompressor:
        if begin.startswith(GZIP_MAGIC):
            return _Gzip(self)
        if begin.startswith((ZSTD_MAGIC, *SKIPPABLE)):
            return _zstd(self)
        return _Plain()

    def _other(self, came_back: str) -> RegistryError:
        cause = "the image's config does not belong to its layers"
        return self._problem(Code.DIFF_ID_MISMATCH, came_back, cause)

    def _corrupt(self, why: str) -> RegistryError:
        return self._problem(
            Code.LAYER_CORRUPT, why, "the layer was pushed broken: it is what its digest says"
        )

    def _problem(self, code: Code, came_back: str, cause: str) -> RegistryError:
        return RegistryError(
            code,
            tried=f"unpacking the layer {self._layer.digest}",
            came_back=came_back,
            cause=cause,
            next_step="ask who made the image to build and push it again",
        )


class _Plain:
    whole = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Gzip:
    """Any number of gzip members, as concatenated by parallel compressors."""

    def __init__(self, owner: Unpacker) -> None:
        self._owner = owner
        self._stream = zlib.decompressobj(wbits=31)
        self._started = False

    @property
    def whole(self) -> bool:
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                self._stream = zlib.decompressobj(wbits=31)
            try:
                out = self._stream.decompress(data, STEP)
            except zlib.error as error:
                raise self._owner._corrupt(f"no valid gzip data ({error})") from error
            if out:
                yield out
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail


class _ZstdStream(Protocol):
    """``ZstdDecompressor`` of the standard library from Python 3.14 on, and of its backport."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, /, data: bytes, max_length: int = -1) -> bytes: ...


class _Zstd:
    """Any number of zstd frames. ``new`` bounds the window, for which memory is taken."""

    def __init__(self, owner: Unpacker, new: Callable[[], _ZstdStream], error: type[Exception]):
        self._owner, self._new, self._error = owner, new, error
        self._stream = new()

    @property
    def whole(self) -> bool:
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data or not (self._stream.eof or self._stream.needs_input):
            if self._stream.eof:
                self._stream = self._new()
            try:
                out = self._stream.decompress(data, STEP)
            except self._error as error:
                why = f"no zstd data that need at most {self._owner.window >> 20} MiB ({error})"
                raise self._owner._corrupt(why) from error
            if out:
                yield out
            data = self._stream.unused_data if self._stream.eof else b""


def _zstd(owner: Unpacker) -> _Zstd:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise RegistryError(
            Code.ZSTD_MISSING,
            tried="unpacking a layer that is compressed with zstd",
            came_back=f"this Python has no zstd ({error})",
            cause="it was built without the zstd library",
            next_step="run cgwizard with another Python, or pull without looking inside the layers",
        ) from error
    most = {int(zstd.DecompressionParameter.window_log_max): owner.window.bit_length() - 1}
    return _Zstd(owner, partial(zstd.ZstdDecompressor, options=most), zstd.ZstdError)
