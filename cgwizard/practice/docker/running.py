"""A docker repository that runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from cgwizard.practice.docker.group import GroupSource
from cgwizard.practice.docker.hosted import HostedSource
from cgwizard.practice.docker.proxy import ProxySource
from cgwizard.practice.docker.settings import DockerSettings
from cgwizard.practice.docker.store import Contents
from cgwizard.practice.nexus.models import Repository


@dataclass
class RunningRepository:
    """A docker repository that runs, made from one version of its settings."""

    repository: Repository
    settings: DockerSettings
    contents: Contents
    source: ProxySource | HostedSource | GroupSource
    remote_url: str
    refused: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.repository.name
