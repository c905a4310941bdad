"""Answers of the registry: errors in the form of the distribution specification."""

from __future__ import annotations

import json
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from cgwizard.practice.faults.base import ActiveFaults, Place
from cgwizard.practice.faults.error_status import ErrorStatus

ErrorCode = Literal[
    "BLOB_UNKNOWN",
    "DENIED",
    "DIGEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "PAGINATION_NUMBER_INVALID",
    "TOOMANYREQUESTS",
    "UNAUTHORIZED",
    "UNKNOWN",
    "UNSUPPORTED",
]
API_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
SERVICE = "cgr.dev"
# The standard text: with it docker shows the bare word `denied`, as for the real registry.
DENIED = "requested access to the resource is denied"


class Refusal(Exception):
    """Ends the handling of a request; the server sends ``response``."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def refuse(
    status: int,
    code: ErrorCode,
    message: str,
    *,
    detail: object = None,
    headers: dict[str, str] | None = None,
) -> Refusal:
    error: dict[str, object] = {"code": code, "message": message}
    if detail is not None:
        error["detail"] = detail
    return Refusal(
        Response(
            json.dumps({"errors": [error]}, separators=(",", ":")),
            status,
            {**API_VERSION, **(headers or {})},
            "application/json",
        )
    )


def fail_if_asked(faults: ActiveFaults, place: Place, repository: str, *references: str) -> None:
    """Raise the `Refusal` of a fault that happens to this request."""
    fault = faults.take(ErrorStatus, place, repository, *references)
    if fault is None:
        return
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.status == 429:
        raise refuse(429, "TOOMANYREQUESTS", "too many requests", headers=headers)
    raise refuse(fault.status, "UNKNOWN", "practice fault", headers=headers)


def challenge(request: Request, scope: str = "", *, error: str = "") -> Refusal:
    """401 that names the token endpoint under the address that the client used."""
    scheme = request.headers.get("x-forwarded-proto", request.scope["scheme"])
    scheme = scheme.partition(",")[0].strip()
    host = request.headers.get("host") or ":".join(map(str, request.scope["server"]))
    parameters = [f'realm="{scheme}://{host}/token"', f'service="{SERVICE}"']
    if scope:
        parameters.append(f'scope="{scope}"')
    if error:
        parameters.append(f'error="{error}"')
    return refuse(
        401,
        "UNAUTHORIZED",
        "authentication required",
        headers={"WWW-Authenticate": f"Bearer {','.join(parameters)}"},
    )
