"""The pull side of the distribution specification 1.1, as cgr.dev serves it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Literal, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cgwizard.practice.cgr.catalog import FREE_NAMESPACE, FREE_TAGS
from cgwizard.practice.cgr.images import INDEX, Image, Manifest
from cgwizard.practice.cgr.responses import API_VERSION, DENIED, challenge, fail_if_asked, refuse
from cgwizard.practice.cgr.store import ImageStore
from cgwizard.practice.cgr.streams import Body, Streamed
from cgwizard.practice.cgr.tokens import Bearers
from cgwizard.practice.faults.base import ActiveFaults, Place, RegistryFault
from cgwizard.practice.faults.connection_cut import CutAnswer
from cgwizard.practice.faults.manifest_mismatch import ManifestMismatch
from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.faults.wrong_digest_header import WrongDigestHeader

_NAME = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ARTIFACT_TAG = re.compile(r"sha256-[0-9a-f]{64}\.[a-z]+")
_ROUTE = re.compile(
    r"/v2/(?P<name>.+?)/"
    r"(?:(?P<what>manifests|blobs|referrers)/(?P<reference>[^/]+)|(?P<list>tags/list)"
    r"|_chainguard/history/(?P<history>[^/]+))/?"
)
R = TypeVar("R", bound=RegistryFault)
Link = Callable[[Request, str, str], str]


def matches(condition: str, digest: str) -> bool:
    """Whether an If-None-Match names ``digest``, quoted or not (docker sends it bare)."""
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")}
    return bool(tags & {digest, "*"})


def visible_tags(image: Image) -> list[str]:
    """The tags that a holder of a token for this repository can pull."""
    if not image.repository.startswith(f"{FREE_NAMESPACE}/"):
        return sorted(image.tags)
    return sorted(tag for tag in image.tags if tag in FREE_TAGS or _ARTIFACT_TAG.fullmatch(tag))


class PullApi:
    """Everything below ``/v2/``."""

    def __init__(
        self, store: ImageStore, bearers: Bearers, faults: ActiveFaults, link: Link
    ) -> None:
        self._store, self._bearers, self._faults = store, bearers, faults
        self._link = link

    async def answer(self, request: Request) -> Response | Streamed:
        path = request.scope["path"]
        if request.method not in ("GET", "HEAD"):
            raise refuse(
                405,
                "UNSUPPORTED",
                "The operation is unsupported.",
                headers={"Allow": "GET, HEAD"},
            )
        if path in ("/v2", "/v2/"):
            return self._ping(request)
        if path in ("/v2/_catalog", "/v2/_catalog/"):
            return self._catalog(request)
        route = _ROUTE.fullmatch(path)
        if route is None:
            raise refuse(404, "NAME_UNKNOWN", "Unknown name")
        name = route["name"]
        if len(name) > 255 or not _NAME.fullmatch(name):
            raise refuse(400, "NAME_INVALID", "invalid repository name", detail={"name": name})
        self._authorize(request, name)
        try:
            image = await self._store.find(name)
        except OSError as error:
            raise refuse(500, "UNKNOWN", f"cannot make this image: {error.strerror}") from error
        if image is None:
            raise refuse(404, "NAME_UNKNOWN", "Unknown name", detail={"name": name})
        if route["list"]:
            return self._tags(request, image)
        if route["history"]:
            return self._history(image, route["history"])
        reference = route["reference"]
        if (":" in reference or route["what"] != "manifests") and not _DIGEST.fullmatch(reference):
            raise refuse(400, "DIGEST_INVALID", "invalid digest", detail={"reference": reference})
        handle = {
            "manifests": self._manifest,
            "blobs": self._blob,
            "referrers": self._referrers,
        }[route["what"]]
        return handle(request, image, reference)

    def _ping(self, request: Request) -> Response:
        if self._bearer(request) is None:
            raise challenge(request)
        return JSONResponse({}, headers=API_VERSION)

    def _catalog(self, request: Request) -> Response:
        """[guess] No client may list cgr.dev: 401 without a token, 403 with any token."""
        if self._bearer(request) is None:
            raise challenge(request, "registry:catalog:*")
        raise refuse(403, "DENIED", DENIED)

    def _bearer(self, request: Request) -> frozenset[str] | None:
        """The repositories of the request's bearer token; None without a valid one."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        grant = self._bearers.read(token.strip())
        return None if grant is None else grant.repositories

    def _authorize(self, request: Request, name: str) -> None:
        granted = self._bearer(request)
        if granted is not None and name in granted:
            return
        error: Literal["", "invalid_token", "insufficient_scope"] = ""
        if granted is not None:
            error = "insufficient_scope"
        elif request.headers.get("authorization", "").lower().startswith("bearer "):
            error = "invalid_token"
        raise challenge(request, f"repository:{name}:pull", error=error)

    def _fail(self, place: Place, image: Image, *references: str) -> None:
        fail_if_asked(self._faults, place, image.repository, *references)

    def _manifest(self, request: Request, image: Image, reference: str) -> Response | Streamed:
        """A manifest or index; ``Accept`` is ignored.

        The specification lets a client announce what it understands and obliges the registry
        to nothing; cgr.dev, like most, does not convert.
        """
        digest = image.tags.get(reference, reference)
        self._fail("manifest", image, reference, digest)
        manifest = image.manifests.get(digest)
        if manifest is None:
            raise refuse(
                404, "MANIFEST_UNKNOWN", "Unknown manifest", detail={"reference": reference}
            )
        if reference in image.tags and reference not in visible_tags(image):
            raise refuse(403, "DENIED", DENIED)
        return self._send_manifest(request, image, manifest, reference)

    def _send_manifest(
        self, request: Request, image: Image, manifest: Manifest, reference: str
    ) -> Response | Streamed:
        def take(kind: type[R]) -> R | None:
            return self._faults.take(kind, "manifest", image.repository, reference, manifest.digest)

        digest, body = manifest.digest, manifest.body
        if wrong_digest := take(WrongDigestHeader):
            digest = wrong_digest.digest(digest)
        if wrong_manifest := take(ManifestMismatch):
            body = wrong_manifest.body(body)
        headers = {
            **API_VERSION,
            "Docker-Content-Digest": digest,
            "ETag": f'"{digest}"',
            "Content-Type": manifest.media_type,
        }
        if matches(request.headers.get("if-none-match", ""), manifest.digest):
            del headers["Content-Type"]
            return Response(status_code=304, headers=headers)
        cut, stall = take(CutAnswer), take(StalledAnswer)
        if request.method == "HEAD" or not (cut or stall):
            headers["Content-Length"] = str(len(body))
            content = b"" if request.method == "HEAD" else body
            return Response(content, headers=headers)
        return Streamed(200, headers, Body.of(body), self._faults, cut=cut, stall=stall)

    def _blob(self, request: Request, image: Image, digest: str) -> Response:
        self._fail("link", image, digest)
        size = image.blobs.get(digest)
        if size is None:
            raise refuse(404, "BLOB_UNKNOWN", "Unknown blob", detail={"digest": digest})
        shown = digest
        if fault := self._faults.take(WrongDigestHeader, "link", image.repository, digest):
            shown = fault.digest(digest)
        headers = {**API_VERSION, "Docker-Content-Digest": shown, "ETag": f'"{shown}"'}
        if request.method == "HEAD":
            # [guess] HEAD is answered here; only what has a body is redirected.
            headers |= {
                "Content-Length": str(size),
                "Content-Type": "application/octet-stream",
                "Accept-Ranges": "bytes",
            }
            return Response(headers=headers)
        headers["Location"] = self._link(request, image.repository, digest)
        return Response(status_code=307, headers=headers)

    def _tags(self, request: Request, image: Image) -> Response:
        tags = visible_tags(image)
        last = request.query_params.get("last", "")
        if last:
            tags = [tag for tag in tags if tag > last]
        headers = dict(API_VERSION)
        asked = request.query_params.get("n", "")
        if asked:
            if not _NUMBER.fullmatch(asked):
                raise refuse(
                    400,
                    "PAGINATION_NUMBER_INVALID",
                    "invalid number of results requested",
                    detail={"n": asked},
                )
            page = tags[: int(asked)]
            if page and len(page) < len(tags):
                where = f"/v2/{image.repository}/tags/list?last={page[-1]}&n={asked}"
                headers["Link"] = f'<{where}>; rel="next"'
            tags = page
        return JSONResponse({"name": image.repository, "tags": tags}, headers=headers)

    def _history(self, image: Image, tag: str) -> Response:
        """Chainguard's tag history: what a tag pointed to since when, newest first."""
        if tag not in visible_tags(image):
            raise refuse(404, "MANIFEST_UNKNOWN", "Unknown manifest", detail={"tag": tag})
        entry = {"updateTimestamp": "2026-08-01T00:00:00.000Z", "digest": image.tags[tag]}
        return JSONResponse({"history": [entry]}, headers=API_VERSION)

    def _referrers(self, request: Request, image: Image, digest: str) -> Response:
        found = image.referrers.get(digest, [])
        headers = {**API_VERSION, "Content-Type": INDEX}
        kind = request.query_params.get("artifactType", "")
        if kind:
            found = [descriptor for descriptor in found if descriptor["artifactType"] == kind]
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
        return Response(json.dumps(index, separators=(",", ":")), headers=headers)
