"""Search over all repositories: by which parameters a component is found, and how soon."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from starlette.responses import RedirectResponse, Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.errors import Violation
from cgwizard.practice.nexus.rest.components import (
    Component,
    assets_of,
    components_of,
    page,
    shown_asset,
    shown_component,
)
from cgwizard.practice.nexus.rest.repositories import allowed, require_someone
from cgwizard.practice.nexus.routing import Call, Routes

routes = Routes("Search")

PAGE_SIZE = 50
_IGNORED = {"sort", "direction", "continuationToken", "timeout"}
_NAMES = ("name", "docker.imageName")
_VERSIONS = ("version", "docker.imageTag")


def _may_search(call: Call) -> bool:
    """False before 3.77 for a caller without credentials, who finds nothing there."""
    require_someone(call)
    if call.permits("nexus:search:read"):
        return True
    if call.user is None and not call.state.anonymous.enabled:
        return False
    raise call.refuse()


def _check_wildcards(call: Call) -> None:
    if call.state.version < (3, 77, 0):
        return
    for key, value in call.query.items():
        if key in _IGNORED or "*" not in value:
            continue
        if value.startswith("*"):
            raise errors.invalid(Violation("*", "Leading wildcards are prohibited"))
        if value.index("*") < 3:
            message = "3 characters or more are required with a trailing wildcard (*)"
            raise errors.invalid(Violation("*", message))


def _matches(wanted: str, value: str) -> bool:
    if len(wanted) > 1 and wanted.startswith('"') and wanted.endswith('"'):
        return value == wanted[1:-1]
    if "*" in wanted or "?" in wanted:
        return fnmatch.fnmatchcase(value.lower(), wanted.lower().replace("[", "[[]"))
    return value == wanted


def _found(call: Call) -> list[Component]:
    query = {key: value for key, value in call.query.items() if value and key not in _IGNORED}
    found = [c for c in _candidates(call, query) if _is_match(call, query, c)]
    descending = call.query.get("direction", "asc").lower() == "desc"
    keys = {
        "name": lambda c: (c.name, c.version),
        "version": lambda c: (c.version, c.name),
        "repository": lambda c: (c.repository.name, c.name, c.version),
        "group": lambda c: (c.name, c.version),
    }
    sort = call.query.get("sort", "")
    if sort == "version" and not call.query.get("direction"):
        descending = True
    return sorted(found, key=keys.get(sort, keys["repository"]), reverse=descending)


def _candidates(call: Call, query: dict[str, str]) -> Iterator[Component]:
    seen_before = datetime.now(UTC) - timedelta(seconds=call.state.search_lag)
    for repository in allowed(call, "view", "browse"):
        if "repository" in query and not _matches(query["repository"], repository.name):
            continue
        if "format" in query and query["format"] != repository.format:
            continue
        for component in components_of(call, repository):
            if component.asset.created.astimezone(UTC) <= seen_before:
                yield component


def _is_match(call: Call, query: dict[str, str], component: Component) -> bool:
    digest = component.asset.sha256.removeprefix("sha256:")
    for key, value in query.items():
        if key in _NAMES:
            fits = _matches(value, component.name)
        elif key in _VERSIONS:
            fits = _matches(value, component.version)
        elif key in {"docker.contentDigest", "sha256"}:
            fits = value.removeprefix("sha256:") == digest
        elif key == "docker.layerId":
            fits = _has_blob(call, component, value)
        elif key == "group":
            fits = _matches(value, "")
        elif key in {"q", "keyword"}:
            words = f"{component.name} {component.version} {component.repository.name}".lower()
            fits = all(word.strip("*").lower() in words for word in value.split())
        else:
            # Members of other formats, and docker's that are not kept here (os, architecture).
            fits = key in {"repository", "format"} or not _selects(key)
        if not fits:
            return False
    return True


def _selects(key: str) -> bool:
    """Whether an unknown parameter narrows a search: those of another format do."""
    return "." in key and not key.startswith("docker.")


def _has_blob(call: Call, component: Component, wanted: str) -> bool:
    digest = wanted.removeprefix("sha256:")
    blobs = (a for a in assets_of(call, component.repository) if "/blobs/" in a.path)
    return any(asset.sha256.removeprefix("sha256:") == digest for asset in blobs)


@routes.add("GET", "/v1/search")
def search(call: Call) -> Response:
    allowed_to = _may_search(call)
    _check_wildcards(call)
    found = _found(call) if allowed_to else []
    return page(call, found, PAGE_SIZE, lambda item: shown_component(call, item))


@routes.add("GET", "/v1/search/assets")
def search_assets(call: Call) -> Response:
    allowed_to = _may_search(call)
    _check_wildcards(call)
    found = _found(call) if allowed_to else []
    return page(call, found, PAGE_SIZE, lambda item: shown_asset(call, item.repository, item.asset))


@routes.add("GET", "/v1/search/assets/download", status=302)
def download(call: Call) -> Response:
    """A redirect to the one asset that is found; 400 for several without ``sort``."""
    allowed_to = _may_search(call)
    _check_wildcards(call)
    found = _found(call) if allowed_to else []
    if not found:
        raise errors.not_found()
    if len(found) > 1 and not call.query.get("sort"):
        raise errors.ErrorResponse(400)
    asset = shown_asset(call, found[0].repository, found[0].asset)
    return RedirectResponse(asset["downloadUrl"], 302)
