"""How Nexus reports errors: the shapes of the body, and the header with the ID of the log line.

There are three shapes for a refused body (an array of violations, one object, an object in
quotes), a short JSON fault without a message, plain text for what was not foreseen, and HTML
from the web server in front of the REST API.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.responses import Response

EULA = (
    "You must accept the End User License Agreement (EULA) through the onboarding wizard or"
    " REST API before proceeding."
)
VIOLATIONS = "application/vnd.siesta-validation-errors-v1+json"


@dataclass(frozen=True)
class Violation:
    """``id`` is ``PARAMETER``, ``FIELD`` or ``PROPERTY``, a space and the member; or ``*``."""

    id: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"id": self.id, "message": self.message}


@dataclass
class ErrorResponse(Exception):
    """An answer that is an error. ``body`` None: the short JSON fault, or nothing before 3.77."""

    status: int
    body: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()


def not_found() -> ErrorResponse:
    return ErrorResponse(404)


def forbidden() -> ErrorResponse:
    """Signed in and not allowed: without a body, in every version."""
    return ErrorResponse(403, b"")


def unauthorized() -> ErrorResponse:
    """Credentials are missing or wrong."""
    headers = {"WWW-Authenticate": 'BASIC realm="Sonatype Nexus Repository Manager"'}
    return ErrorResponse(401, b"", headers=headers)


def invalid(*violations: Violation) -> ErrorResponse:
    """Shape 1 and 3: bean validation of the body, or of a facet's configuration."""
    return ErrorResponse(400, violations=violations)


def parameter(name: str, message: str) -> ErrorResponse:
    return invalid(Violation(f"PARAMETER {name}", message))


def refused(message: str, status: int = 400) -> ErrorResponse:
    """Shape 2: one object whose message carries its own quotes (WebApplicationMessageException)."""
    body = {"id": "*", "message": f'"{message}"'}
    return ErrorResponse(status, json.dumps(body, ensure_ascii=False).encode())


def refused_as_text(message: str, status: int = 400) -> ErrorResponse:
    """Shape 2 where the code names no media type: the text of the Java object."""
    text = f"ValidationErrorXO{{id='*', message='\"{message}\"'}}"
    return ErrorResponse(status, text.encode(), "text/plain")


def unreadable(message: str) -> ErrorResponse:
    """Malformed JSON."""
    body = {"id": "*", "message": f"Could not process the input: {message}"}
    return ErrorResponse(400, json.dumps(body).encode())


def unexpected(exception: str) -> ErrorResponse:
    """What Nexus did not foresee: the exception's text, with the ID of the log line."""
    return ErrorResponse(500, f"ERROR: (ID {{id}}) {exception}".encode(), "text/plain")


def read_only() -> ErrorResponse:
    text = b"Nexus Repository Manager is in read-only mode: (ID {id})"
    return ErrorResponse(503, text, "text/plain")


def html(status: int, title: str, text: str) -> ErrorResponse:
    return ErrorResponse(status, page(f"{status} - {title}", text), "text/html;charset=utf-8")


def locked_out(retry_after: int) -> ErrorResponse:
    fault = html(429, "Nexus Repository Manager", "Too many authentication attempts")
    fault.headers["Retry-After"] = str(retry_after)
    return fault


def page(title: str, text: str) -> bytes:
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><title>{title}</title><meta charset="utf-8"/></head>\n'
        f"<body><h1>{title}</h1><p>{text}</p></body></html>\n"
    ).encode()


def answer(fault: ErrorResponse, accept: str, *, with_json_faults: bool) -> Response:
    """The response for ``fault``; ``with_json_faults`` is false for servers before 3.77."""
    fault_id = str(uuid.uuid4())
    body, content_type = fault.body, fault.content_type
    headers = dict(fault.headers)
    if not content_type.startswith("text/html"):
        headers["X-Siesta-FaultId"] = fault_id
    if fault.violations:
        body = json.dumps([v.as_dict() for v in fault.violations], ensure_ascii=False).encode()
        if "application/json" not in accept:
            content_type = VIOLATIONS
    elif body is None:
        body = b""
        if with_json_faults:
            message = HTTPStatus(fault.status).name
            body = json.dumps(
                {"status-code": fault.status, "siesta-faultid": fault_id, "status-message": message}
            ).encode()
    body = body.replace(b"{id}", fault_id.encode()) if content_type == "text/plain" else body
    return Response(body, fault.status, headers=headers, media_type=content_type if body else None)
