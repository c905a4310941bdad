"""What a trial Nexus is made of."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import msgspec

from cgwizard.engines.container_model import NEXUS_DATA, NEXUS_PORT, Container

if TYPE_CHECKING:
    from cgwizard.engines.model import Engine
    from cgwizard.secrets.secret import Secret

IMAGE = "sonatype/nexus3"
NAME = "nexus"
USER = "admin"
CONNECTORS = (5051, 5052)
PASSWORD_FILE = f"{NEXUS_DATA}/admin.password"  # until the first password is changed


class TrialSpec(msgspec.Struct, frozen=True):
    """A trial Nexus to start. ``port`` and ``connectors`` are ports of this machine; connectors
    have the same number inside, as the guide expects."""

    image: str = IMAGE
    name: str = NAME
    port: int = NEXUS_PORT
    connectors: tuple[int, ...] = CONNECTORS
    volume: str = ""  # "" is NAME-data
    # For an engine that cannot publish ports. Nexus itself then listens on `port`, which is 8081
    # unless the image sets another one.
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

    def run_line(self, program: str = "docker", image: str = "") -> str:
        """The command that asks ``program`` for the same."""
        words = [program, "run", "-d"]
        for inside, outside in self.published.items():
            words += ["-p", f"{outside}:{inside}"]
        if self.host_network:
            words += ["--network", "host"]
        words += ["--name", self.name, "-v", f"{self.data_volume}:{NEXUS_DATA}"]
        return shlex.join([*words, image or self.image])


class TrialNexus(msgspec.Struct, frozen=True):
    """A Nexus that is up. ``password``: that of the first start, None if it was changed since.
    ``connectors``: the ports that are published for connectors; empty on the host network, where
    every port can be reached."""

    url: str
    username: str
    password: Secret | None
    container: Container
    engine: Engine

    @property
    def connectors(self) -> tuple[int, ...]:
        return self.container.connectors
