"""The list of kept secrets, by name only, so that `cgwizard forget` finds every one.

Not every keyring can list what it holds, and an encrypted file must be opened first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from cgwizard.secrets.store import Kind
from cgwizard.system import files
from cgwizard.text import decode

StoreName = Literal["keyring", "secrets-file", "systemd-creds"]


class IndexEntry(msgspec.Struct, frozen=True):
    kind: Kind
    account: str  # "admin@https://nexus.example.com", "cgr.dev"
    store: StoreName = "keyring"


class _IndexFile(msgspec.Struct, frozen=True):
    version: int = 1
    kept: tuple[IndexEntry, ...] = ()


def _path() -> Path:
    return files.state_folder() / "kept.json"


def unread() -> Path:
    """Where a list is put aside that cannot be read, so that the next one does not replace it."""
    return _path().with_suffix(".damaged")


def entries() -> list[IndexEntry]:
    """In the order in which they were kept; empty if the list cannot be read."""
    try:
        return list(decode.json(_path().read_bytes(), _IndexFile).kept)
    except OSError:
        return []
    except decode.Unreadable:
        with contextlib.suppress(OSError):
            _path().replace(unread())
        return []


def note(kind: Kind, account: str, store: StoreName = "keyring") -> None:
    new = IndexEntry(kind, account, store)
    _write([*(k for k in entries() if k != new), new])


def drop(kind: Kind, account: str, store: StoreName = "keyring") -> None:
    _keep_if(lambda k: k != IndexEntry(kind, account, store))


def drop_all(store: StoreName) -> None:
    _keep_if(lambda k: k.store != store)


def _keep_if(wanted: Callable[[IndexEntry], bool]) -> None:
    before = entries()
    after = [k for k in before if wanted(k)]
    if after != before:
        _write(after)


def _write(found: list[IndexEntry]) -> None:
    # The secret is kept even if the list cannot be written; forgetting it then needs its name.
    with contextlib.suppress(OSError):
        files.write_whole(_path(), msgspec.json.encode(_IndexFile(1, tuple(found))))
