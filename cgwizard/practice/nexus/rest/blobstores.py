"""Blob stores of the type File, with their soft quotas."""

from __future__ import annotations

import shutil
from typing import Any

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.models import BlobStore
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.validation import Shape, name_rule, part, text, whole

routes = Routes("Blob store")

MEGABYTE = 1_000_000  # Nexus counts a quota's megabytes in powers of ten
QUOTA: Shape = {
    "type": text(filled=True, one_of=("spaceUsedQuota", "spaceRemainingQuota")),
    "limit": whole(0, required=True),
}
CHANGE: Shape = {"path": text(), "softQuota": part(QUOTA)}
NEW: Shape = {"name": text(rules=(name_rule,))} | dict(CHANGE)


def _usage(call: Call, store: BlobStore) -> tuple[int, int]:
    """How many blobs lie in ``store``, and their bytes; a blob counts once."""
    docker = call.state.docker
    if docker is None:
        return 0, 0
    blobs: dict[str, int] = {}
    for repository in call.state.repositories.values():
        if repository.format == "docker":
            if repository.settings["storage"]["blobStoreName"] != store.name:
                continue
            blobs |= {asset.sha256: asset.size for asset in docker.assets(repository)}
    return len(blobs), sum(blobs.values())


def _free(call: Call) -> int:
    return shutil.disk_usage(call.state.data).free


@routes.add("GET", "/v1/blobstores", access="nexus:blobstores:read")
def list_blob_stores(call: Call) -> Response:
    return reply([_listed(call, store) for store in call.state.blob_stores.values()])


def _listed(call: Call, store: BlobStore) -> dict[str, Any]:
    count, size = _usage(call, store)
    return {
        "softQuota": store.soft_quota,
        "name": store.name,
        "type": "File",
        "unavailable": False,
        "blobCount": count,
        "totalSizeInBytes": size,
        "availableSpaceInBytes": _free(call),
    }


@routes.add("POST", "/v1/blobstores/file", access="nexus:blobstores:create", shape=NEW, status=204)
def create_blob_store(call: Call) -> Response:
    data = call.members(NEW)
    name, path = data["name"], data["path"]
    found = []
    if not name:
        found.append(errors.Violation("name", "Name is required"))
    elif name.casefold() in {other.casefold() for other in call.state.blob_stores}:
        message = "Name is already used, must be unique (ignoring case)"
        found.append(errors.Violation("name", message))
    if not path:
        found.append(errors.Violation("path", "Path is required"))
    if found:
        raise errors.invalid(*found)
    call.state.blob_stores[name] = BlobStore(name, path, data["softQuota"])
    return done()


@routes.add("GET", "/v1/blobstores/file/{name}", access="nexus:blobstores:read")
def get_blob_store(call: Call) -> Response:
    store = _find(call)
    return reply({"softQuota": store.soft_quota, "path": store.path})


@routes.add(
    "PUT",
    "/v1/blobstores/file/{name}",
    access="nexus:blobstores:update",
    shape=CHANGE,
    status=204,
)
def update_blob_store(call: Call) -> Response:
    data = call.members(CHANGE)
    store = _find(call)
    if not data["path"]:
        raise errors.invalid(errors.Violation("path", "Path is required"))
    store.path, store.soft_quota = data["path"], data["softQuota"]
    return done()


@routes.add("DELETE", "/v1/blobstores/{name}", access="nexus:blobstores:delete", status=204)
def delete_blob_store(call: Call) -> Response:
    store = _find(call)
    if any(
        repository.settings["storage"]["blobStoreName"] == store.name
        for repository in call.state.repositories.values()
    ):
        raise errors.refused(f"Blob store {store.name} is in use and cannot be deleted")
    del call.state.blob_stores[store.name]
    return done()


@routes.add("GET", "/v1/blobstores/{name}/quota-status", access="nexus:blobstores:read")
def quota_status(call: Call) -> Response:
    store = _find(call)
    violated, message = _quota(call, store)
    return reply({"isViolation": violated, "message": message, "blobStoreName": store.name})


def _quota(call: Call, store: BlobStore) -> tuple[bool, str]:
    quota: Json = store.soft_quota
    if not quota:
        return False, f"Blob store {store.name} has no quota"
    # The API speaks of megabytes and keeps the number that it was given.
    limit = quota["limit"] * MEGABYTE
    if quota["type"].lower() == "spaceusedquota":
        used = _usage(call, store)[1]
        message = f"Blob store {store.name} is using {used} bytes space and has a limit of {limit}"
        return used > limit, message
    free = _free(call)
    message = f"Blob store {store.name} has {free} bytes space left and a limit of {limit}"
    return free < limit, message


def _find(call: Call) -> BlobStore:
    store = call.state.blob_stores.get(call.params["name"])
    if store is None:
        raise errors.refused("Blob store not found", 404)
    return store
