"""The entries of Docker's ``config.json`` and containers' ``auth.json``, read as Go reads them.

Go's JSON decoder takes member names in any case, null for an absent value, and of several values
the first. Its programs decode ``auth`` with or without padding and pass over line breaks in it.
Each entry is decoded for itself, so that an odd one does not hide the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cgwizard.text import decode
from cgwizard.text.decode import Unreadable
from cgwizard.text.sanitize import shortened

HOST = "cgr.dev"
_SECRETS = ("auth", "username", "password", "identitytoken", "registrytoken")
# Line breaks inside a text are tolerated: base64 that was wrapped by hand has them.
_DECODER = json.JSONDecoder(strict=False)


class AuthEntry(NamedTuple):
    """One entry of ``auths``. Without a fault and without a password, a program keeps it."""

    key: str  # as it stands in the file, for messages
    host: str  # "cgr.dev", without scheme, path and :443
    username: str
    password: str
    fault: str = ""  # why it cannot be read; the other texts are empty then


def first_value(text: str, start: int = 0) -> tuple[object, int]:
    """The JSON value at ``start``, and where it ends. Raises Unreadable."""
    return decode.parsed(_DECODER.raw_decode, text, start)


def members(found: Mapping[str, object]) -> dict[str, object]:
    """By names in lower case; null is the same as absent."""
    return {
        "".join(name.split()).casefold(): value
        for name, value in found.items()
        if value is not None
    }


def entries(auths: object) -> Iterator[AuthEntry]:
    """The entries of the member ``auths``. Raises Unreadable if it is no object."""
    if auths is None:
        return
    if not isinstance(auths, dict):
        raise Unreadable("auths is no object")
    for key, value in auths.items():
        if value is not None:
            yield _entry("".join(key.split()), value)


def host_of(key: str) -> str:
    """The host of a key: ``https://cgr.dev/v2/`` and ``cgr.dev/example.com`` mean cgr.dev."""
    bare = key.strip().casefold()
    for scheme in ("https://", "http://"):
        bare = bare.removeprefix(scheme)
    return bare.partition("/")[0].removesuffix(":443")


def shown(key: str) -> str:
    """A key in messages."""
    return shortened(key.encode("utf-8", "replace").decode(), 60)


def _entry(key: str, value: object) -> AuthEntry:
    host = host_of(key)
    if not isinstance(value, dict):
        return AuthEntry(key, host, "", "", "it is no object")
    texts: dict[str, str] = {}
    for name, text in members(value).items():
        if name in _SECRETS:
            if not isinstance(text, str):
                return AuthEntry(key, host, "", "", f"its {name} is no text")
            texts[name] = text
    username, password = texts.get("username", ""), texts.get("password", "")
    if texts.get("auth"):
        try:
            username, password = _pair(texts["auth"])
        except Unreadable:
            return AuthEntry(key, host, "", "", "its auth is not base64 of USER:PASSWORD")
    password = password or texts.get("identitytoken", "") or texts.get("registrytoken", "")
    return AuthEntry(key, host, username, password)


def _pair(auth: str) -> tuple[str, str]:
    """User name and password. Raises Unreadable."""
    text = decode.text(decode.base64("".join(auth.split()).rstrip("=")))
    username, colon, password = text.partition(":")
    if not colon or not username:
        raise Unreadable("there is no user name in it")
    return username, password.strip("\0")
