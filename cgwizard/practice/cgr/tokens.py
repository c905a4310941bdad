"""Pull tokens, and the short-lived bearer tokens that they are exchanged for.

A pull token looks as Chainguard's do: username `<40 hex>/<16 hex>`, password a JWT signed with
RS256. The signature is random: this registry remembers its tokens, so it needs no key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from cgwizard.secrets.secret import Credentials, Secret

Clock = Callable[[], float]
PULL_TOKEN_LIFE = timedelta(days=30)  # chainctl's default
BEARER_SECONDS = 300
_ISSUER = "https://issuer.enforce.dev"


def organization_id(organization: str) -> str:
    """The UIDP of an organization: 40 hex digits, the same in every practice world."""
    return hashlib.sha256(organization.encode()).hexdigest()[:40]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(claims: Mapping[str, object]) -> str:
    return _base64(json.dumps(claims, separators=(",", ":")).encode())


class TokenRefused(Exception):
    """A pull token that does not open anything, and why."""

    def __init__(self, reason: Literal["unknown", "expired"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Issued:
    password_hash: bytes
    organization: str
    expires: float


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass
class TokenBook:
    """The pull tokens that were issued. Usable from any thread."""

    clock: Clock = time.time
    _issued: dict[str, _Issued] = field(default_factory=dict, repr=False)
    _organizations: set[str] = field(default_factory=set, repr=False)

    def issue(self, organization: str, ttl: timedelta = PULL_TOKEN_LIFE) -> Credentials:
        """A new pull token; with a negative ``ttl`` it has expired already."""
        self._organizations.add(organization)
        now = int(self.clock())
        expires = now + int(ttl.total_seconds())
        subject = f"{organization_id(organization)}/{secrets.token_hex(8)}"
        claims = {
            "aud": _ISSUER,
            "exp": expires,
            "iat": min(now, expires),
            "iss": _ISSUER,
            "jti": secrets.token_hex(16),
            "nbf": min(now, expires),
            "practice": f"pull token of {organization}, made for practice",
            "sub": subject,
        }
        # 256 bytes are what a 2048-bit RSA key signs with.
        password = ".".join(
            (_part({"alg": "RS256"}), _part(claims), _base64(secrets.token_bytes(256)))
        )
        self._issued[subject] = _Issued(_hash(password), organization, expires)
        return Credentials(subject, Secret(password))

    def expired(self, organization: str) -> Credentials:
        """A pull token that expired an hour ago."""
        return self.issue(organization, timedelta(hours=-1))

    def revoke(self, credentials: Credentials) -> None:
        """Forget a pull token, as deleting its identity does; its expiry date stays readable."""
        self._issued.pop(credentials.username, None)

    def knows(self, organization: str) -> bool:
        """Whether there is such an organization: one that a token was ever issued for."""
        return organization in self._organizations

    def check(self, username: str, password: Secret) -> str:
        """The organization that a pull token opens. Raises TokenRefused."""
        issued = self._issued.get(username)
        given = _hash(password.reveal())
        if issued is None or not hmac.compare_digest(issued.password_hash, given):
            raise TokenRefused("unknown")
        if issued.expires <= self.clock():
            raise TokenRefused("expired")
        return issued.organization


@dataclass(frozen=True)
class Grant:
    """What a bearer token allows: pulling from these repositories."""

    repositories: frozenset[str]


class Bearers:
    """Bearer tokens. Each is valid for its repositories and its time, from any client."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self.seconds = BEARER_SECONDS

    def issue(self, repositories: frozenset[str]) -> str:
        now = int(self._clock())
        head = _part({"alg": "HS256", "typ": "JWT"})
        access = [
            {"type": "repository", "name": name, "actions": ["pull"]}
            for name in sorted(repositories)
        ]
        body = _part({"access": access, "exp": now + self.seconds, "iat": now, "iss": "cgr.dev"})
        return f"{head}.{body}.{self._signature(f'{head}.{body}')}"

    def read(self, token: str) -> Grant | None:
        """The grant of a token that was issued here and is still valid, else None."""
        signed, _, signature = token.rpartition(".")
        expected = self._signature(signed)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        body = signed.partition(".")[2]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if claims["exp"] <= self._clock():
            return None
        return Grant(frozenset(access["name"] for access in claims["access"]))

    def _signature(self, signed: str) -> str:
        return _base64(hmac.new(self._key, signed.encode(), hashlib.sha256).digest())
