"""Reading the repositories of ``/v1/repositorySettings`` or ``/v1/repositories``: those of others
may be odd, and are no reason to do nothing."""

from __future__ import annotations

import contextlib
from typing import cast, get_args

import msgspec

from cgwizard.nexus.models import Repository
from cgwizard.nexus.settings import DockerAttributes, Json, Storage, Wire, without_nulls
from cgwizard.text import decode
from cgwizard.text.decode import Unreadable
from cgwizard.text.sanitize import shortened

_PORTS = ("docker.httpPort", "docker.httpsPort", "docker is")
_UNREAD = "which cannot be read"


class _Remote(Wire, frozen=True):
    remote_url: str | None = None


class _Attributes(Wire, frozen=True):
    proxy: _Remote | None = None


class _Settings(Wire, frozen=True):
    name: str
    format: str = ""
    type: str = ""
    url: str = ""
    online: bool = True
    storage: Storage | None = None
    proxy: _Remote | None = None
    docker: DockerAttributes | None = None
    attributes: _Attributes | None = None


def read_repositories(entries: list[object]) -> tuple[list[Repository], tuple[str, ...]]:
    """What can be read of a list, entry by entry, and a remark for each that is odd. Raises
    Unreadable where nothing of it can be read."""
    found, remarks, error = [], [], None
    for entry in entries:
        try:
            repository, odd = read_repository(entry)
        except Unreadable as unreadable:
            error = unreadable
            remarks.append(f"an entry of Nexus's list without a name: {shortened(str(entry), 60)}")
            continue
        found.append(repository)
        if odd:
            remarks.append(f"{shortened(repository.name, 60)}: {'; '.join(odd)}")
    if error is not None and not found:
        raise error
    return found, tuple(remarks)


def read_repository(raw: object) -> tuple[Repository, list[str]]:
    """A repository, and its odd members. Only a member that this program has no use for without
    its right type is left out. Raises Unreadable where it has no name."""
    with contextlib.suppress(Unreadable):
        return _repository(decode.convert(raw, _Settings), raw), []
    plain = without_nulls(decode.convert(raw, Json))
    with contextlib.suppress(Unreadable):
        return _repository(decode.convert(plain, _Settings), raw), []
    odd: list[str] = []
    lenient = _lenient(plain, _Settings, "", odd)
    found = _repository(decode.convert(lenient, _Settings), raw)
    ports = any(member in line for line in odd for member in _PORTS if _UNREAD in line)
    return msgspec.structs.replace(found, port_unread=ports), odd


def _lenient(raw: Json, type_: type[msgspec.Struct], path: str, odd: list[str]) -> Json:
    """``raw`` with what can be taken for the right type (8082.0, "true") as that, and without
    what cannot; ``odd`` gets a line for each."""
    kept = dict(raw)
    for field in msgspec.structs.fields(type_):
        name = field.encode_name
        if name not in raw:
            continue
        value, member = raw[name], f"{path}{name}"
        inner = _struct_of(field.type)
        if inner is not None and isinstance(value, dict):
            kept[name] = _lenient(value, inner, f"{member}.", odd)
            continue
        with contextlib.suppress(Unreadable):
            decode.convert(value, field.type)
            continue
        shown = shortened(repr(value), 30)
        try:
            kept[name] = msgspec.to_builtins(decode.convert(value, field.type, strict=False))
            odd.append(f"{member} is {shown}, read as {kept[name]!r}")
        except Unreadable:
            del kept[name]
            odd.append(f"{member} is {shown}, {_UNREAD}")
    return kept


def _struct_of(type_: object) -> type[msgspec.Struct] | None:
    for each in (type_, *get_args(type_)):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None


def _repository(found: _Settings, raw: object) -> Repository:
    remote = found.proxy or (found.attributes.proxy if found.attributes else None)
    return Repository(
        name=found.name,
        format=found.format,
        type=found.type,
        online=found.online,
        url=found.url,
        docker=found.docker,
        remote_url=remote.remote_url if remote else None,
        blob_store=found.storage.blob_store_name if found.storage else None,
        raw=cast(Json, raw),
    )
