"""The members of a docker (proxy) repository, as Nexus's JSON has them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

Json = dict[str, object]
Version = tuple[int, int, int]
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?")


def version_tuple(text: str | None) -> Version | None:
    """``"3.96.3-01"`` -> ``(3, 96, 3)``; None where there is no version."""
    found = _VERSION.match(text or "")
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    """The common shape of Nexus's objects."""


class DockerAttributes(Wire, frozen=True):
    """How clients reach a docker repository. ``path_enabled`` is None before 3.83 or unset."""

    v1_enabled: bool = False
    force_basic_auth: bool = True
    http_port: int | None = None
    https_port: int | None = None
    subdomain: str | None = None
    path_enabled: bool | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(port for port in (self.http_port, self.https_port) if port)


class Storage(Wire, frozen=True):
    blob_store_name: str = "default"
    strict_content_type_validation: bool = True


class Remote(Wire, frozen=True):
    """Ages are minutes; -1: never asked again."""

    remote_url: str = ""
    content_max_age: int = 1440
    metadata_max_age: int = 1440


class NegativeCache(Wire, frozen=True):
    enabled: bool = True
    time_to_live: int = 1440  # minutes


class Authentication(Wire, frozen=True):
    """The password is missing: Nexus never gives it back."""

    type: str = "username"  # "username", "ntlm", "bearerToken"
    username: str | None = None


class Connection(Wire, frozen=True):
    """``timeout`` is seconds; None is Nexus's default."""

    retries: int | None = None
    timeout: int | None = None
    use_trust_store: bool | None = None


class HttpClientSettings(Wire, frozen=True):
    blocked: bool = False
    auto_block: bool = True
    connection: Connection | None = None
    authentication: Authentication | None = None


class Index(Wire, frozen=True):
    index_type: str = "REGISTRY"
    index_url: str | None = None
    cache_foreign_layers: bool = False


def without_nulls(value: Any) -> Any:
    """``value`` without null members, so that a type's defaults apply."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
