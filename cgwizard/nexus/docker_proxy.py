"""`DockerProxy`: the object that Nexus takes and gives for a docker (proxy) repository.

A PUT replaces the whole configuration, so an edit starts from what GET gave: members that
this program does not know stay in ``raw`` and go back unchanged.
"""

from __future__ import annotations

import copy
from typing import cast

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.nexus.settings import (
    Authentication,
    DockerAttributes,
    HttpClientSettings,
    Index,
    Json,
    NegativeCache,
    Remote,
    Storage,
    Wire,
    version_tuple,
    without_nulls,
)
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text import decode

Difference = tuple[str, str, str]  # member ("docker.httpPort"), is, wanted: as texts

CGR = "https://cgr.dev/"
PATH_ROUTING = (3, 83)  # the first version that knows docker.pathEnabled
_ANSWER_ONLY = ("format", "type", "url", "size")


class DockerProxy(Wire, frozen=True, kw_only=True):
    """Made by `new` or `from_answer`; changed by `msgspec.structs.replace` and ``with_...``."""

    name: str
    online: bool = True
    storage: Storage = Storage()
    proxy: Remote = Remote()
    negative_cache: NegativeCache = NegativeCache()
    http_client: HttpClientSettings = HttpClientSettings()
    docker: DockerAttributes = DockerAttributes()
    docker_proxy: Index = Index()
    routing_rule_name: str | None = None
    password: Secret | None = None
    raw: Json = msgspec.field(default_factory=dict)

    @classmethod
    def new(
        cls,
        name: str,
        port: int | None,
        blob_store: str = "default",
        remote_url: str = CGR,
        *,
        https: bool = False,
        path_enabled: bool | None = None,
        force_basic_auth: bool = True,
        credentials: Credentials | None = None,
    ) -> DockerProxy:
        """A repository with Nexus's own defaults. ``port`` None: reached by path only."""
        made = cls(
            name=name,
            storage=Storage(blob_store),
            proxy=Remote(remote_url),
            docker=DockerAttributes(
                force_basic_auth=force_basic_auth,
                http_port=None if https else port,
                https_port=port if https else None,
                path_enabled=path_enabled,
            ),
        )
        return made.with_credentials(credentials) if credentials else made

    @classmethod
    def from_answer(cls, raw: Json) -> DockerProxy:
        """Raises Unreadable where a member has a wrong type."""
        known = {k: v for k, v in raw.items() if k not in {"password", "raw"}}
        found = decode.convert(without_nulls(known), cls)
        rule = raw.get("routingRuleName") or raw.get("routingRule")
        return msgspec.structs.replace(
            found, raw=raw, routing_rule_name=rule if isinstance(rule, str) else None
        )

    @property
    def has_credentials(self) -> bool:
        return self.http_client.authentication is not None

    @property
    def credentials_needed(self) -> bool:
        """It has upstream credentials whose password is not known here: a PUT would fail
        or drop them, so they must be given again."""
        return self.has_credentials and self.password is None

    def with_credentials(self, credentials: Credentials | None) -> DockerProxy:
        """With these for the remote; None takes them away."""
        found = Authentication("username", credentials.username) if credentials else None
        return msgspec.structs.replace(
            self,
            http_client=msgspec.structs.replace(self.http_client, authentication=found),
            password=credentials.password if credentials else None,
        )

    def adjusted(
        self,
        *,
        remote_url: str,
        port: int,
        https: bool = False,
        credentials: Credentials | None = None,
    ) -> DockerProxy:
        """With this remote, this connector alone and, where given, these credentials; all else
        as it is. Path-based routing goes off: from 3.83 on Nexus has one or the other."""
        docker = msgspec.structs.replace(
            self.docker,
            http_port=None if https else port,
            https_port=port if https else None,
            path_enabled=False if self.docker.path_enabled else self.docker.path_enabled,
        )
        remote = msgspec.structs.replace(self.proxy, remote_url=remote_url)
        made = msgspec.structs.replace(self, proxy=remote, docker=docker)
        return made.with_credentials(credentials) if credentials else made

    def with_sign_in(self, forced: bool) -> DockerProxy:
        docker = msgspec.structs.replace(self.docker, force_basic_auth=forced)
        return msgspec.structs.replace(self, docker=docker)

    def to_request(self, server_version: str | None) -> Json:
        """The body of POST and PUT for a server of this version (`Server.version`).

        Holds the password in clear: `redacted_request` is for showing. Raises WizardError
        where the password of existing credentials is missing.
        """
        if self.credentials_needed:
            raise WizardError(
                Code.TOKEN_NEEDED_AGAIN,
                tried=f"preparing a change of the repository {self.name}",
                came_back="Nexus does not give back the password of its remote storage",
                next_step=f"enter the pull token of {self.name} again",
            )
        return self._request(server_version, self.password.reveal() if self.password else None)

    def redacted_request(self, server_version: str | None = None) -> Json:
        """What `to_request` gives, with ``***`` for the password: for previews and logs."""
        hidden = "***" if self.http_client.authentication else None
        return self._request(server_version, hidden)

    def differences(self, wanted: DockerProxy) -> list[Difference]:
        """What would have to change here to become ``wanted``; a password cannot be compared.

        A subdomain, path routing and a routing rule that ``wanted`` leaves open do not count.
        """
        is_, want = self._comparable(), wanted._comparable()
        optional = {"docker.subdomain", "docker.pathEnabled", "routingRule"}
        return [
            (member, _shown(is_[member]), _shown(value))
            for member, value in want.items()
            if value != is_[member]
            and not (member in optional and not value and (value is None or not is_[member]))
        ]

    def _comparable(self) -> Json:
        client, docker = self.http_client, self.docker
        return {
            "online": self.online,
            "storage.blobStoreName": self.storage.blob_store_name,
            # Nexus adds a missing slash itself when it asks the remote.
            "proxy.remoteUrl": self.proxy.remote_url.rstrip("/") + "/",
            "proxy.contentMaxAge": self.proxy.content_max_age,
            "proxy.metadataMaxAge": self.proxy.metadata_max_age,
            "negativeCache.enabled": self.negative_cache.enabled,
            "negativeCache.timeToLive": self.negative_cache.time_to_live,
            "httpClient.blocked": client.blocked,
            "httpClient.autoBlock": client.auto_block,
            "httpClient.authentication.username": client.authentication.username
            if client.authentication
            else None,
            "docker.forceBasicAuth": docker.force_basic_auth,
            "docker.httpPort": docker.http_port,
            "docker.httpsPort": docker.https_port,
            "docker.subdomain": docker.subdomain,
            "docker.pathEnabled": docker.path_enabled,
            "dockerProxy.indexType": self.docker_proxy.index_type,
            "routingRule": self.routing_rule_name,
        }

    def _request(self, server_version: str | None, password: str | None) -> Json:
        kept = {k: copy.deepcopy(v) for k, v in self.raw.items() if k not in _ANSWER_ONLY}
        body: Json = {"name": self.name, "online": self.online} | kept
        body |= {"name": self.name, "online": self.online}  # these win; first for the reader
        for member, part in (
            ("storage", self.storage),
            ("proxy", self.proxy),
            ("negativeCache", self.negative_cache),
            ("dockerProxy", self.docker_proxy),
        ):
            _overlay(_member(body, member), part)
        if not self.docker_proxy.index_url:
            # "" is refused by Nexus's URL check; absent is what it means.
            cast(Json, body["dockerProxy"]).pop("indexUrl", None)
        docker = _member(body, "docker")
        seen = "pathEnabled" in docker
        _overlay(docker, self.docker)
        self._path_routing(docker, server_version, seen)
        self._http_client(_member(body, "httpClient"), password)
        for name in ("cleanup", "replication", "routingRule", "routingRuleName"):
            if body.get(name) is None:
                body.pop(name, None)
        if self.routing_rule_name:
            # The member of requests changed its name with the versions.
            body["routingRule"] = body["routingRuleName"] = self.routing_rule_name
        else:
            body.pop("routingRule", None)
            body.pop("routingRuleName", None)
        return body

    def _path_routing(self, docker: Json, server_version: str | None, seen: bool) -> None:
        version = version_tuple(server_version)
        if version is not None:
            known = version[:2] >= PATH_ROUTING
        else:
            known = seen or self.docker.path_enabled is not None
        if known:
            # Left out, a PUT sets it to null and path routing stops while the UI shows it on.
            docker["pathEnabled"] = bool(self.docker.path_enabled)
        else:
            docker.pop("pathEnabled", None)

    def _http_client(self, body: Json, password: str | None) -> None:
        client = self.http_client
        body |= {"blocked": client.blocked, "autoBlock": client.auto_block}
        if client.connection is None:
            body.pop("connection", None)
        else:
            connection = _member(body, "connection")
            _overlay(connection, client.connection)
            for name in [k for k, v in connection.items() if v is None]:
                del connection[name]
        if client.authentication is None:
            body.pop("authentication", None)
            return
        authentication = _member(body, "authentication")
        _overlay(authentication, client.authentication)
        secrets = {"password", "bearerToken"}
        kept = {k: v for k, v in authentication.items() if v is not None and k not in secrets}
        secret = "bearerToken" if client.authentication.type == "bearerToken" else "password"
        body["authentication"] = kept | {secret: password}


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _member(body: Json, name: str) -> Json:
    found = body.get(name)
    if not isinstance(found, dict):
        found = {}
    body[name] = found
    return cast(Json, found)


def _overlay(body: Json, part: Wire) -> None:
    body |= cast(Json, msgspec.to_builtins(part))
