"""What the registry says: errors in the distribution specification's form, content with ranges."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

from starlette.responses import Response

from cgwizard.practice.docker.store import Asset
from cgwizard.practice.serving import Receive, Scope, Send

CHUNK = 256 * 1024
NOT_AUTHORIZED = "access to the requested resource is not authorized"


class DistributionError(Exception):
    """An answer that is not the content: its status, OCI error code and message."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})

    def response(self) -> Response:
        error = {"code": self.code, "message": self.message, "detail": None}
        return json_response({"errors": [error]}, self.status, self.headers)


class ManifestUnknownError(DistributionError):
    def __init__(self) -> None:
        super().__init__(404, "MANIFEST_UNKNOWN", "manifest unknown")


class BlobUnknownError(DistributionError):
    def __init__(self) -> None:
        super().__init__(404, "BLOB_UNKNOWN", "blob unknown to registry")


class NameUnknownError(DistributionError):
    def __init__(self) -> None:
        super().__init__(404, "NAME_UNKNOWN", "repository name not known to registry")


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(body, status, dict(headers or {}), media_type="application/json")


class Content(Protocol):
    """Bytes that can be read from any place, perhaps while they still arrive."""

    size: int

    def chunks(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive)."""
        ...


@dataclass
class FileContent:
    path: Path
    size: int

    async def chunks(self, start: int, end: int) -> AsyncIterator[bytes]:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            while start < end:
                data = os.pread(descriptor, min(CHUNK, end - start), start)
                if not data:
                    return
                start += len(data)
                yield data
        finally:
            os.close(descriptor)


@dataclass
class StoredContent:
    """Content with the asset that describes it."""

    asset: Asset
    content: Content


class ContentResponse:
    """200, 206, 304 or 416 for content with a digest."""

    def __init__(self, found: StoredContent, headers: Mapping[str, str], method: str) -> None:
        asset = found.asset
        self._content = found.content
        self._size = found.content.size
        self._method = method
        self._etag = f'"{asset.digest}"'
        self._headers = {
            "Content-Type": asset.content_type,
            "Docker-Content-Digest": asset.digest,
            "ETag": self._etag,
            "Last-Modified": format_datetime(asset.last_modified.astimezone(UTC), usegmt=True),
            "Accept-Ranges": "bytes",
        }
        self._asset = asset
        self._span = self._requested(headers)
        self._unchanged = _matches(headers.get("if-none-match"), self._etag)

    def _requested(self, headers: Mapping[str, str]) -> tuple[int, int] | None:
        if self._method != "GET":
            return None
        condition = headers.get("if-range")
        if condition is not None and condition not in (self._etag, self._headers["Last-Modified"]):
            return None
        return span(headers.get("range"), self._size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._unchanged:
            await Response(None, 304, self._headers)(scope, receive, send)
            return
        start, end = self._span or (0, self._size)
        if start >= end and self._size:
            await Response(None, 416, {"Content-Range": f"bytes */{self._size}"})(
                scope, receive, send
            )
            return
        if self._span is not None:
            self._headers["Content-Range"] = f"bytes {start}-{end - 1}/{self._size}"
        self._headers["Content-Length"] = str(end - start)
        if self._method == "GET":
            self._asset.last_downloaded = datetime.now(UTC)
        await send(
            {
                "type": "http.response.start",
                "status": 206 if self._span is not None else 200,
                "headers": [(k.lower().encode(), v.encode()) for k, v in self._headers.items()],
            }
        )
        if self._method == "GET":
            gone = asyncio.ensure_future(_disconnected(receive))
            try:
                async for chunk in self._content.chunks(start, end):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    if gone.done():
                        return
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _matches(condition: str | None, etag: str) -> bool:
    if condition is None:
        return False
    return any(part.strip().removeprefix("W/") in (etag, "*") for part in condition.split(","))


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last that a ``Range`` header asks for.

    None for no range, one in another unit, several or a broken one: all of it is sent then.
    A range outside the content comes back empty.
    """
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", header or "")
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else (size, size)
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (size, size)
