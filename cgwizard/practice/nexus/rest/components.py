"""What is in a repository: components (one a tag) and assets (manifests and blobs)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.rest.repositories import view
from cgwizard.practice.nexus.routing import Call, Json, Routes, reply

if TYPE_CHECKING:
    from cgwizard.practice.docker.store import Asset
    from cgwizard.practice.nexus.models import Repository

routes = Routes("components")

_MANIFESTS = "/manifests/"


@dataclass(frozen=True)
class Component:
    """A tag, and the asset that is its manifest."""

    repository: Repository
    name: str  # "chainguard/wolfi-base"
    version: str  # "latest"
    asset: Asset

    @property
    def id(self) -> str:
        return identifier(self.repository, f"{self.name}:{self.version}")


def identifier(repository: Repository, inside: str) -> str:
    """An opaque id as Nexus makes them: base64url of ``repository:internal-id``."""
    internal = hashlib.md5(inside.encode(), usedforsecurity=False).hexdigest()
    return base64.urlsafe_b64encode(f"{repository.name}:{internal}".encode()).decode().rstrip("=")


def asset_id(repository: Repository, asset: Asset) -> str:
    return identifier(repository, "asset " + asset.path)


def assets_of(call: Call, repository: Repository) -> list[Asset]:
    if call.state.docker is None or repository.format != "docker":
        return []
    return sorted(call.state.docker.assets(repository), key=lambda asset: asset.path)


def components_of(call: Call, repository: Repository) -> Iterator[Component]:
    for asset in assets_of(call, repository):
        if (named := tag_of(asset)) is not None:
            yield Component(repository, *named, asset)


def tag_of(asset: Asset) -> tuple[str, str] | None:
    """Image name and tag of a tag's manifest; None for blobs and manifests by digest."""
    before, found, reference = asset.path.rpartition(_MANIFESTS)
    if not found or ":" in reference:
        return None
    return before.removeprefix("/v2/").removeprefix("v2/"), reference


def shown_component(call: Call, component: Component) -> Json:
    return {
        "id": component.id,
        "repository": component.repository.name,
        "format": component.repository.format,
        "group": "",
        "name": component.name,
        "version": component.version,
        "assets": [shown_asset(call, component.repository, component.asset)],
        "tags": [],
    }


def shown_asset(call: Call, repository: Repository, asset: Asset) -> Json:
    new = call.state.version >= (3, 77, 0)
    path = asset.path if call.state.version >= (3, 71, 0) else asset.path.lstrip("/")
    shown: dict[str, Json] = {
        "downloadUrl": f"{call.base_url}/repository/{repository.name}/{asset.path.lstrip('/')}",
        "path": path,
        "id": asset_id(repository, asset),
        "repository": repository.name,
        "format": repository.format,
        "checksum": {"sha256": asset.sha256.removeprefix("sha256:")},
        "contentType": asset.content_type,
        "lastModified": _time(asset.last_modified),
        "lastDownloaded": _time(asset.last_downloaded),
        "uploader": "admin" if repository.type == "hosted" else "anonymous",
        "uploaderIp": "127.0.0.1",
        "fileSize": asset.size,
        "blobCreated": _time(asset.created) if new else None,
        "blobStoreName": repository.settings["storage"]["blobStoreName"] if new else None,
    }
    if new:
        shown |= {
            "blobUpdated": _time(asset.last_modified),
            "blobRef": None,
            "lastVerified": None,
            "registryUrl": None,
        }
        digest = "sha256:" + asset.sha256.removeprefix("sha256:")
        is_manifest = _MANIFESTS in asset.path
        shown["docker"] = {"content_digest": digest} if is_manifest else {}
    return shown


def _time(moment: datetime | None) -> str | None:
    """2026-09-26T16:15:25.622+00:00"""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def page(call: Call, items: list[Json], size: int, show: Callable[[Json], Json]) -> Response:
    """One page of ``items``; the token of the next one is opaque and belongs to this list."""
    token = call.query.get("continuationToken")
    start = 0
    if token:
        try:
            start = int(token, 16) - _SALT
        except ValueError:
            start = -1
        if not 0 < start <= max(len(items), 1):
            raise errors.ErrorResponse(406)
    shown = [show(item) for item in items[start : start + size]]
    end = start + size
    more = f"{end + _SALT:032x}" if end < len(items) else None
    return reply({"items": shown, "continuationToken": more})


_SALT = 0x5A0A_7E17  # a token should not look like a number to count with


def _page_size(call: Call) -> int:
    return 100 if call.state.version >= (3, 77, 0) else 10


def _repository(call: Call) -> Repository:
    """The repository of the query, which the caller may see."""
    name = call.query.get("repository")
    if not name:
        raise errors.ErrorResponse(422)
    repository = call.state.find(name)
    if repository is None:
        raise errors.not_found() if call.user is not None else call.refuse()
    if not may_see(call, repository):
        raise call.refuse()
    return repository


def may_see(call: Call, repository: Repository) -> bool:
    return any(call.permits(view(repository, action)) for action in ("browse", "read"))


@routes.add("GET", "/v1/components")
def list_components(call: Call) -> Response:
    found = list(components_of(call, _repository(call)))
    return page(call, found, _page_size(call), lambda item: shown_component(call, item))


@routes.add("GET", "/v1/assets")
def list_assets(call: Call) -> Response:
    repository = _repository(call)
    found = assets_of(call, repository)
    return page(call, found, _page_size(call), lambda item: shown_asset(call, repository, item))


@routes.add("GET", "/v1/components/{id}")
def get_component(call: Call) -> Response:
    repository = _repository_of(call)
    for component in components_of(call, repository):
        if component.id == call.params["id"]:
            return reply(shown_component(call, component))
    raise errors.not_found()


@routes.add("GET", "/v1/assets/{id}")
def get_asset(call: Call) -> Response:
    repository = _repository_of(call)
    for asset in assets_of(call, repository):
        if asset_id(repository, asset) == call.params["id"]:
            return reply(shown_asset(call, repository, asset))
    raise errors.not_found()


def _repository_of(call: Call) -> Repository:
    """The repository that an id names; 422 for what is no id."""
    text = call.params["id"]
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        raise errors.ErrorResponse(422) from None
    name, colon, _ = decoded.partition(":")
    if not colon:
        raise errors.ErrorResponse(422)
    repository = call.state.find(name)
    if repository is None:
        raise errors.not_found()
    if not may_see(call, repository):
        raise call.refuse()
    return repository
