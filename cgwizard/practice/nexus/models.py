"""What the practice Nexus holds: repositories, blob stores, settings of access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cgwizard.secrets.secret import Secret

if TYPE_CHECKING:
    from cgwizard.practice.docker.store import Asset

Edition = Literal["OSS", "COMMUNITY", "PRO"]
# Each has ready privileges; repositories can be made of docker, maven2, nuget and raw.
FORMATS = (
    *("apt", "bower", "cargo", "cocoapods", "composer", "conan", "conda", "docker", "gitlfs"),
    *("go", "helm", "huggingface", "maven2", "npm", "nuget", "p2", "pypi", "r", "raw"),
    *("rubygems", "yum"),
)


@dataclass
class Repository:
    """``settings`` is what ``GET /v1/repositories/docker/proxy/NAME`` answers, plus write-only
    members (``httpClient.authentication.password``), which the REST API leaves out.

    An update puts a new object in the place of the old one, also when nothing differs: that is
    how a docker connector notices that it has to restart."""

    name: str
    format: str  # "docker", "maven2", "nuget", "raw"
    type: str  # "proxy", "hosted", "group"
    settings: dict[str, Any]

    @property
    def online(self) -> bool:
        return bool(self.settings.get("online", True))


@dataclass(frozen=True)
class RemoteStatus:
    """The state of a proxy's remote, in the words of Nexus ("Remote Available", ...)."""

    online: bool
    description: str | None
    reason: str | None


class DockerPart(Protocol):
    """What the docker format does for the REST API."""

    def assets(self, repo: Repository) -> list[Asset]: ...

    def status(self, repo: Repository) -> RemoteStatus | None: ...

    async def invalidate_cache(self, repo: Repository) -> None: ...

    async def forget(self, repo: Repository) -> None: ...

    def ports_in_use(self) -> dict[int, str]: ...


@dataclass
class BlobStore:
    name: str
    path: str
    soft_quota: dict[str, Any] | None = None  # {"type", "limit"}


@dataclass
class Anonymous:
    enabled: bool = False
    user_id: str = "anonymous"
    realm_name: str = "NexusAuthorizingRealm"


@dataclass(frozen=True)
class UserToken:
    user_id: str
    pass_code: Secret
