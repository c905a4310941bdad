"""A blob on its way from the remote to the disk, readable while it arrives.

One download serves every client that asks for the same blob meanwhile. The last byte is held
back until the digest is right: a client of a blob that turns out wrong sees its connection cut
and never a complete answer, and nothing of it is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from cgwizard.practice.docker.responses import CHUNK
from cgwizard.practice.docker.store import BlobFolder
from cgwizard.practice.serving import CutConnectionError, log

if TYPE_CHECKING:
    import httpx


class Download:
    """Use `begun` first: it tells whether there is anything to read, and how long it is."""

    def __init__(
        self, digest: str, folder: BlobFolder, answer: AbstractAsyncContextManager[httpx.Response]
    ) -> None:
        self.digest, self._folder, self._answer = digest, folder, answer
        self.status = 0  # the remote's answer
        self.content_type = ""
        self.size = 0  # 0 until it is known: from Content-Length, or when all has arrived
        self.kept = False
        self._path = folder.temporary()
        self._written = 0
        self._error: BaseException | None = None
        self._changed = asyncio.Event()
        self._headers = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()

    async def begun(self) -> None:
        """Returns when the size is known; raises what the remote's request raised."""
        await asyncio.shield(self._headers)
        if self.status == 200 and not self.size:
            await self._ended.wait()
            if not self.kept:
                raise CutConnectionError(f"{self.digest} did not arrive")

    async def run(self) -> None:
        """Fetch, verify, keep. Never raises: who reads learns of it."""
        try:
            async with self._answer as response:
                self.status = response.status_code
                self.content_type = response.headers.get("content-type", "")
                if self.status == 200:
                    self.size = int(response.headers.get("content-length", 0))
                    self._path.touch()  # readers open it before the first byte
                self._headers.set_result(None)
                if self.status == 200:
                    await self._receive(response)
        except BaseException as error:
            # Those who wait for the blob get the exception, also when it is a cancellation.
            self._error = error
            if not self._headers.done():
                self._headers.set_exception(error)
                self._headers.exception()  # perhaps no client waits any more
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            if not self.kept:
                self._path.unlink(missing_ok=True)
            self._ended.set()
            self._announce()

    async def _receive(self, response: httpx.Response) -> None:
        checksum = hashlib.sha256()
        with self._path.open("wb", buffering=0) as file:
            async for data in response.aiter_raw():
                checksum.update(data)
                file.write(data)
                self._written += len(data)
                self._announce()
        if self.size and self._written != self.size:
            raise ValueError(f"{self._written} of {self.size} bytes arrived")
        if (seen := f"sha256:{checksum.hexdigest()}") != self.digest:
            log.warning("the remote sent %s for blob %s: not cached", seen, self.digest)
            raise ValueError(f"the content's digest is {seen}")
        self._path = self._folder.keep(self._path, self.digest)
        self.size = self._written
        self.kept = True

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def chunks(self, start: int, end: int) -> AsyncIterator[bytes]:
        """What is there at once, the rest as it arrives; CutConnectionError when it will not."""
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            while start < end:
                ready = self._written if self.kept else min(self._written, self.size - 1)
                if start < ready:
                    data = os.pread(descriptor, min(CHUNK, end - start, ready - start), start)
                    start += len(data)
                    yield data
                elif self._error is not None:
                    raise CutConnectionError(str(self._error))
                else:
                    await self._changed.wait()
        finally:
            os.close(descriptor)


class Downloads:
    """The downloads of one repository that are under way, by digest."""

    def __init__(self) -> None:
        self._tasks: dict[str, tuple[Download, asyncio.Task[None]]] = {}

    def get(self, digest: str) -> Download | None:
        entry = self._tasks.get(digest)
        return entry[0] if entry else None

    def add(self, download: Download, task: asyncio.Task[None]) -> None:
        self._tasks[download.digest] = (download, task)
        task.add_done_callback(lambda _: self._tasks.pop(download.digest, None))

    async def cancel(self) -> None:
        tasks = [task for _, task in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
