"""Pull tokens for tests: shaped like the real ones, signed with bytes that mean nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

from cgwizard.secrets.secret import Credentials, Secret

USERNAME = "45a0c61ea6fd977f050c5fb9ac06a69eed764595/095b0c7ea9d68679"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_jwt(
    *,
    issued: datetime = NOW,
    expires: datetime | None = NOW + timedelta(days=30),
    issuer: str = "https://pulltoken.issuer.chainguard.dev",
    signature: bytes = bytes(range(256)) * 2,
    algorithm: str = "RS256",
) -> str:
    claims: dict[str, object] = {"aud": "https://issuer.enforce.dev", "iss": issuer}
    if expires is not None:
        claims["exp"] = int(expires.timestamp())
    claims["iat"] = int(issued.timestamp())
    claims["sub"] = "pull-token-01cc0890c097ff3950521f85afba2d500c48419a"
    parts = [
        json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": algorithm}, claims)
    ]
    return ".".join([*map(encode, parts), encode(signature)])


JWT = make_jwt()


def credentials() -> Credentials:
    return Credentials(USERNAME, Secret(JWT))
