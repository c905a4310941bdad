"""Decodes the answers of Docker and Podman about a container, which differ in details."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cgwizard.engines.container_model import NEXUS_DATA, Container, PublishedPort
from cgwizard.text import decode

ANYWHERE = {"", "0.0.0.0", "::"}
HEADER = 8  # bytes before each piece of a log: the stream, three zeros, the length


class _Bound(msgspec.Struct, rename="pascal"):
    host_ip: str = ""
    host_port: str = ""


Bindings = dict[str, list[_Bound] | None]


class _Mount(msgspec.Struct, rename="pascal"):
    type: str = ""
    name: str = ""
    source: str = ""
    destination: str = ""


class Listed(msgspec.Struct, rename="pascal"):
    """An entry in the list of containers; also the answer when one is created."""

    id: str = ""
    image: str = ""
    mounts: list[_Mount] | None = None

    @property
    def may_be_nexus(self) -> bool:
        data = any(mount.destination == NEXUS_DATA for mount in self.mounts or ())
        return data or "nexus" in self.image.lower()


class _State(msgspec.Struct, rename="pascal"):
    status: str = ""
    exit_code: int = 0
    oom_killed: bool = msgspec.field(name="OOMKilled", default=False)
    error: str = ""


class _Config(msgspec.Struct, rename="pascal"):
    image: str = ""
    env: list[str] | None = None


class _HostConfig(msgspec.Struct, rename="pascal"):
    network_mode: str = ""
    port_bindings: Bindings | None = None


class _Network(msgspec.Struct, rename="pascal"):
    ports: Bindings | None = None


class Details(msgspec.Struct, rename="pascal"):
    id: str
    name: str = ""
    state: _State = msgspec.field(default_factory=_State)
    config: _Config = msgspec.field(default_factory=_Config)
    host_config: _HostConfig = msgspec.field(default_factory=_HostConfig)
    network_settings: _Network = msgspec.field(default_factory=_Network)
    mounts: list[_Mount] | None = None


T = TypeVar("T", Details, Listed, list[Listed])


def container(details: Details, program: str) -> Container:
    data = next((m for m in details.mounts or () if m.destination == NEXUS_DATA), None)
    # Requested ports are listed for a stopped container too. Open ports include those that the
    # engine chose.
    asked = _addresses(details.host_config.port_bindings)
    state = details.state
    return Container(
        program=program,
        id=details.id,
        name=details.name.removeprefix("/"),
        image=details.config.image,
        status=state.status,
        exit_code=state.exit_code,
        out_of_memory=state.oom_killed,
        error=state.error,
        published=asked | _addresses(details.network_settings.ports),
        host_network=details.host_config.network_mode == "host",
        volume=(data.name or data.source) if data else "",
        named_volume=bool(data and data.type == "volume"),
        is_nexus=bool(data) or _nexus_image(details.config),
    )


def _nexus_image(config: _Config) -> bool:
    name = config.image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    variables = {entry.partition("=")[0] for entry in config.env or ()}
    return name.startswith("nexus3") or bool({"NEXUS_DATA", "NEXUS_HOME"} & variables)


def _addresses(bindings: Bindings | None) -> dict[int, PublishedPort]:
    found: dict[int, PublishedPort] = {}
    for key, bound in (bindings or {}).items():
        port, _, protocol = key.partition("/")
        inside = decode.number(port, 65535)
        if protocol not in {"tcp", ""} or inside is None:
            continue
        for entry in bound or ():
            if outside := decode.number(entry.host_port, 65535):
                found.setdefault(inside, PublishedPort(_host(entry.host_ip), outside))
    return found


def _host(ip: str) -> str:
    if ip in ANYWHERE:
        return "127.0.0.1"
    return f"[{ip}]" if ":" in ip else ip


def log_lines(data: bytes) -> list[str]:
    """The lines of a log. For a container without a terminal both engines send pieces with a
    header each, for one with a terminal plain text."""
    text = b""
    rest = data
    while len(rest) >= HEADER and rest[0] in {0, 1, 2} and rest[1:4] == b"\0\0\0":
        length = int.from_bytes(rest[4:HEADER], "big")
        text += rest[HEADER : HEADER + length]
        rest = rest[HEADER + length :]
    lines = (text + rest).decode("utf-8", "replace").splitlines()
    return [line.strip() for line in lines if line.strip()]
