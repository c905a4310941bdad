"""The part of the distribution API that writes: uploads of blobs, manifests, removal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from cgwizard.practice.docker.hosted import LARGEST_MANIFEST, HostedSource, Upload
from cgwizard.practice.docker.request_target import RequestTarget, digest_in, name_in, reference_in
from cgwizard.practice.docker.responses import DistributionError

if TYPE_CHECKING:
    from cgwizard.practice.nexus.state import NexusState

Require = Callable[[str], None]
GROUPS_ARE_PRO = (
    "Deploying to groups is a PRO-licensed feature. "
    "See https://links.sonatype.com/product-nexus-repository"
)


class Pushes:
    """Requests other than GET and HEAD; only hosted repositories take them."""

    def __init__(self, state: NexusState) -> None:
        self._state = state

    async def answer(
        self,
        target: RequestTarget,
        request: Request,
        name: str,
        parts: Mapping[str, str | None],
        require: Require,
    ) -> Response:
        """``parts`` are the groups of `target.ROUTE`."""
        source = self._hosted(target, require, request.method)
        name_in(name)
        if parts["upload"] is not None:
            return await self._upload(target, source, request, name, parts["upload"])
        if (reference := parts["manifest"]) is not None:
            reference = reference_in(reference)
            if request.method == "PUT":
                return await self._put_manifest(target, source, request, name, reference)
            if request.method == "DELETE":
                source.delete_manifest(name, reference)
                return Response(None, 202)
        if (digest := parts["blob"]) is not None and request.method == "DELETE":
            source.delete_blob(digest_in(digest))
            return Response(None, 202)
        raise _unsupported()

    def state(self, target: RequestTarget, name: str, identity: str) -> Response:
        """``GET`` of an upload: how much has arrived."""
        if not isinstance(target.source, HostedSource) or not identity:
            raise _unsupported()
        return _progress(target, target.source.upload(name, identity), 204)

    def _hosted(self, target: RequestTarget, require: Require, method: str) -> HostedSource:
        require("delete" if method == "DELETE" else "add")
        if target.repository.type == "group":
            raise DistributionError(403, "DENIED", GROUPS_ARE_PRO)
        if not isinstance(target.source, HostedSource):
            raise _unsupported()
        if self._state.read_only:
            raise DistributionError(
                503, "UNAVAILABLE", "Nexus Repository Manager is in read-only mode"
            )
        return target.source

    async def _upload(
        self,
        target: RequestTarget,
        source: HostedSource,
        request: Request,
        name: str,
        identity: str,
    ) -> Response:
        digest = request.query_params.get("digest")
        if request.method == "POST" and not identity:
            mount = request.query_params.get("mount")
            if mount and source.mount(digest_in(mount)):
                return _created(target, name, mount)
            upload = source.begin(name)
            if digest is None:
                return _progress(target, upload, 202)
            await upload.append(request.stream())
            source.finish(upload, digest)
            return _created(target, name, digest)
        upload = source.upload(name, identity)
        if request.method == "PATCH":
            _require_in_order(upload, request.headers.get("content-range"))
            await upload.append(request.stream())
            return _progress(target, upload, 202)
        if request.method == "PUT":
            _require_in_order(upload, request.headers.get("content-range"))
            await upload.append(request.stream())
            source.finish(upload, digest or "")
            return _created(target, name, digest or "")
        if request.method == "DELETE":
            source.cancel(upload)
            return Response(None, 204)
        raise _unsupported()

    async def _put_manifest(
        self,
        target: RequestTarget,
        source: HostedSource,
        request: Request,
        name: str,
        reference: str,
    ) -> Response:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > LARGEST_MANIFEST:
                raise DistributionError(413, "SIZE_INVALID", "the manifest is larger than 4 MiB")
        media_type = request.headers.get("content-type", "").partition(";")[0].strip()
        asset = source.put_manifest(name, reference, bytes(data), media_type)
        headers = {
            "Location": f"{target.root}/{name}/manifests/{asset.digest}",
            "Docker-Content-Digest": asset.digest,
        }
        if subject := source.subject(bytes(data)):
            headers["OCI-Subject"] = subject
        return Response(None, 201, headers)


def _require_in_order(upload: Upload, content_range: str | None) -> None:
    match = re.fullmatch(r"(?:bytes )?(\d+)-(\d+)(?:/.*)?", content_range or "")
    if content_range and (match is None or int(match[1]) != upload.size):
        raise DistributionError(
            416, "BLOB_UPLOAD_INVALID", "the chunk does not begin where it should"
        )


def _progress(target: RequestTarget, upload: Upload, status: int) -> Response:
    headers = {
        "Location": f"{target.root}/{upload.name}/blobs/uploads/{upload.id}",
        "Range": f"0-{max(0, upload.size - 1)}",
        "Docker-Upload-UUID": upload.id,
    }
    return Response(None, status, headers)


def _created(target: RequestTarget, name: str, digest: str) -> Response:
    headers = {
        "Location": f"{target.root}/{name}/blobs/{digest}",
        "Docker-Content-Digest": digest,
    }
    return Response(None, 201, headers)


def _unsupported() -> DistributionError:
    return DistributionError(
        405, "UNSUPPORTED", "The operation is unsupported.", {"Allow": "GET, HEAD"}
    )
