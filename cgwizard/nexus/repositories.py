"""Reading the repositories of ``/v1/repositorySettings`` or ``/v1/repositories``: those of others
may be odd, and are no reason to do nothing."""

from __future__ import annotations

from typing import cast

from cgwizard.nexus.entries import UNREAD, read_entry
from cgwizard.nexus.models import Repository
from cgwizard.nexus.settings import DockerAttributes, Json, Storage, Wire

_PORTS = ("docker.httpPort", "docker.httpsPort", "docker is")


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


def read_repository(raw: object) -> tuple[Repository, list[str]]:
    """A repository, and its odd members. Raises Unreadable where it has no name."""
    settings, odd = read_entry(raw, _Settings)
    ports = any(member in line for line in odd for member in _PORTS if UNREAD in line)
    return _repository(settings, raw, port_unread=ports), odd


def _repository(found: _Settings, raw: object, *, port_unread: bool) -> Repository:
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
        port_unread=port_unread,
    )
