"""The second address: an object store that serves a blob to any client with a signed link."""

from __future__ import annotations

import re
from email.utils import formatdate
from pathlib import Path
from typing import Literal, TypeVar
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from cgwizard.practice.cgr.layers import MADE
from cgwizard.practice.cgr.links import Links
from cgwizard.practice.cgr.responses import Refusal, fail_if_asked
from cgwizard.practice.cgr.store import ImageStore
from cgwizard.practice.cgr.streams import Body, Streamed
from cgwizard.practice.cgr.throttle import Throttle
from cgwizard.practice.faults.base import ActiveFaults, RegistryFault
from cgwizard.practice.faults.connection_cut import CutAnswer
from cgwizard.practice.faults.corrupt_body import CorruptBlob
from cgwizard.practice.faults.range_ignored import RangeIgnored
from cgwizard.practice.faults.slow_link import SlowBlob
from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.faults.wrong_range import WrongRange

R = TypeVar("R", bound=RegistryFault)

BUCKET = "practice-blobs"
_PATH = re.compile(rf"/{BUCKET}/(?P<name>.+)/sha256/(?P<hex>[0-9a-f]{{64}})")
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
_WHOLE: Literal["whole"] = "whole"


def blob_path(repository: str, digest: str) -> str:
    return f"/{BUCKET}/{repository}/sha256/{digest.removeprefix('sha256:')}"


def _tags(request: Request) -> list[str]:
    return request.headers.get("if-none-match", "").split(",")


def xml_error(
    status: int, code: str, message: str, *, headers: dict[str, str] | None = None, **more: str
) -> Refusal:
    """An error in the form of S3 and R2."""
    details = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in more.items())
    return Refusal(
        Response(
            f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
            f"<Message>{escape(message)}</Message>{details}</Error>",
            status,
            headers,
            "application/xml",
        )
    )


def byte_range(header: str, size: int) -> tuple[int, int] | Literal["whole"] | None:
    """The first and last byte that a Range header asks for; None if the blob does not have them.

    "whole" for headers that are ignored: none, several ranges, another unit, a malformed one.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match["first"] or match["last"]):
        return _WHOLE
    if not match["first"]:
        length = min(int(match["last"]), size)
        return (size - length, size - 1) if length else None
    first = int(match["first"])
    last = min(int(match["last"]), size - 1) if match["last"] else size - 1
    if match["last"] and int(match["last"]) < first:
        return _WHOLE
    return (first, last) if first < size else None


class BlobHost:
    """Answers at the second address."""

    def __init__(
        self, store: ImageStore, links: Links, faults: ActiveFaults, throttle: Throttle
    ) -> None:
        self._store, self._links, self._faults, self._throttle = store, links, faults, throttle

    async def answer(self, request: Request) -> Response | Streamed:
        if request.method not in ("GET", "HEAD"):
            raise xml_error(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            )
        if "authorization" in request.headers:
            # The value is not repeated, unlike S3: it is a secret.
            raise xml_error(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                "Signature query string parameter or the Authorization header should be specified",
                ArgumentName="Authorization",
            )
        path = request.scope["path"]
        refusal = self._links.refusal(
            request.headers.get("host", ""), path, dict(request.query_params)
        )
        if refusal == "expired":
            raise xml_error(403, "AccessDenied", "Request has expired")
        if refusal == "wrong":
            raise xml_error(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your secret access key and signing method.",
            )
        if refusal == "unsigned":
            raise xml_error(403, "AccessDenied", "Access Denied")
        match = _PATH.fullmatch(path)
        digest = f"sha256:{match['hex']}" if match else ""
        file = self._store.blob_path(match["name"], digest) if match else None
        if match is None or file is None:
            raise xml_error(404, "NoSuchKey", "The specified key does not exist.")
        return self._send(request, match["name"], digest, file)

    def _send(
        self, request: Request, repository: str, digest: str, file: Path
    ) -> Response | Streamed:
        def take(kind: type[R]) -> R | None:
            return self._faults.take(kind, "blob", repository, digest)

        fail_if_asked(self._faults, "blob", repository, digest)
        size = file.stat().st_size
        etag = f'"{digest[7:39]}"'  # S3's is an MD5; only its form matters
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "ETag": etag,
            "Last-Modified": formatdate(MADE, usegmt=True),
            "Server": "cloudflare",
        }
        if any(tag.strip().removeprefix("W/") in (etag, "*") for tag in _tags(request)):
            return Response(status_code=304, headers=headers)
        asked = request.headers.get("range", "")
        if request.headers.get("if-range", etag) not in (etag, headers["Last-Modified"]):
            asked = ""
        part = byte_range(asked, size)
        if part is None:
            raise xml_error(
                416,
                "InvalidRange",
                "The requested range is not satisfiable",
                headers={"Content-Range": f"bytes */{size}"},
            )
        if part != _WHOLE and take(RangeIgnored):
            part = _WHOLE
        first, last, status = 0, size - 1, 200
        if part != _WHOLE:
            first, last = part
            status = 206
            if take(WrongRange):
                first, last = 0, last - first
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        length = last - first + 1
        if request.method == "HEAD":
            return Response(status_code=status, headers={**headers, "Content-Length": str(length)})
        corrupt, slow = take(CorruptBlob), take(SlowBlob)
        throttles = (self._throttle, Throttle(slow.rate)) if slow else (self._throttle,)
        return Streamed(
            status,
            headers,
            Body.of_file(file, first, length),
            self._faults,
            throttles=throttles,
            flip=corrupt.offset(size) if corrupt else None,
            cut=take(CutAnswer),
            stall=take(StalledAnswer),
        )
