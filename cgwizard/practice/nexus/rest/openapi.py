"""The server's own description of its API: OpenAPI 3.0.1, or Swagger 2.0 in older versions."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from cgwizard.practice.nexus.routing import Call, Route, Routes, reply
from cgwizard.practice.nexus.validation import MemberSpec, Shape

routes = Routes("Documentation")


@routes.add("GET", "/swagger.json")
def document(call: Call) -> Response:
    from cgwizard.practice.nexus.server import TABLE

    modern = call.state.version >= (3, 77, 0)
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for route in TABLE.routes:
        if route.exists(call.state) and route.path.startswith("/v1/"):
            operation = _operation(route, schemas, modern=modern)
            paths.setdefault(route.path, {})[route.method.lower()] = operation
    info = {"title": "Nexus Repository Manager REST API", "version": call.state.version_text}
    tags = [{"name": tag} for tag in dict.fromkeys(route.tag for route in TABLE.routes)]
    if modern:
        head: dict[str, Any] = {"openapi": "3.0.1", "servers": [{"url": "/service/rest/"}]}
        tail: dict[str, Any] = {"components": {"schemas": schemas}}
    else:
        head = {"swagger": "2.0", "basePath": "/service/rest/"}
        tail = {"definitions": schemas}
    return reply({**head, "info": info, "tags": tags, "paths": paths, **tail})


def _operation(route: Route, schemas: dict[str, Any], *, modern: bool) -> dict[str, Any]:
    parameters = [
        _parameter(part[1:-1], modern=modern)
        for part in route.path.split("/")
        if part.startswith("{")
    ]
    operation: dict[str, Any] = {
        "tags": [route.tag],
        "operationId": _operation_id(route),
        "parameters": parameters,
        "responses": {str(route.status): {"description": "Success"}},
    }
    if route.access is not None:
        operation["responses"] |= {
            "401": {"description": "Authentication required"},
            "403": {"description": "Insufficient permissions"},
        }
    if route.shape is not None:
        operation["responses"]["400"] = {"description": "The body was refused"}
        name = _operation_id(route)[0].upper() + _operation_id(route)[1:] + "Request"
        schemas[name] = _schema(route.shape)
        if modern:
            reference = {"$ref": f"#/components/schemas/{name}"}
            content = {route.takes: {"schema": reference}}
            operation["requestBody"] = {"content": content, "required": True}
        else:
            reference = {"$ref": f"#/definitions/{name}"}
            operation["consumes"] = [route.takes]
            parameters.append({"in": "body", "name": "body", "required": True, "schema": reference})
    elif route.takes and modern:
        content = {route.takes: {"schema": {"type": "string"}}}
        operation["requestBody"] = {"content": content, "required": True}
    return operation


def _parameter(name: str, *, modern: bool) -> dict[str, Any]:
    place = {"name": name, "in": "path", "required": True}
    return {**place, "schema": {"type": "string"}} if modern else {**place, "type": "string"}


def _operation_id(route: Route) -> str:
    words = [word.strip("{}") for word in route.path.removeprefix("/v1/").split("/")]
    parts = [piece for word in words for piece in word.replace("-", " ").replace(".", " ").split()]
    return route.method.lower() + "".join(piece[0].upper() + piece[1:] for piece in parts)


_TYPES = {"text": "string", "whole": "integer", "flag": "boolean"}


def _schema(shape: Shape) -> dict[str, Any]:
    required = [key for key, member in shape.items() if member.required or member.filled]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: _member(member) for key, member in shape.items()},
    }
    if required:
        schema["required"] = required
    return schema


def _member(member: MemberSpec) -> dict[str, Any]:
    if member.shape is not None:
        return _schema(member.shape)
    if member.kind == "texts":
        return {"type": "array", "items": {"type": "string"}}
    if member.kind == "map":
        return {"type": "object", "additionalProperties": {"type": "string"}}
    schema: dict[str, Any] = {"type": _TYPES[member.kind]}
    if member.minimum is not None:
        schema["minimum"] = member.minimum
    if member.maximum is not None:
        schema["maximum"] = member.maximum
    if member.one_of:
        schema["enum"] = list(member.one_of)
    return schema
