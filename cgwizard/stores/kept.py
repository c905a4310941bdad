"""Which secrets were kept where: names only, so that `cgwizard forget` finds every one.

Keyrings cannot be asked what of ours they hold, at least not all of them.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from cgwizard import files


class Kept(msgspec.Struct, frozen=True):
    kind: str  # "nexus-password", "pull-token"
    account: str  # "admin@https://nexus.example.com", "cgr.dev"


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


def note(kind: str, account: str) -> None:
    _write([*(k for k in entries() if k != Kept(kind, account)), Kept(kind, account)])


def drop(kind: str, account: str) -> None:
    before = entries()
    after = [k for k in before if k != Kept(kind, account)]
    if after != before:
        _write(after)


def _write(found: list[Kept]) -> None:
    # Without the list the secret is kept all the same; forgetting it then needs its name.
    with contextlib.suppress(OSError):
        files.write_whole(_path(), msgspec.json.encode(_File(1, tuple(found))))
