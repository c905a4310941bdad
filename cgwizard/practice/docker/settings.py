"""The settings of a docker repository, typed: what its JSON says, with Nexus's defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.practice.nexus.models import Repository


class Storage(msgspec.Struct, rename="camel"):
    blob_store_name: str = "default"
    write_policy: str | None = None  # "ALLOW", "ALLOW_ONCE", "DENY"; hosted only
    latest_policy: bool | None = None  # ALLOW_ONCE, but `latest` may be pushed again


class DockerAttributes(msgspec.Struct, rename="camel"):
    """How clients reach it: the ``docker`` member."""

    force_basic_auth: bool = True
    http_port: int | None = None
    https_port: int | None = None
    subdomain: str | None = None
    path_enabled: bool | None = None


class RemoteStorage(msgspec.Struct, rename="camel"):
    remote_url: str = ""
    metadata_max_age: int = 1440  # minutes; -1: never asked again


class NegativeCacheSettings(msgspec.Struct, rename="camel"):
    enabled: bool = True
    time_to_live: int = 1440  # minutes


class Connection(msgspec.Struct, rename="camel"):
    retries: int | None = None
    timeout: int | None = None  # seconds
    user_agent_suffix: str | None = None
    use_trust_store: bool | None = None


class HttpClient(msgspec.Struct, rename="camel"):
    blocked: bool = False
    auto_block: bool = True
    connection: Connection | None = None
    authentication: dict[str, Any] | None = None


class DockerProxy(msgspec.Struct, rename="camel"):
    index_type: str = "REGISTRY"


class Group(msgspec.Struct, rename="camel"):
    member_names: list[str] = []


class DockerSettings(msgspec.Struct, rename="camel"):
    storage: Storage = msgspec.field(default_factory=Storage)
    docker: DockerAttributes = msgspec.field(default_factory=DockerAttributes)
    proxy: RemoteStorage = msgspec.field(default_factory=RemoteStorage)
    negative_cache: NegativeCacheSettings = msgspec.field(default_factory=NegativeCacheSettings)
    http_client: HttpClient = msgspec.field(default_factory=HttpClient)
    docker_proxy: DockerProxy = msgspec.field(default_factory=DockerProxy)
    group: Group = msgspec.field(default_factory=Group)
    routing_rule_name: str | None = None

    @property
    def credentials(self) -> Credentials | None:
        """The pull token, where the repository has one."""
        given = self.http_client.authentication or {}
        password = _secret(given.get("password"))
        if given.get("type", "username") != "username" or not given.get("username"):
            return None
        return Credentials(str(given["username"]), password)

    @property
    def bearer(self) -> Secret:
        given = self.http_client.authentication or {}
        return (
            _secret(given.get("bearerToken")) if given.get("type") == "bearerToken" else Secret("")
        )


def settings_of(repository: Repository) -> DockerSettings:
    """Members that are null or unknown take the defaults."""
    present = {name: value for name, value in repository.settings.items() if value is not None}
    return msgspec.convert(present, DockerSettings, strict=False)


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret("" if value is None else str(value))
