"""`PullToken`: what a pull token says about itself. It is only shown; the registry decides.

A pull token is a pair for HTTP Basic authentication. The user name is
``ORGANIZATION_ID/TOKEN_ID``: the organization's identifier (40 hexadecimal digits) and the
identity of the token (16; one more level of 16 when it was made in a folder). The password is
a JSON Web Token, signed with RS256, whose claims are ``aud``, ``exp``, ``iat``, ``iss`` and
``sub``. The organization's *name*, which is part of every image reference, is in neither half.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text import decode

USERNAME = re.compile(r"[0-9a-f]{40}(?:/[0-9a-f]{16})+")

# RSA keys have 2048, 3072 or 4096 bits; the curves and HMAC have one size each. If the signature
# of a token has another size, its end was lost.
_SIGNATURE_BYTES: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(
        ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), frozenset({256, 384, 512})
    ),
    "ES256": frozenset({64}),
    "ES384": frozenset({96}),
    "ES512": frozenset({132}),
    "EdDSA": frozenset({64, 114}),
    "HS256": frozenset({32}),
    "HS384": frozenset({48}),
    "HS512": frozenset({64}),
}


@dataclass(frozen=True, slots=True)
class PullToken:
    """A pull token, and what can be read from it without a request."""

    credentials: Credentials
    issued: datetime | None  # None: the token does not say
    expires: datetime | None
    issuer: str  # "https://pulltoken.issuer.chainguard.dev", or ""
    organization: str = ""  # its name, only where the text around the token gave it
    notes: tuple[str, ...] = ()  # what was corrected while reading it, in words

    @property
    def organization_id(self) -> str:
        """The organization's identifier (UIDP): 40 hexadecimal digits. Not its name."""
        return self.credentials.username.partition("/")[0]

    def expired(self, now: datetime | None = None) -> bool:
        """Whether its date has passed. A token without a date is not expired."""
        return self.expires is not None and self.expires <= (now or datetime.now(UTC))

    def days_left(self, now: datetime | None = None) -> int | None:
        """Whole days until it ends: 0 on its last day, negative afterwards, None without a date."""
        if self.expires is None:
            return None
        return math.floor((self.expires - (now or datetime.now(UTC))) / timedelta(days=1))

    def named(self, organization: str) -> PullToken:
        """The same token with the organization's name that the user gave."""
        return replace(self, organization=organization)


def read(
    credentials: Credentials, *, organization: str = "", notes: tuple[str, ...] = ()
) -> PullToken:
    """Read the claims of a token that `is_whole`. Only the registry can verify them."""
    claims = _claims(credentials.password.reveal()) or {}
    issuer = claims.get("iss")
    return PullToken(
        credentials=credentials,
        issued=_moment(claims.get("iat")),
        expires=_moment(claims.get("exp")),
        issuer=issuer if isinstance(issuer, str) else "",
        organization=organization,
        notes=notes,
    )


def is_whole(token: str) -> bool:
    """Whether this is a whole JSON Web Token: three parts, readable, a full signature."""
    parts = token.split(".")
    if len(parts) != 3 or _claims(token) is None:
        return False
    signature = _exact_base64url(parts[2])
    if signature is None:
        return False
    sizes = _SIGNATURE_BYTES.get(_algorithm(token))
    return len(signature) in sizes if sizes else len(signature) >= 32


def secret_shape(secret: Secret) -> str:
    """The length and the number of parts of a secret, for messages."""
    text = secret.reveal()
    parts = text.count(".") + 1
    return f"{len(text):,} characters in {parts} part{'' if parts == 1 else 's'}"


def _claims(token: str) -> Mapping[str, object] | None:
    # Without a library: those for tokens import one for encryption, which is not needed here and
    # may be broken.
    header, _, rest = token.partition(".")
    return None if _json_part(header) is None else _json_part(rest.partition(".")[0])


def _algorithm(token: str) -> str:
    return str((_json_part(token.partition(".")[0]) or {}).get("alg", ""))


def _json_part(text: str) -> Mapping[str, object] | None:
    """A part of a token that is a JSON object in base64; None if it is not."""
    try:
        found = decode.json(_exact_base64url(text) or b"")
    except decode.Unreadable:
        return None
    return found if isinstance(found, dict) else None


def _exact_base64url(text: str) -> bytes | None:
    """Decode strictly: a cut signature often ends with bits that an encoder never sets."""
    import base64

    try:
        raw = decode.base64(text, url=True)
    except decode.Unreadable:
        return None
    canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return raw if canonical == text else None


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return decode.parsed(datetime.fromtimestamp, seconds, UTC)
    except (decode.Unreadable, OSError):
        return None
