"""The interface of every place that keeps secrets, and a pull token as one text."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text import decode

Kind = Literal["nexus-password", "pull-token", "pull-user"]


class Store(Protocol):
    """A secret is found again by its kind and an account such as
    ``admin@https://nexus.example.com``. Everything blocks and raises WizardError."""

    def load(self, kind: Kind, account: str) -> Secret | None: ...

    def save(self, kind: Kind, account: str, secret: Secret) -> None: ...

    def forget(self, kind: Kind, account: str) -> None:
        """Nothing there is fine."""


class _PackedToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    username: str
    password: str


def packed(token: Credentials) -> Secret:
    """A pull token as one secret, so that its two halves stay together."""
    both = _PackedToken(token.username, token.password.reveal())
    return Secret(msgspec.json.encode(both).decode())


def unpacked(secret: Secret | None) -> Credentials | None:
    """The pull token in ``secret``; None if there is none that can be read."""
    if secret is None:
        return None
    try:
        token = decode.json(secret.reveal(), _PackedToken)
    except decode.Unreadable:
        return None
    return Credentials(token.username, Secret(token.password))
