"""A practice Nexus with a stub for its docker format, and requests as users write them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from cgwizard.practice.docker.store import Asset
from cgwizard.practice.nexus.models import RemoteStatus, Repository
from cgwizard.practice.nexus.presets import Preset, state_for
from cgwizard.practice.nexus.server import rest_app
from cgwizard.practice.nexus.state import NexusState
from cgwizard.practice.serving import Servers, listen
from cgwizard.secrets.secret import Secret

PASSWORD = "correct horse"

PROXY: dict[str, Any] = {
    "name": "chainguard",
    "online": True,
    "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
    "proxy": {"remoteUrl": "https://cgr.dev/", "contentMaxAge": 1440, "metadataMaxAge": 1440},
    "negativeCache": {"enabled": True, "timeToLive": 1440},
    "httpClient": {"blocked": False, "autoBlock": True},
    "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": 5051},
    "dockerProxy": {"indexType": "REGISTRY"},
}


def proxy(**changes: Any) -> dict[str, Any]:
    """`PROXY` with members changed: ``docker__httpPort=5052``; a value of ... removes one."""
    body = copy.deepcopy(PROXY)
    for key, value in changes.items():
        *parents, last = key.split("__")
        part = body
        for parent in parents:
            part = part.setdefault(parent, {})
        if value is ...:
            part.pop(last, None)
        else:
            part[last] = value
    return body


@dataclass
class DockerStub:
    """What the docker format would know."""

    held: dict[str, list[Asset]] = field(default_factory=dict)
    statuses: dict[str, RemoteStatus] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def assets(self, repo: Repository) -> list[Asset]:
        return self.held.get(repo.name, [])

    def status(self, repo: Repository) -> RemoteStatus | None:
        return self.statuses.get(repo.name)

    async def invalidate_cache(self, repo: Repository) -> None:
        self.calls.append(("invalidate", repo.name))

    async def forget(self, repo: Repository) -> None:
        self.calls.append(("forget", repo.name))

    def ports_in_use(self) -> dict[int, str]:
        return {}


@dataclass
class Nexus:
    state: NexusState
    docker: DockerStub
    url: str
    admin: httpx.Client
    nobody: httpx.Client
    changes: list[str] = field(default_factory=list)

    def remove_docker(self) -> None:
        """Forget the docker repositories, and what was recorded of them."""
        repositories = self.state.repositories
        for name in [r.name for r in repositories.values() if r.format == "docker"]:
            del repositories[name]
        self.docker.calls.clear()
        self.docker.statuses.clear()
        self.changes.clear()

    def client(self, name: str, password: str) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/service/rest/v1", auth=(name, password))

    def add_user(self, name: str, *privileges: str) -> httpx.Client:
        """A user who holds exactly ``privileges``."""
        role = {"id": f"role-{name}", "name": name, "privileges": list(privileges)}
        assert self.admin.post("/security/roles", json=role).status_code == 200
        user = {
            "userId": name,
            "firstName": name,
            "lastName": name,
            "emailAddress": f"{name}@example.org",
            "password": "secret",
            "status": "active",
            "roles": [role["id"]],
        }
        assert self.admin.post("/security/users", json=user).status_code == 200
        return self.client(name, "secret")


@contextmanager
def nexus(data: Path, preset: Preset = "3.96", context_path: str = "") -> Iterator[Nexus]:
    state = state_for(
        preset,
        data=data,
        upstreams={"https://cgr.dev": "http://127.0.0.1:9"},
        password=Secret(PASSWORD),
        context_path=context_path,
    )
    docker = DockerStub()
    state.docker = docker
    servers = Servers(["nexus.example.com"])
    servers.start()
    sock = listen(0)
    port = sock.getsockname()[1]
    state.own_ports.add(port)
    url = f"http://127.0.0.1:{port}{context_path}"
    base = f"{url}/service/rest/v1"
    try:
        servers.submit(servers.serve(rest_app(state), sock)).result(10)
        with (
            httpx.Client(base_url=base, auth=("admin", PASSWORD)) as admin,
            httpx.Client(base_url=base) as nobody,
        ):
            running = Nexus(state, docker, url, admin, nobody)

            async def changed() -> None:
                running.changes.append("changed")

            state.changed = changed
            yield running
    finally:
        servers.close()


def asset(path: str, sha256: str, *, age: float = 60, size: int = 1000) -> Asset:
    made = datetime.now(UTC) - timedelta(seconds=age)
    kind = "application/vnd.oci.image.index.v1+json"
    if "/blobs/" in path:
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
    return Asset(path, sha256, kind, size, made, made, None)
