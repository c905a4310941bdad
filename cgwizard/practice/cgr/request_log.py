"""The requests that were received, for tests and lessons, without secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cgwizard.secrets.secret import Credentials, Secret

MAX_RECORDS = 20_000  # requests; the oldest tenth is dropped when there are more


@dataclass
class RequestRecord:
    """One request. ``status`` is 0 until the answer begins."""

    side: Literal["registry", "blobs"]
    method: str
    path: str  # without its query, which may carry a signature
    host: str
    authorization: str = ""  # "", "basic", "bearer" or another scheme
    user: str = ""  # of Basic
    scopes: tuple[str, ...] = ()  # of a token request
    range: str = ""
    user_agent: str = ""
    status: int = 0


def basic_credentials(authorization: str) -> Credentials | None:
    """User and password of a Basic header; None when it is not a well-formed one."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = text.partition(":")
    return Credentials(user, Secret(password)) if colon else None


def record_of(
    side: Literal["registry", "blobs"], method: str, path: str, headers: Mapping[str, str]
) -> RequestRecord:
    """A record of a request by its headers (names in lower case)."""
    authorization = headers.get("authorization", "")
    credentials = basic_credentials(authorization)
    user = credentials.username if credentials else ""
    return RequestRecord(
        side,
        method,
        path,
        headers.get("host", ""),
        authorization.partition(" ")[0].lower(),
        # Users swap the two fields by mistake: then the name is the secret.
        "(a token)" if user.startswith("eyJ") else user,
        range=headers.get("range", ""),
        user_agent=headers.get("user-agent", ""),
    )
