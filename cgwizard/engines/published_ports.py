"""The ports at which this machine reaches a Nexus in a container."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cgwizard.engines.container_model import NEXUS_DATA, NEXUS_PORT, Container
from cgwizard.errors import Code, Problem, WizardError
from cgwizard.nexus.ports import FIRST_PORT

if TYPE_CHECKING:
    from cgwizard.engines.model import Engine

LOCAL = {"127.0.0.1", "localhost", "::1"}


def engines(env: Mapping[str, str] | None = None) -> list[Engine]:
    """The engines that could run a trial Nexus. Blocks a few seconds at most."""
    from cgwizard.engines import find

    found = find.find(os.environ if env is None else env)
    return [answer.engine for answer in found if answer.engine is not None]


def behind(url: str, env: Mapping[str, str] | None = None) -> Container | None:
    """The container of this machine in which the Nexus at ``url`` runs; None if it runs elsewhere
    or the engine does not answer. Blocks a few seconds at most."""
    from cgwizard.engines.containers import Containers

    parts = urlsplit(url)
    if parts.hostname not in LOCAL:
        return None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for engine in engines(env):
        try:
            with Containers(engine) as containers:
                nexuses = containers.nexuses()
        except WizardError:  # the guide goes on without this evidence
            continue
        for container in nexuses:
            published = {address.port for address in container.published.values()}
            if container.running and port in published:
                return container
    return None


def published_ports(container: Container) -> dict[int, int]:
    """Ports of this machine by the port inside the container."""
    return {inside: address.port for inside, address in container.published.items()}


def unpublished(container: Container, port: int | None = None) -> Problem | None:
    """Why nobody would reach a connector on ``port``; None if it is published. Without ``port``:
    why there is no port for any connector."""
    if container.host_network:
        return None
    if port in container.connectors or (port is None and container.connectors):
        return None
    outside = published_ports(container).get(port) if port else None
    listed = ", ".join(map(str, container.connectors))
    came_back = f"published for connectors: {listed or 'none'}"
    if outside:
        came_back = f"port {port} of the container is port {outside} of this machine"
    another = f"choose {listed}, or " if listed else ""
    return Problem(
        Code.CONNECTOR_NOT_PUBLISHED,
        tried=f"looking which ports the container {container.name} publishes",
        came_back=came_back,
        cause="a container has the ports that it was started with; none can be added later",
        next_step=f"{another}remove the container, which keeps its data, and start it anew: "
        f"{_again(container, port or FIRST_PORT)}",
    )


def _again(container: Container, port: int) -> str:
    nexus = published_ports(container).get(NEXUS_PORT, NEXUS_PORT)
    ports = f"-p {nexus}:{NEXUS_PORT} -p {port}:{port}"
    data = f" -v {container.volume}:{NEXUS_DATA}" if container.volume else ""
    name = f"--name {container.name}"
    return f"{container.program} run -d {ports} {name}{data} {container.image}"
