"""The user of a request, and the lock-out of a user name after failed sign-ins."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from typing import Literal

from cgwizard.secrets.secret import Credentials, Secret

LOCKED_AFTER = 3  # failed sign-ins that are answered 401; from then on every request gets 429
LOCKED_SECONDS = 15 * 60.0  # without any request for that name
RETRY_AFTER = 30  # what the answer claims, though waiting that long does not help


class SignInRefused(Exception):
    """Credentials were sent and not accepted: answer 401, or 429 for a locked name."""

    def __init__(self, kind: Literal["wrong", "locked"]) -> None:
        super().__init__(kind)
        self.kind: Literal["wrong", "locked"] = kind


class Lockout:
    """Failed sign-ins by user name (3.96). Memory only, as in Nexus."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._failed: dict[str, tuple[int, float]] = {}  # how many, when it was last asked for

    def check(self, name: str) -> None:
        """Raise `SignInRefused` when ``name`` is locked; asking restarts its fifteen minutes."""
        count, asked = self._failed.get(name, (0, 0.0))
        if not count:
            return
        if self.clock() - asked >= LOCKED_SECONDS:
            del self._failed[name]
            return
        if count > LOCKED_AFTER:
            self._failed[name] = (count, self.clock())
            raise SignInRefused("locked")

    def failed(self, name: str) -> None:
        count, _ = self._failed.get(name, (0, 0.0))
        self._failed[name] = (count + 1, self.clock())

    def succeeded(self, name: str) -> None:
        self._failed.pop(name, None)

    def clear(self) -> None:
        self._failed.clear()


def basic_credentials(authorization: str) -> Credentials | None:
    """What a ``Basic`` header holds, or None when it is something else or broken."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    name, colon, password = decoded.partition(":")
    if not colon:
        return None
    return Credentials(name, Secret(password))
