"""The sockets at which container engines may listen, by the rules of their own commands."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from cgwizard.engines.errors import WITHOUT
from cgwizard.errors import Code, WizardError
from cgwizard.text import decode

Kind = Literal["docker", "podman"]


class Candidate(msgspec.Struct, frozen=True):
    """An address that the rules give. ``named``: the user chose it, and no other will do."""

    kind: Kind
    address: str  # "unix:///var/run/docker.sock"
    why: str  # the setting that names it, for users
    named: bool = False


class _Context(msgspec.Struct, rename="pascal"):
    name: str = ""
    endpoints: dict[str, dict[str, object]] | None = None


class _Config(msgspec.Struct, rename="camel"):
    current_context: str = ""


T = TypeVar("T", _Config, _Context)


def docker_sockets(env: Mapping[str, str]) -> Iterator[Candidate]:
    """In the order of the docker command: DOCKER_HOST, the context, the usual places."""
    home = Path(env.get("HOME") or Path.home())
    if host := env.get("DOCKER_HOST"):
        yield Candidate("docker", host, "DOCKER_HOST", named=True)
        return
    config = Path(env.get("DOCKER_CONFIG") or home / ".docker")
    context = env.get("DOCKER_CONTEXT") or _read(config / "config.json", _Config).current_context
    if context and context != "default":
        meta = config / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest()
        endpoints = _read(meta / "meta.json", _Context).endpoints or {}
        address = endpoints.get("docker", {}).get("Host")
        # Without an address docker refuses too: the user did not mean another engine.
        known = address if isinstance(address, str) else ""
        yield Candidate("docker", known, f"docker context {context}", named=True)
        return
    paths = [Path("/var/run/docker.sock")]
    if runtime := env.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "docker.sock")
    paths += [Path(f"/run/user/{os.getuid()}/docker.sock"), home / ".docker/run/docker.sock"]
    paths.append(home / ".docker/desktop/docker.sock")
    for path in dict.fromkeys(paths):
        yield Candidate("docker", f"unix://{path}", "the usual place")


def podman_sockets(env: Mapping[str, str]) -> Iterator[Candidate]:
    """CONTAINER_HOST, the user's service, the system's service."""
    if host := env.get("CONTAINER_HOST"):
        yield Candidate("podman", host, "CONTAINER_HOST", named=True)
        return
    paths = []
    if runtime := env.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "podman/podman.sock")
    paths += [Path(f"/run/user/{os.getuid()}/podman/podman.sock"), Path("/run/podman/podman.sock")]
    for path in dict.fromkeys(paths):
        yield Candidate("podman", f"unix://{path}", "the usual place")


def _read(path: Path, kind: type[T]) -> T:
    """A file of the docker command; empty if it is missing or broken, because docker's own message
    about that is better."""
    try:
        return decode.json(path.read_bytes(), kind)
    except (OSError, decode.Unreadable):
        return kind()


def path_of(candidate: Candidate) -> str:
    """The path of its socket. Raises WizardError `engine-absent` or `engine-remote`."""
    scheme, _, path = candidate.address.partition("://")
    if scheme == "unix" and path.startswith("/"):
        return path
    tried = f"using the engine that {candidate.why} names"
    if not candidate.address:
        raise WizardError(
            Code.ENGINE_ABSENT,
            tried=tried,
            came_back="there is no such context, or it names no engine",
            cause="it was removed, or its name in DOCKER_CONTEXT or docker's settings is wrong",
            next_step=f"choose another: docker context ls; or {WITHOUT}",
        )
    bare = candidate.address.removeprefix("unix://")
    if "/" in bare and "://" not in bare:
        raise WizardError(
            Code.ENGINE_REMOTE,
            tried=tried,
            came_back=f"{candidate.address} is no address of a socket",
            cause="that is unix:// and the whole path",
            next_step=f"if it is on this machine: unix://{Path(bare).absolute()}",
        )
    # Podman accepts passwords in addresses.
    before, at, after = candidate.address.rpartition("@")
    user, colon, _ = before.partition("://")[2].partition(":")
    shown = f"{scheme}://{user}:***@{after}" if at and colon else candidate.address
    raise WizardError(
        Code.ENGINE_REMOTE,
        tried=tried,
        came_back=f"{shown} is no unix:// socket",
    )
