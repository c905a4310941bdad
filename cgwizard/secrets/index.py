"""Which secrets were kept where: names only, so that `cgwizard forget` finds every one.

Keyrings cannot be asked what of ours they hold, at least not all of them; an encrypted file
cannot before it is opened.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from cgwizard.secrets.store import Kind
from cgwizard.system import files

StoreName = Literal["keyring", "secrets-file", "systemd-creds"]


class Kept(msgspec.Struct, frozen=True):
    kind: Kind
    account: str  # "admin@https://nexus.example.com", "cgr.dev"
    store: StoreName = "keyring"


class _File(msgspec.Struct, frozen=True):
    version: int = 1
    kept: tuple[Kept, ...] = ()


def _path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("cgwizard", appauthor=False) / "kept.json"


def entries() -> list[Kept]:
    """In the order in which they were kept; none where the list cannot be read."""
    try:
        return list(msgspec.json.decode(_path().read_bytes(), type=_File).kept)
    except (OSError, msgspec.DecodeError):
        return []


def note(kind: Kind, account: str, store: StoreName = "keyring") -> None:
    new = Kept(kind, account, store)
    _write([*(k for k in entries() if k != new), new])


def drop(kind: Kind, account: str, store: StoreName = "keyring") -> None:
    _keep_if(lambda k: k != Kept(kind, account, store))


def drop_all(store: StoreName) -> None:
    _keep_if(lambda k: k.store != store)


def _keep_if(wanted: Callable[[Kept], bool]) -> None:
    before = entries()
    after = [k for k in before if wanted(k)]
    if after != before:
        _write(after)


def _write(found: list[Kept]) -> None:
    # Without the list the secret is kept all the same; forgetting it then needs its name.
    with contextlib.suppress(OSError):
        files.write_whole(_path(), msgspec.json.encode(_File(1, tuple(found))))
