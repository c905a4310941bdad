"""A container as an engine describes it, and what that says about a Nexus inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

NEXUS_PORT = 8081  # Nexus's own port in the image, the only one that it exposes
NEXUS_DATA = "/nexus-data"


class ContainerSpec(Protocol):
    """A container to create. ``published``: ports of this machine by the port inside; empty for
    one on the host network."""

    @property
    def name(self) -> str: ...
    @property
    def data_volume(self) -> str: ...
    @property
    def published(self) -> Mapping[int, int]: ...


class PublishedPort(msgspec.Struct, frozen=True):
    """Where this machine listens for a port of a container."""

    host: str  # as it stands in a URL
    port: int


class Container(msgspec.Struct, frozen=True):
    """A container, running or not. ``published`` is by the port inside."""

    program: str  # the command of its engine: "docker" or "podman"
    id: str
    name: str
    image: str
    status: str  # "running", "exited", "created", "paused", "restarting", ...
    exit_code: int
    out_of_memory: bool
    error: str  # why the engine could not start it
    published: dict[int, PublishedPort]
    host_network: bool
    volume: str  # what is mounted at /nexus-data; "" where nothing is
    named_volume: bool  # whether that is a volume of the engine, not a folder
    is_nexus: bool

    @property
    def running(self) -> bool:
        return self.status == "running"

    def url(self, port: int = NEXUS_PORT) -> str:
        """Nexus's URL on this machine; "" if its port is not published. ``port`` is used on the
        host network, where the container's settings do not contain it."""
        if self.host_network:
            return f"http://127.0.0.1:{port}"
        found = self.published.get(NEXUS_PORT)
        return f"http://{found.host}:{found.port}" if found else ""

    @property
    def connectors(self) -> tuple[int, ...]:
        """Published ports for connectors: those with the same number inside and outside."""
        same = (inside for inside, address in self.published.items() if inside == address.port)
        return tuple(sorted(port for port in same if port != NEXUS_PORT))
