"""From a recipe to an image: layers, configs, manifests, indexes, signatures, SBOMs.

Everything is a function of the recipe and the repository's name: the same bytes in every
process, on every machine, with every version of Python.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cgwizard.practice.cgr import artifacts
from cgwizard.practice.cgr.catalog import MEBIBYTE, ImageRecipe
from cgwizard.practice.cgr.elf import Architecture, program
from cgwizard.practice.cgr.layers import MADE_TEXT, LayerFile, TarEntry, noise, write_layer
from cgwizard.practice.cgr.rootfs import base_system

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLATFORMS: tuple[Architecture, ...] = ("amd64", "arm64")
ENTRYPOINT = "/usr/bin/practice-image"
_DEV_LAYER = ("bash apk-tools build-base", 2.0)

Descriptor = dict[str, object]


@dataclass(frozen=True)
class Manifest:
    """A manifest or index as it is served."""

    media_type: str
    body: bytes
    digest: str


@dataclass
class Image:
    """All that one repository holds."""

    repository: str
    tags: dict[str, str] = field(default_factory=dict)  # tag -> digest
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, int] = field(default_factory=dict)  # digest -> size
    referrers: dict[str, list[Descriptor]] = field(default_factory=dict)


def encode(document: Mapping[str, object]) -> bytes:
    """JSON whose bytes are fixed: they are what a digest is taken of."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Builder:
    """Makes the image of one repository; its blobs go to ``folder``, named by their hex digest."""

    def __init__(self, repository: str, recipe: ImageRecipe, folder: Path) -> None:
        self._recipe, self._folder = recipe, folder
        self._image = Image(repository)
        self._layers: dict[tuple[str, Architecture], LayerFile] = {}

    def build(self) -> Image:
        """The finished image. Raises OSError when the disk refuses."""
        self._folder.mkdir(parents=True, exist_ok=True)
        plain = self._index(self._recipe.layers)
        dev = self._index((*self._recipe.layers, _DEV_LAYER))
        tags = self._image.tags
        for tag in ("latest", *self._recipe.versions):
            tags[tag], tags[f"{tag}-dev"] = plain, dev
        for digest in list(self._image.manifests):
            artifacts.attach(self, self._image.repository, digest)
        return self._image

    def put_blob(self, data: bytes) -> str:
        """Store a small blob; returns its digest."""
        digest = digest_of(data)
        self._image.blobs[digest] = len(data)
        partial = self._partial(digest)
        partial.write_bytes(data)
        partial.replace(self._folder / digest.removeprefix("sha256:"))
        return digest

    def put_manifest(self, document: Mapping[str, object], *, tag: str = "") -> Manifest:
        body = encode(document)
        manifest = Manifest(str(document["mediaType"]), body, digest_of(body))
        self._image.manifests[manifest.digest] = manifest
        if tag:
            self._image.tags[tag] = manifest.digest
        return manifest

    def refer(self, subject: str, descriptor: Descriptor) -> None:
        self._image.referrers.setdefault(subject, []).append(descriptor)

    def size_of(self, digest: str) -> int:
        return len(self._image.manifests[digest].body)

    def media_type_of(self, digest: str) -> str:
        return self._image.manifests[digest].media_type

    def _partial(self, name: str) -> Path:
        return self._folder / f".{name.rpartition(':')[2]}.{os.getpid()}"

    def _index(self, layers: tuple[tuple[str, float], ...]) -> str:
        children: list[Descriptor] = []
        for architecture in PLATFORMS:
            manifest = self._manifest(architecture, layers)
            children.append(
                {
                    "mediaType": manifest.media_type,
                    "size": len(manifest.body),
                    "digest": manifest.digest,
                    "platform": {"architecture": architecture, "os": "linux"},
                }
            )
        document = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": children,
            "annotations": self._annotations(),
        }
        return self.put_manifest(document).digest

    def _manifest(
        self, architecture: Architecture, layers: tuple[tuple[str, float], ...]
    ) -> Manifest:
        files = [self._layer(architecture, packages, size) for packages, size in layers]
        config = encode(self._config(architecture, layers, files))
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": CONFIG,
                "size": len(config),
                "digest": self.put_blob(config),
            },
            "layers": [
                {"mediaType": LAYER, "size": file.size, "digest": file.digest} for file in files
            ],
            "annotations": self._annotations(),
        }
        return self.put_manifest(document)

    def _config(
        self,
        architecture: Architecture,
        layers: tuple[tuple[str, float], ...],
        files: list[LayerFile],
    ) -> dict[str, object]:
        return {
            "architecture": architecture,
            "author": "cgwizard practice",
            "config": {
                "Entrypoint": [ENTRYPOINT],
                "Env": [
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
                ],
                "Labels": self._annotations(),
                "User": self._recipe.user,
            },
            "created": MADE_TEXT,
            "history": [
                {
                    "author": "cgwizard practice",
                    "comment": f"practice layer: {packages}",
                    "created": MADE_TEXT,
                    "created_by": "apko",
                }
                for packages, _ in layers
            ],
            "os": "linux",
            "rootfs": {"diff_ids": [file.diff_id for file in files], "type": "layers"},
        }

    def _annotations(self) -> dict[str, str]:
        return {
            "org.opencontainers.image.created": MADE_TEXT,
            "org.opencontainers.image.description": f"Practice image: {self._recipe.title}",
            "org.opencontainers.image.title": self._recipe.name,
            "org.opencontainers.image.vendor": "cgwizard practice",
        }

    def _layer(self, architecture: Architecture, packages: str, size: float) -> LayerFile:
        made = self._layers.get((packages, architecture))
        if made is not None:
            return made
        first = packages == self._recipe.layers[0][0]
        partial = self._partial(f"{self._recipe.name}-{architecture}-layer")
        repository = self._image.repository
        entries = base_system(self._recipe) if first else []
        if first:
            text = f"Hello from the practice image {repository}\n"
            entries.append(
                TarEntry(ENTRYPOINT.lstrip("/"), program(architecture, text), mode=0o755)
            )
        seed = f"{repository} {architecture} {packages}"
        name = packages.partition(" ")[0]
        entries.append(
            TarEntry(f"usr/share/practice/{name}.bin", noise(seed, int(size * MEBIBYTE)))
        )
        file = write_layer(entries, partial)
        partial.replace(self._folder / file.digest.removeprefix("sha256:"))
        self._image.blobs[file.digest] = file.size
        self._layers[packages, architecture] = file
        return file
