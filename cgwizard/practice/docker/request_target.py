"""What a request is for: the repository, the image, the manifest or blob."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cgwizard.practice.docker.content_source import ContentSource
from cgwizard.practice.docker.responses import DistributionError
from cgwizard.practice.docker.settings import DockerSettings
from cgwizard.practice.docker.store import DIGEST

if TYPE_CHECKING:
    from cgwizard.practice.nexus.models import Repository

READS = {"GET", "HEAD"}
ROUTE = re.compile(
    r"/(?P<name>.+?)/(?:"
    r"manifests/(?P<manifest>[^/]+)"
    r"|blobs/uploads/?(?P<upload>[^/]*)"
    r"|blobs/(?P<blob>[^/]+)"
    r"|tags/(?P<tags>list)"
    r"|referrers/(?P<referrers>[^/]+)"
    r")"
)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass
class RequestTarget:
    """A repository, and where its API begins."""

    repository: Repository
    settings: DockerSettings
    source: ContentSource
    root: str  # in front of /NAME/...: "/v2", "/v2/REPOSITORY" or "/repository/REPOSITORY/v2"
    token_path: str
    path: str  # behind the root: "", "/", "/chainguard/wolfi-base/manifests/latest"


def name_in(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise DistributionError(400, "NAME_INVALID", "invalid repository name")
    return text


def digest_in(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise DistributionError(400, "DIGEST_INVALID", "invalid checksum digest format")
    return text


def reference_in(text: str) -> str:
    """A tag or a digest."""
    if ":" in text:
        return digest_in(text)
    if not _TAG.fullmatch(text):
        raise DistributionError(404, "MANIFEST_UNKNOWN", "manifest unknown")
    return text
