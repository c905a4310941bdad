"""Reading one repository of ``/v1/repositorySettings`` or ``/v1/repositories``."""

from __future__ import annotations

import msgspec

from cgwizard.nexus.models import Repository
from cgwizard.nexus.settings import DockerAttributes, Json, Storage, Wire, without_nulls


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


def read_repository(raw: Json) -> Repository:
    """Raises msgspec.ValidationError where a member has a wrong type."""
    try:
        found = msgspec.convert(raw, _Settings)
    except msgspec.ValidationError:
        found = msgspec.convert(without_nulls(raw), _Settings)
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
        raw=raw,
    )
