"""A real registry for tests of the puller, and images made for it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


USERNAME, PASSWORD = "deploy", "correct-horse"
# Made once with bcrypt, the only kind that docker-registry reads.
HTPASSWD = "deploy:$2y$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 15.0) -> None:
    """Until something listens on ``port`` of loopback, or ``process`` ended."""
    deadline = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextlib.contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """A server program for as long as the block lasts."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def docker_registry(
    folder: Path, *, htpasswd: bool = False, token: dict[str, str] | None = None
) -> Iterator[str]:
    """Debian's docker-registry on a free port; its URL. ``htpasswd``: for `USERNAME` alone;
    ``token``: its own settings for Bearer tokens."""
    port = free_port()
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"127.0.0.1:{port}"},
        # Foreign layers are pushed by name only.
        "validation": {"manifests": {"urls": {"allow": [".*"]}}},
    }
    folder.mkdir(parents=True, exist_ok=True)
    if htpasswd:
        (folder / "htpasswd").write_text(HTPASSWD)
        path = str(folder / "htpasswd")
        config["auth"] = {"htpasswd": {"realm": "test registry", "path": path}}
    if token:
        config["auth"] = {"token": token}
    settings = folder / "config.yml"
    settings.write_text(json.dumps(config))
    with running(["docker-registry", "serve", str(settings)], port, folder / "log"):
        yield f"http://127.0.0.1:{port}"


@dataclass
class Made:
    """An image or index to be pushed."""

    media_type: str
    raw: bytes
    blobs: dict[str, bytes] = field(default_factory=dict)
    children: list[Made] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return sha256(self.raw)

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.raw)
        return document

    def descriptor(self, **more: Any) -> dict[str, Any]:
        return {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.raw),
            **more,
        }


def tar_of(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    """Compressed by the means of the program itself, on whichever Python."""
    if sys.version_info >= (3, 14):
        from compression.zstd import compress
    else:
        from backports.zstd import compress
    return compress(data)


def image(
    sizes: Sequence[int] = (70_000, 40_000),
    *,
    architecture: str = "amd64",
    variant: str = "",
    docker: bool = False,
    layers: Sequence[tuple[bytes, bytes, str]] | None = None,
    more_layers: Sequence[dict[str, Any]] = (),
) -> Made:
    """An image of incompressible gzip layers of ``sizes`` bytes; or of ``layers`` as (stored,
    uncompressed, media type). ``more_layers`` are descriptors without bytes."""
    base = DOCKER_LAYER if docker else OCI_LAYER
    if layers is None:
        tars = [tar_of(f"file-{n}", os.urandom(size)) for n, size in enumerate(sizes)]
        kind = f"{base}.gzip" if docker else f"{base}+gzip"
        layers = [(gzip.compress(tar, 1), tar, kind) for tar in tars]
    config = {
        "architecture": architecture,
        "os": "linux",
        **({"variant": variant} if variant else {}),
        "created": "2026-01-01T00:00:00Z",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for _, tar, _ in layers]},
    }
    raw_config = json.dumps(config).encode()
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {
            "mediaType": DOCKER_CONFIG if docker else OCI_CONFIG,
            "digest": sha256(raw_config),
            "size": len(raw_config),
        },
        "layers": [
            {"mediaType": kind, "digest": sha256(stored), "size": len(stored)}
            for stored, _, kind in layers
        ]
        + list(more_layers),
    }
    blobs = {sha256(stored): stored for stored, _, _ in layers}
    blobs[sha256(raw_config)] = raw_config
    return Made(media_type, json.dumps(manifest).encode(), blobs)


def index(*entries: tuple[Made, dict[str, Any] | None], docker: bool = False) -> Made:
    """An index of (child, platform); None where the entry names no platform."""
    media_type = DOCKER_LIST if docker else OCI_INDEX
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [
            child.descriptor(**({"platform": platform} if platform else {}))
            for child, platform in entries
        ],
    }
    return Made(media_type, json.dumps(document).encode(), {}, [child for child, _ in entries])


def push(
    url: str, repository: str, made: Made, tag: str, auth: tuple[str, str] | None = None
) -> str:
    """Push an image with everything it needs; its digest."""
    with httpx.Client(base_url=url, auth=auth, timeout=60, trust_env=False) as client:
        put_manifest(client, repository, made, tag)
    return made.digest


def put_manifest(client: httpx.Client, repository: str, made: Made, reference: str) -> None:
    """Push blobs and children of ``made``, then itself under a tag or digest."""
    for child in made.children:
        put_manifest(client, repository, child, child.digest)
    for digest, data in made.blobs.items():
        started = client.post(f"/v2/{repository}/blobs/uploads/")
        started.raise_for_status()
        target = httpx.URL(started.headers["location"]).copy_merge_params({"digest": digest})
        client.put(target, content=data).raise_for_status()
    client.put(
        f"/v2/{repository}/manifests/{reference}",
        content=made.raw,
        headers={"Content-Type": made.media_type},
    ).raise_for_status()
