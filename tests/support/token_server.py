"""A token endpoint that docker-registry believes, and that counts who asked it for what."""

from __future__ import annotations

import contextlib
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.support.real_registry import PASSWORD, USERNAME
from tests.support.scripted_server import ReceivedRequest, Reply, ScriptedServer

SERVICE, ISSUER = "test registry", "test tokens"


@dataclass
class TokenServer:
    """Gives tokens for what begins with ``public`` to everybody, for the rest to `USERNAME`."""

    folder: Path
    public: str = "public/"
    member: str = "token"  # or "access_token"
    expires_in: int | None = 300
    lives: float = 300.0  # seconds for which the registry believes a token
    answer: tuple[int, bytes] | None = None  # said instead of a token
    asked: list[tuple[str, list[str], str]] = field(default_factory=list)  # service, scopes, user
    url: str = ""

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
        now = datetime.now(UTC)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = self.folder / "tokens.pem"
        self.bundle.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def settings(self) -> dict[str, str]:
        """What docker-registry needs to know of it."""
        return {
            "realm": f"{self.url}/token?fixed=1",
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(self.bundle),
        }

    def reply(self, request: ReceivedRequest) -> Reply:
        status, body = self._answer(request.path, request.authorization or "")
        return Reply(status, body, {"Content-Type": "application/json"})

    def _answer(self, target: str, authorization: str) -> tuple[int, bytes]:
        query = parse_qs(urlsplit(target).query)
        user = ""
        if authorization.startswith("Basic "):
            user, _, password = b64decode(authorization[6:]).decode().partition(":")
            if (user, password) != (USERNAME, PASSWORD):
                self.asked.append((query.get("service", [""])[0], query.get("scope", []), user))
                return 401, b'{"errors":[{"code":"UNAUTHORIZED","message":"bad password"}]}'
        self.asked.append((query.get("service", [""])[0], query.get("scope", []), user))
        if self.answer is not None:
            return self.answer
        access: list[dict[str, Any]] = []
        for scope in query.get("scope", []):
            kind, name, actions = scope.split(":")
            if not user and not name.startswith(self.public):
                return 403, b'{"errors":[{"code":"DENIED","message":"not for everybody"}]}'
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        body: dict[str, Any] = {self.member: self._token(access)}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in
        return 200, json.dumps(body).encode()

    def _token(self, access: list[dict[str, Any]]) -> str:
        now = time.time()
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        claims = {
            "iss": ISSUER,
            "sub": "",
            "aud": SERVICE,
            "iat": int(now),
            "nbf": int(now) - 10,
            # docker-registry gives a minute of leeway.
            "exp": int(now + self.lives) - (60 if self.lives < 60 else 0),
            "jti": str(len(self.asked)),  # no two tokens are the same
            "access": access,
        }
        return jwt.encode(
            claims, self._key, algorithm="RS256", headers={"x5c": [b64encode(der).decode()]}
        )


@contextlib.contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    tokens = TokenServer(folder)
    with ScriptedServer({"/token": tokens.reply}) as server:
        tokens.url = server.url
        yield tokens
