"""The repositories that Nexus makes on its first start: maven and nuget ones, no docker one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cgwizard.practice.nexus.models import Repository


def first_repositories() -> Iterator[Repository]:
    maven = {"contentDisposition": "INLINE", "layoutPolicy": "STRICT"}
    yield _proxy(
        "maven-central",
        "maven2",
        "https://repo1.maven.org/maven2/",
        {"maven": {"versionPolicy": "RELEASE", "layoutPolicy": "PERMISSIVE"} | _INLINE},
    )
    yield _hosted(
        "maven-releases", "maven2", "ALLOW_ONCE", {"maven": {"versionPolicy": "RELEASE"} | maven}
    )
    yield _hosted(
        "maven-snapshots", "maven2", "ALLOW", {"maven": {"versionPolicy": "SNAPSHOT"} | maven}
    )
    yield _group("maven-public", "maven2", ["maven-releases", "maven-snapshots", "maven-central"])
    yield _proxy(
        "nuget.org-proxy",
        "nuget",
        "https://api.nuget.org/v3/index.json",
        {"nugetProxy": {"queryCacheItemMaxAge": 3600, "nugetVersion": "V3"}},
    )
    yield _hosted("nuget-hosted", "nuget", "ALLOW", {})
    yield _group("nuget-group", "nuget", ["nuget-hosted", "nuget.org-proxy"])


_INLINE = {"contentDisposition": "INLINE"}


def _storage(**more: Any) -> dict[str, Any]:
    return {"blobStoreName": "default", "strictContentTypeValidation": True, **more}


def _common(name: str, format: str, type: str) -> dict[str, Any]:
    return {"name": name, "format": format, "type": type, "online": True}


def _proxy(name: str, format: str, remote: str, more: dict[str, Any]) -> Repository:
    settings = _common(name, format, "proxy") | {
        "storage": _storage(),
        "cleanup": None,
        "proxy": {"remoteUrl": remote, "contentMaxAge": -1, "metadataMaxAge": 1440},
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {
            "blocked": False,
            "autoBlock": True,
            "connection": None,
            "authentication": None,
        },
        "routingRuleName": None,
        "replication": None,
    }
    return Repository(name, format, "proxy", settings | more)


def _hosted(name: str, format: str, policy: str, more: dict[str, Any]) -> Repository:
    settings = _common(name, format, "hosted") | {
        "storage": _storage(writePolicy=policy),
        "cleanup": None,
        "component": {"proprietaryComponents": False},
    }
    return Repository(name, format, "hosted", settings | more)


def _group(name: str, format: str, members: list[str]) -> Repository:
    settings = _common(name, format, "group") | {
        "storage": _storage(),
        "group": {"memberNames": members},
    }
    return Repository(name, format, "group", settings)
