"""Reading Nexus's lists entry by entry: what others made may be odd, and spoils nothing."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from cgwizard.nexus.settings import without_nulls
from cgwizard.text import decode
from cgwizard.text.decode import Unreadable
from cgwizard.text.sanitize import shortened

T = TypeVar("T")

UNREAD = "which cannot be read"
_NAMES = ("name", "id", "userId", "path")  # of an entry, the first that it has


def read_entries(
    entries: Iterable[object], read: Callable[[object], tuple[T, list[str]]]
) -> tuple[list[T], tuple[str, ...]]:
    """What can be read of a list, and a remark for each entry that is odd; ``read`` as
    `read_entry`. Raises Unreadable where there are entries and none can be read."""
    found, remarks, error = [], [], None
    for raw in entries:
        try:
            entry, odd = read(raw)
        except Unreadable as unreadable:
            error = unreadable
            remarks.append(f"an entry {UNREAD}: {shortened(str(raw), 60)}")
            continue
        found.append(entry)
        if odd:
            remarks.append(f"{_name(raw)}: {'; '.join(odd)}")
    if error is not None and not found:
        raise error
    return found, tuple(remarks)


def read_entry(raw: object, type_: type[T]) -> tuple[T, list[str]]:
    """An entry, and a line for each of its odd members. What can be taken for the right type
    (8082.0, "true") is read as that, what cannot is left out. Raises Unreadable where a member
    that every entry has cannot be read."""
    with contextlib.suppress(Unreadable):
        return decode.convert(raw, type_), []
    plain = without_nulls(raw)
    with contextlib.suppress(Unreadable):
        return decode.convert(plain, type_), []
    odd: list[str] = []
    return decode.convert(_fitted(plain, type_, "", odd), type_), odd


def each(type_: type[T]) -> Callable[[object], tuple[T, list[str]]]:
    """`read_entry` for one type."""
    return lambda raw: read_entry(raw, type_)


def _fitted(value: Any, type_: Any, path: str, odd: list[str]) -> Any:
    """``value`` with what ``type_`` takes. Raises Unreadable where it takes nothing of it."""
    with contextlib.suppress(Unreadable):
        decode.convert(value, type_)
        return value
    plain = next((t for t in _alternatives(type_) if _holds(t, value)), None)
    if plain is None:
        fitted = msgspec.to_builtins(decode.convert(value, type_, strict=False))
        odd.append(f"{path} is {_shown(value)}, read as {fitted!r}")
        return fitted
    if isinstance(value, list):
        inner = get_args(plain)[0]
        items = [_kept(item, inner, f"{path}[{n}]", odd) for n, item in enumerate(value)]
        fitted = [item for item in items if item is not None]
    else:
        types_ = {f.encode_name: f.type for f in _fields(plain)}
        rest = Any if types_ else get_args(plain)[1]
        start = f"{path}." if path else ""
        kept = {n: _kept(m, types_.get(n, rest), f"{start}{n}", odd) for n, m in value.items()}
        fitted = {name: member for name, member in kept.items() if member is not None}
    decode.convert(fitted, type_)
    return fitted


def _kept(value: Any, type_: Any, path: str, odd: list[str]) -> Any:
    try:
        return _fitted(value, type_, path, odd)
    except Unreadable:
        odd.append(f"{path} is {_shown(value)}, {UNREAD}")
        return None


def _alternatives(type_: Any) -> tuple[Any, ...]:
    return get_args(type_) if get_origin(type_) in {Union, types.UnionType} else (type_,)


def _holds(type_: Any, value: object) -> bool:
    """Whether ``type_`` is a list or an object, and ``value`` is one as well."""
    if isinstance(value, dict):
        return bool(_fields(type_)) or get_origin(type_) is dict
    return isinstance(value, list) and get_origin(type_) in {list, tuple}


def _fields(type_: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    struct = isinstance(type_, type) and issubclass(type_, msgspec.Struct)
    return msgspec.structs.fields(type_) if struct else ()


def _name(raw: object) -> str:
    members = raw if isinstance(raw, dict) else {}
    return shortened(str(next((members[name] for name in _NAMES if name in members), raw)), 60)


def _shown(value: object) -> str:
    return shortened(repr(value), 30)
