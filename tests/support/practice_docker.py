"""Docker repositories of the practice Nexus, made through its REST API, and real registries."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from cgwizard.practice.nexus.accounts import Role, User
from cgwizard.practice.nexus.models import RemoteStatus, Repository
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.ports import free_port
from tests.support.practice_world import ADMIN_PASSWORD

ADMIN_AUTH = (ADMIN, ADMIN_PASSWORD)
FREE_IMAGE = "chainguard/wolfi-base"
PRIVATE_IMAGE = "example.com/chainguard-base"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


def add_repository(
    world: PracticeWorld,
    name: str = "chainguard",
    kind: str = "proxy",
    *,
    remote: str = "https://cgr.dev/",
    token: Credentials | None = None,
    port: int | None = 0,
    **settings: Any,
) -> str:
    """Make or replace a docker repository as the REST API would; its connector's URL.

    ``port`` 0 is a free one, None is none. ``settings`` are top-level members; dictionaries
    are merged into the defaults.
    """
    port = free_port() if port == 0 else port
    everything: dict[str, Any] = {
        "name": name,
        "format": "docker",
        "type": kind,
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "proxy": {"remoteUrl": remote, "contentMaxAge": 1440, "metadataMaxAge": 1440},
        "negativeCache": {"enabled": True, "timeToLive": 1440},
        "httpClient": {
            "blocked": False,
            "autoBlock": True,
            "connection": None,
            "authentication": token
            and {
                "type": "username",
                "username": token.username,
                "password": token.password.reveal(),
            },
        },
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": port},
        "dockerProxy": {"indexType": "REGISTRY", "indexUrl": None},
    }
    for key, value in settings.items():
        if isinstance(value, dict):
            everything.setdefault(key, {}).update(value)
        else:
            everything[key] = value

    async def put() -> None:
        world.state.repositories[name] = Repository(name, "docker", kind, everything)
        await world.state.repositories_changed()

    world.call(put)
    return f"http://127.0.0.1:{port}"


def remove_repository(world: PracticeWorld, name: str) -> None:
    async def remove() -> None:
        del world.state.repositories[name]
        await world.state.repositories_changed()

    world.call(remove)


def add_user(world: PracticeWorld, name: str, password: str, *privileges: str) -> tuple[str, str]:
    """A user who holds just these privileges."""

    def add() -> None:
        world.state.roles[name] = Role(name, name, "", list(privileges))
        world.state.users[name] = User(
            name, name, name, f"{name}@example.org", Secret(password), roles=[name]
        )

    world.call(add)
    return name, password


def status(world: PracticeWorld, name: str = "chainguard") -> RemoteStatus:
    found = world.call(lambda: world.docker.status(world.state.repositories[name]))
    assert isinstance(found, RemoteStatus)
    return found


def paths(world: PracticeWorld, name: str = "chainguard") -> dict[str, Any]:
    """The assets of a repository by path."""
    assets = world.call(lambda: world.docker.assets(world.state.repositories[name]))
    return {asset.path: asset for asset in assets}


def upstream(world: PracticeWorld, part: str) -> int:
    """How many requests with ``part`` in their path reached the practice cgr.dev."""
    return sum(part in seen.path for seen in world.registry.requests)


def stop_registry(world: PracticeWorld) -> None:
    """cgr.dev and its blob host are gone from now on."""

    async def stop() -> None:
        for running in (world.registry.running, world.registry.blobs_running):
            assert running is not None
            await world._servers.stop(running)

    world.call(stop)


def pull(client: httpx.Client, image: str, reference: str = "latest") -> dict[str, bytes]:
    """Every blob of one platform by digest, each checked."""
    index = client.get(f"/v2/{image}/manifests/{reference}").raise_for_status().json()
    digest = next(
        m["digest"] for m in index["manifests"] if m["platform"]["architecture"] == "amd64"
    )
    manifest = client.get(f"/v2/{image}/manifests/{digest}").raise_for_status().json()
    blobs = {}
    for descriptor in (manifest["config"], *manifest["layers"]):
        answer = client.get(f"/v2/{image}/blobs/{descriptor['digest']}").raise_for_status()
        assert "sha256:" + hashlib.sha256(answer.content).hexdigest() == descriptor["digest"]
        blobs[descriptor["digest"]] = answer.content
    return blobs


def layers(client: httpx.Client, image: str) -> list[dict[str, Any]]:
    """The layers' descriptors of one platform, without fetching them."""
    index = client.get(f"/v2/{image}/manifests/latest").raise_for_status().json()
    digest = index["manifests"][0]["digest"]
    manifest = client.get(f"/v2/{image}/manifests/{digest}").raise_for_status().json()
    return list(manifest["layers"])


def manifest_of(blobs: list[bytes], config: bytes = b"{}") -> bytes:
    """An OCI manifest of blobs that lie in a registry."""

    def descriptor(data: bytes, kind: str) -> dict[str, Any]:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        media_type = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor(config, "config.v1+json"),
            "layers": [descriptor(blob, "layer.v1.tar") for blob in blobs],
        }
    ).encode()


@contextlib.contextmanager
def debian_registry(folder: Path, *lines: str) -> Iterator[str]:
    """Debian's docker-registry on a free port; ``lines`` are more of its configuration."""
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'registry'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n" + "\n".join(lines) + "\n"
    )
    with (folder / "registry.log").open("w") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)],
            stdout=log,
            stderr=log,
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{url}/v2/"), "docker-registry")
        yield url
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def docker_engine(folder: Path) -> Iterator[str]:
    """A docker daemon of the test's own; its address."""
    address = f"unix://{folder}/docker.sock"
    with (folder / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(
            [
                *("dockerd", "--iptables=false", "--bridge=none", "--storage-driver=vfs"),
                *("--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")),
                *("--pidfile", str(folder / "pid"), "-H", address),
            ],
            stdout=log,
            stderr=log,
        )
        info = ("docker", "-H", address, "info")
        try:
            wait_until(
                lambda: subprocess.run(info, check=False, capture_output=True).returncode == 0,
                "dockerd",
                seconds=60,
            )
            yield address
        finally:
            daemon.terminate()
            daemon.wait(30)
            # It leaves a network namespace mounted, which keeps the folder from being removed.
            leftover = str(folder / "exec" / "netns" / "default")
            subprocess.run(["umount", leftover], check=False, capture_output=True)


def answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def push(registry: str, image: str, tag: str, blobs: list[bytes]) -> str:
    """Push an image by plain requests; its manifest's digest."""
    with httpx.Client(base_url=registry, trust_env=False) as client:
        for blob in (*blobs, b"{}"):
            started = client.post(f"/v2/{image}/blobs/uploads/").raise_for_status()
            digest = "sha256:" + hashlib.sha256(blob).hexdigest()
            location = httpx.URL(started.headers["location"])
            url = location.copy_merge_params({"digest": digest})
            client.put(url, content=blob).raise_for_status()
        manifest = manifest_of(blobs)
        kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
        put = client.put(f"/v2/{image}/manifests/{tag}", content=manifest, headers=kind)
        put.raise_for_status()
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
