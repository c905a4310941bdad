"""What a trial Nexus is made of, and what an engine says of the containers that are there."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cgwizard.engines.model import Engine
    from cgwizard.secrets.secret import Secret

IMAGE = "sonatype/nexus3"
NAME = "nexus"
USER = "admin"
NEXUS_PORT = 8081  # Nexus's own port in the image, the only one that it exposes
CONNECTORS = (5051, 5052)
DATA = "/nexus-data"
PASSWORD_FILE = f"{DATA}/admin.password"  # until the first password is changed


class Wanted(msgspec.Struct, frozen=True):
    """A trial Nexus to start. ``port`` and ``connectors`` are ports of this machine; connectors
    have the same number inside, as the guide expects."""

    image: str = IMAGE
    name: str = NAME
    port: int = NEXUS_PORT
    connectors: tuple[int, ...] = CONNECTORS
    volume: str = ""  # "" is NAME-data
    # For an engine that cannot publish ports. Nexus then listens on `port` itself, which is
    # 8081 unless the image was made for another one.
    host_network: bool = False

    @property
    def data_volume(self) -> str:
        return self.volume or f"{self.name}-data"

    @property
    def in_folder(self) -> bool:
        """Whether the data is in a folder of this machine, not in a volume of the engine."""
        return self.volume.startswith("/")

    @property
    def published(self) -> dict[int, int]:
        """Ports to publish: inside the container, and on this machine."""
        if self.host_network:
            return {}
        return {NEXUS_PORT: self.port, **{port: port for port in self.connectors}}

    def command(self, program: str, image: str = "") -> list[str]:
        """What is asked of the engine, as its own command would ask it."""
        words = [program, "run", "-d"]
        for inside, outside in self.published.items():
            words += ["-p", f"{outside}:{inside}"]
        if self.host_network:
            words += ["--network", "host"]
        words += ["--name", self.name, "-v", f"{self.data_volume}:{DATA}", image or self.image]
        return words

    def run_line(self, program: str = "docker", image: str = "") -> str:
        return shlex.join(self.command(program, image))


class Address(msgspec.Struct, frozen=True):
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
    published: dict[int, Address]
    host_network: bool
    volume: str  # what is mounted at /nexus-data; "" where nothing is
    named_volume: bool  # whether that is a volume of the engine, not a folder
    is_nexus: bool

    @property
    def running(self) -> bool:
        return self.status == "running"

    def url(self, port: int = NEXUS_PORT) -> str:
        """Nexus's URL on this machine; "" where its port is not published. ``port`` counts on
        the host network, where the container's settings do not tell it."""
        if self.host_network:
            return f"http://127.0.0.1:{port}"
        found = self.published.get(NEXUS_PORT)
        return f"http://{found.host}:{found.port}" if found else ""

    @property
    def connectors(self) -> tuple[int, ...]:
        """Published ports that a connector can have: the same number inside and outside."""
        same = (inside for inside, address in self.published.items() if inside == address.port)
        return tuple(sorted(port for port in same if port != NEXUS_PORT))


class TrialNexus(msgspec.Struct, frozen=True):
    """A Nexus that is up. ``password`` is that of the first start, None once it was changed.
    ``connectors`` are the ports that are published for connectors; empty on the host network,
    where every port is reached."""

    url: str
    username: str
    password: Secret | None
    container: Container
    engine: Engine

    @property
    def connectors(self) -> tuple[int, ...]:
        return self.container.connectors
