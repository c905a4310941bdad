"""One blob, whole and checked: resumed where the server can, begun again where it cannot."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable

import msgspec

from cgwizard.errors import Code
from cgwizard.registry.client import Blob, Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.layer_digest import Unpacker
from cgwizard.registry.models import Descriptor
from cgwizard.registry.retry import Retries
from cgwizard.registry.sink import Writer
from cgwizard.registry.validation import mismatch

CHUNK = 1 << 20  # bytes; fewer and the interpreter's lock changes hands too often
CHUNK_SECONDS = 0.2  # on a slow connection, bytes are passed on before a chunk is full
BEGIN_AGAIN = frozenset({Code.RANGE_WRONG, Code.SIZE_MISMATCH, Code.DIGEST_MISMATCH})


class Fetched(msgspec.Struct, frozen=True):
    host: str
    seconds: float


class Fetch:
    """The state of one blob over as many requests as it takes."""

    def __init__(
        self,
        registry: Registry,
        repository: str,
        blob: Descriptor,
        retries: Retries,
        *,
        writer: Writer,
        unpacker: Unpacker | None = None,
        on_bytes: Callable[[int], None] = lambda _done: None,
        on_retry: Callable[[int, str], None] = lambda _done, _why: None,
    ) -> None:
        self._registry, self._repository, self._blob = registry, repository, blob
        self._retries, self._writer, self._unpacker = retries, writer, unpacker
        self._on_bytes, self._on_retry = on_bytes, on_retry
        self._algorithm = blob.digest.partition(":")[0]
        self._hash = hashlib.new(self._algorithm)
        self._done = 0
        self._inside: RegistryError | None = None  # what is wrong with the uncompressed bytes
        self._tried = f"GET the blob {blob.digest} of {repository} at {registry.name}"

    def run(self) -> Fetched:
        """Returns when every byte was written and the digest is right. Raises RegistryError
        (`digest-mismatch`, `size-mismatch`, `registry-cut`, `registry-stalled`, ...), Cancelled,
        or what the writer raises."""
        began, furthest, in_a_row = time.monotonic(), 0, 0
        faults: Counter[str] = Counter()
        while True:
            try:
                host = self._once()
                return Fetched(host, time.monotonic() - began)
            except RegistryError as error:
                if self._done > furthest:
                    furthest, in_a_row = self._done, 0
                in_a_row += 1
                faults[error.code] += 1
                if error.code in BEGIN_AGAIN:
                    self._restart()
                counted = in_a_row if error.tries is None else faults[error.code]
                pause = self._retries.pause(error, counted)
                self._on_retry(self._done, error.problem.came_back)
            self._retries.cancel.wait(pause)

    def _once(self) -> str:
        self._retries.cancel.check()
        with self._registry.blob(self._repository, self._blob, start=self._done) as blob:
            if blob.start != self._done:
                self._restart()
            self._on_bytes(self._done)
            self._read(blob)
        if self._done < self._blob.size:
            raise RegistryError(
                Code.REGISTRY_CUT,
                tried=self._tried,
                came_back=f"the end after {self._done} of {self._blob.size} bytes",
                transient=True,
            )
        digest = f"{self._algorithm}:{self._hash.hexdigest()}"
        if digest != self._blob.digest:
            raise mismatch(self._tried, f"bytes with digest {digest}")
        # Only now is it known that the bytes are the image's own, not broken on the way.
        if self._inside is not None:
            raise self._inside
        if self._unpacker is not None:
            self._unpacker.finish()
        return blob.host

    def _read(self, blob: Blob) -> None:
        pending: list[bytes] = []
        waiting, due = 0, time.monotonic() + CHUNK_SECONDS
        try:
            for piece in blob.chunks:
                pending.append(piece)
                waiting += len(piece)
                if waiting >= CHUNK or time.monotonic() >= due:
                    self._take(b"".join(pending))
                    pending.clear()
                    waiting, due = 0, time.monotonic() + CHUNK_SECONDS
        finally:
            # What came before a cut counts: the next request goes on after it.
            if pending:
                self._take(b"".join(pending))

    def _take(self, data: bytes) -> None:
        self._retries.cancel.check()
        if self._done + len(data) > self._blob.size:
            raise RegistryError(
                Code.SIZE_MISMATCH,
                tried=self._tried,
                came_back=f"more bytes than the {self._blob.size} that the manifest says",
                cause="the copy there is damaged, or something on the way adds to it",
                transient=True,
                tries=1,
            )
        self._hash.update(data)
        self._writer.write(data)
        if self._unpacker is not None and self._inside is None:
            try:
                self._unpacker.update(data)
            except RegistryError as error:
                self._inside = error
        self._done += len(data)
        self._on_bytes(self._done)

    def _restart(self) -> None:
        self._hash = hashlib.new(self._algorithm)
        self._writer.restart()
        if self._unpacker is not None:
            self._unpacker.restart()
        self._inside = None
        self._done = 0
