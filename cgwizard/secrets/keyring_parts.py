"""Entries longer than a keyring allows, kept in parts.

Windows' Credential Manager takes 2,560 bytes of UTF-16, which is 1,280 characters, and a pull
token may be longer. A long value becomes numbered part entries and a head entry that names
their count and digest; the head is written last and deleted first, so that a value that was
cut short is never read as a whole one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_HEAD = "cgwizard:parts:"
_WINDOWS_UNITS = 1280


def write(backend: KeyringBackend, service: str, entry: str, text: str) -> None:
    limit = _limit(backend)
    stale = _count(backend.get_password(service, entry))
    count = 0
    head = text
    # A short secret that looks like a head is kept in parts too, so that it is not taken for one.
    if text.startswith(_HEAD) or (limit and _units(text) > limit):
        parts = list(_cut(text, limit or _WINDOWS_UNITS))
        count = len(parts)
        head = f"{_HEAD}{count}:{_digest(text)}"
        for number, part in enumerate(parts, 1):
            backend.set_password(service, _part(entry, number), part)
    backend.set_password(service, entry, head)
    for number in range(count + 1, stale + 1):
        _remove(backend, service, _part(entry, number))


def read(backend: KeyringBackend, service: str, entry: str) -> str | None:
    """The whole value; None where there is none, or where parts of it are missing or mixed."""
    head = backend.get_password(service, entry)
    count = _count(head)
    if head is None or not count:
        return head
    parts = [backend.get_password(service, _part(entry, n)) for n in range(1, count + 1)]
    text = "".join(part or "" for part in parts)
    return text if head == f"{_HEAD}{count}:{_digest(text)}" else None


def delete(backend: KeyringBackend, service: str, entry: str) -> None:
    head = backend.get_password(service, entry)
    if head is None:
        return
    backend.delete_password(service, entry)
    for number in range(1, _count(head) + 1):
        _remove(backend, service, _part(entry, number))


def _limit(backend: KeyringBackend) -> int:
    """The longest value in UTF-16 units; 0 where no limit matters."""
    return _WINDOWS_UNITS if type(backend).__module__.startswith("keyring.backends.Windows") else 0


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, limit: int) -> Iterator[str]:
    part = ""
    used = 0
    for character in text:
        size = _units(character)
        if used + size > limit:
            yield part
            part, used = "", 0
        part += character
        used += size
    yield part


def _count(head: str | None) -> int:
    if not head or not head.startswith(_HEAD):
        return 0
    number = head.removeprefix(_HEAD).partition(":")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _part(entry: str, number: int) -> str:
    return f"{entry} part {number}"


def _remove(backend: KeyringBackend, service: str, entry: str) -> None:
    if backend.get_password(service, entry) is not None:
        backend.delete_password(service, entry)
