"""What Nexus answers, as types. Reading is lenient: unknown members are ignored, absent and
null ones take the default; a member of a wrong type is an error (`client` tells which).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal

import msgspec

from cgwizard.errors import Code
from cgwizard.nexus.docker_proxy import DockerProxy
from cgwizard.nexus.sentences import REMOTE_AVAILABLE, remote_blocked
from cgwizard.nexus.settings import DockerAttributes, Json, Storage, Wire
from cgwizard.text import decode
from cgwizard.text.sanitize import one_line

__all__ = [
    "Account",
    "Anonymous",
    "Asset",
    "BlobStore",
    "Component",
    "DockerAttributes",
    "DockerProxy",
    "Eula",
    "HttpSettings",
    "OutboundProxy",
    "Quota",
    "RemoteCertificate",
    "RemoteStatus",
    "Repository",
    "Server",
    "Storage",
]


_SERVER = re.compile(r"nexus/(\d+\.\d+\.\d+(?:-[\w.]+)?)(?:\s+\((\w+)\))?\s*$", re.IGNORECASE)


class Server(msgspec.Struct, frozen=True):
    """Who answers. ``version`` (``"3.96.3-01"``) and ``edition`` are None where a reverse proxy
    hides them; ``header`` is the answer's Server header as it came."""

    version: str | None
    edition: str | None  # "COMMUNITY", "PRO", "OSS" (up to 3.76), "CORE" (open core, no docker)
    header: str


def read_server(header: str) -> Server | None:
    """From a Server header such as ``Nexus/3.96.3-01 (COMMUNITY)``; None for other products."""
    found = _SERVER.match(header.strip()[:200])
    if not found:
        return None
    edition = found[2].upper() if found[2] else None
    return Server(found[1], edition, one_line(header))


class Account(msgspec.Struct, frozen=True):
    """Who is signed in. ``repository_admin`` is None where it shows only when it is tried."""

    user_id: str
    administrator: bool
    repository_admin: bool | None
    evidence: str  # how it is known, for users


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository of any format. ``raw`` is the answer's whole object. ``port_unread``: it may
    have a connector whose port has a form that cannot be read."""

    name: str
    format: str
    type: str  # "proxy", "hosted", "group"
    online: bool = True
    url: str = ""
    docker: DockerAttributes | None = None
    remote_url: str | None = None  # of a proxy
    blob_store: str | None = None
    raw: Json = msgspec.field(default_factory=dict)
    port_unread: bool = False


class Quota(Wire, frozen=True):
    type: str = ""  # "spaceRemainingQuota", "spaceUsedQuota"
    limit: int = 0  # bytes


class BlobStore(Wire, frozen=True):
    """Sizes are bytes, 0 where the store is not started."""

    name: str
    type: str = ""
    unavailable: bool = False
    blob_count: int = 0
    total_size_in_bytes: int = 0
    available_space_in_bytes: int = 0
    soft_quota: Quota | None = None


class Anonymous(Wire, frozen=True):
    enabled: bool = False
    user_id: str = "anonymous"
    realm_name: str = "NexusAuthorizingRealm"


class Eula(Wire, frozen=True):
    """Of the Community Edition, 3.77 and later. ``disclaimer`` goes back as it came."""

    accepted: bool = False
    disclaimer: str = ""


class Asset(Wire, frozen=True):
    """``path`` has no leading slash up to 3.70. Times are ISO 8601, as Nexus writes them."""

    id: str = ""
    path: str = ""
    repository: str = ""
    format: str = ""
    download_url: str = ""
    content_type: str = ""
    checksum: dict[str, str] = msgspec.field(default_factory=dict)
    file_size: int | None = None
    blob_created: str | None = None
    last_modified: str | None = None
    last_downloaded: str | None = None

    @property
    def stored(self) -> datetime | None:
        """When its bytes came: an asset that is served from the cache keeps it."""
        try:
            written = self.blob_created or self.last_modified or ""
            return decode.parsed(datetime.fromisoformat, written)
        except decode.Unreadable:
            return None


class Component(Wire, frozen=True):
    """A docker component is a tag; its asset is the manifest that the tag points to."""

    id: str = ""
    repository: str = ""
    format: str = ""
    group: str = ""
    name: str = ""
    version: str = ""
    assets: tuple[Asset, ...] = ()

    @property
    def digest(self) -> str | None:
        """Of the tag's manifest, ``sha256:...``, where Nexus tells it."""
        for asset in self.assets:
            if sha := asset.checksum.get("sha256"):
                return f"sha256:{sha}"
        return None


class RemoteStatus(Wire, frozen=True):
    """What Nexus thinks of a repository's remote; the texts are Nexus's."""

    online: bool = True
    description: str | None = None  # "Remote Available", "Remote Auto Blocked and Unavailable"
    reason: str | None = None

    @property
    def blocked(self) -> Literal["auto", "manual"] | None:
        match remote_blocked(self.description or ""):
            case Code.REMOTE_AUTO_BLOCKED:
                return "auto"
            case Code.REMOTE_MANUALLY_BLOCKED:
                return "manual"
        return None

    @property
    def available(self) -> bool:
        """Nexus has had an answer from the remote."""
        return self.description == REMOTE_AVAILABLE


class RemoteCertificate(Wire, frozen=True):
    """The first certificate of a remote as Nexus sees it. Dates are ms since 1970."""

    id: str = ""
    fingerprint: str = ""
    serial_number: str = ""
    issued_on: int = 0
    expires_on: int = 0
    subject_common_name: str = ""
    subject_organization: str = ""
    subject_organizational_unit: str = ""
    issuer_common_name: str = ""
    issuer_organization: str = ""
    issuer_organizational_unit: str = ""
    pem: str = ""


class OutboundProxy(Wire, frozen=True):
    enabled: bool = False
    host: str = ""
    port: str | int = ""  # Nexus writes it as a text


class HttpSettings(Wire, frozen=True):
    """How Nexus itself reaches the network. ``timeout`` is seconds."""

    user_agent: str | None = None
    timeout: int | None = None
    retries: int | None = None
    non_proxy_hosts: tuple[str, ...] = ()
    http_proxy: OutboundProxy | None = None
    https_proxy: OutboundProxy | None = None
