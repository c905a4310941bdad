"""Capabilities: kept, without effect."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.validation import MemberSpec, Shape, flag, text

routes = Routes("System")

CAPABILITY: Shape = {
    "type": text(filled=True),
    "notes": text(default=""),
    "enabled": flag(default=True),
    "properties": MemberSpec("map", default={}),
}
CAPABILITIES_SINCE = (3, 84, 0)


def _shown_capability(capability: dict[str, Any]) -> Json:
    enabled = capability["enabled"]
    return capability | {
        "typeName": capability["type"],
        "active": enabled,
        "error": False,
        "state": "active" if enabled else "disabled",
        "stateDescription": "Active" if enabled else "Disabled",
        "description": "",
        "status": None,
        "tags": {},
    }


@routes.add("GET", "/v1/capabilities", access="nexus:capabilities:read", since=CAPABILITIES_SINCE)
def list_capabilities(call: Call) -> Response:
    return reply([_shown_capability(c) for c in call.state.capabilities.values()])


@routes.add(
    "POST",
    "/v1/capabilities",
    access="nexus:capabilities:create",
    shape=CAPABILITY,
    since=CAPABILITIES_SINCE,
)
def create_capability(call: Call) -> Response:
    capability = {"id": str(uuid.uuid4()), **call.members(CAPABILITY)}
    call.state.capabilities[capability["id"]] = capability
    return reply(_shown_capability(capability))


@routes.add(
    "PUT",
    "/v1/capabilities/{capabilityId}",
    access="nexus:capabilities:update",
    shape=CAPABILITY,
    since=CAPABILITIES_SINCE,
    status=204,
)
def update_capability(call: Call) -> Response:
    _capability(call).update(call.members(CAPABILITY))
    return done()


@routes.add(
    "DELETE",
    "/v1/capabilities/{capabilityId}",
    access="nexus:capabilities:delete",
    since=CAPABILITIES_SINCE,
    status=204,
)
def delete_capability(call: Call) -> Response:
    del call.state.capabilities[_capability(call)["id"]]
    return done()


def _capability(call: Call) -> dict[str, Any]:
    capability = call.state.capabilities.get(call.params["capabilityId"])
    if capability is None:
        raise errors.not_found()
    return capability
