"""The practice images: valid, runnable, and the same bytes everywhere."""

from __future__ import annotations

import gzip
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cgwizard.practice.cgr.catalog import Catalog
from cgwizard.practice.cgr.elf import program
from cgwizard.practice.cgr.images import Builder, Image
from cgwizard.practice.cgr.layers import noise
from tests.support.practice_registry import sha256

CATALOG = Catalog("example.com")
# A change of an image must change these on purpose: users compare digests across machines.
DIGESTS = {
    "chainguard/wolfi-base": (
        "sha256:c6d79d70abc12c29fec2ccf11115904aff51bf491a407c5af0f75e456bc39c61"
    ),
    "example.com/chainguard-base": (
        "sha256:98c5beba7b7cd7c66dc23a32bfa8dfcbf416d0bdf53a77767ab6884143fc2dae"
    ),
}


def build(repository: str, folder: Path) -> Image:
    recipe = CATALOG.recipe(repository)
    assert recipe is not None
    return Builder(repository, recipe, folder).build()


def platforms(image: Image, tag: str = "latest") -> dict[str, dict[str, object]]:
    index = json.loads(image.manifests[image.tags[tag]].body)
    return {
        entry["platform"]["architecture"]: json.loads(image.manifests[entry["digest"]].body)
        for entry in index["manifests"]
    }


def layers_of(manifest: dict[str, object]) -> list[dict[str, object]]:
    layers = manifest["layers"]
    assert isinstance(layers, list)
    return layers


def blob(folder: Path, descriptor: object) -> bytes:
    assert isinstance(descriptor, dict)
    data: bytes = (folder / descriptor["digest"].removeprefix("sha256:")).read_bytes()
    assert len(data) == descriptor["size"]
    assert sha256(data) == descriptor["digest"]
    return data


@pytest.mark.parametrize("repository", DIGESTS)
def test_the_digest_is_the_same_on_every_machine(repository: str, tmp_path: Path) -> None:
    assert build(repository, tmp_path).tags["latest"] == DIGESTS[repository]


def test_layers_unpack_to_what_the_config_says(tmp_path: Path) -> None:
    image = build("chainguard/wolfi-base", tmp_path)
    for architecture, manifest in platforms(image, "latest-dev").items():
        config = json.loads(blob(tmp_path, manifest["config"]))
        assert config["architecture"] == architecture
        assert config["created"] == "2026-08-01T00:00:00Z"
        assert len(config["history"]) == len(layers_of(manifest))
        plain = [gzip.decompress(blob(tmp_path, layer)) for layer in layers_of(manifest)]
        assert [sha256(data) for data in plain] == config["rootfs"]["diff_ids"]
        for data in plain:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                assert archive.getmembers()


def test_the_root_file_system_has_its_accounts_and_folders(tmp_path: Path) -> None:
    manifest = platforms(build("chainguard/wolfi-base", tmp_path))["amd64"]
    data = gzip.decompress(blob(tmp_path, layers_of(manifest)[0]))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        release = archive.extractfile("etc/os-release")
        assert release is not None
        assert b"ID=wolfi\n" in release.read()
        assert archive.getmember("tmp").mode == 0o1777
        assert archive.getmember("bin").linkname == "usr/bin"
        assert archive.getmember("usr/bin/practice-image").mode == 0o755
        assert archive.getmember("home/nonroot").uid == 65532


def test_every_descriptor_names_what_is_there(tmp_path: Path) -> None:
    image = build("example.com/chainguard-base", tmp_path)
    for manifest in image.manifests.values():
        document = json.loads(manifest.body)
        assert document["mediaType"] == manifest.media_type
        for entry in document.get("manifests", []):
            assert len(image.manifests[entry["digest"]].body) == entry["size"]
        for entry in [*document.get("layers", []), *filter(None, [document.get("config")])]:
            assert image.blobs[entry["digest"]] == entry["size"]
    for digest, size in image.blobs.items():
        assert (tmp_path / digest.removeprefix("sha256:")).stat().st_size == size


@pytest.mark.parametrize(
    ("repository", "mebibytes", "layers"),
    [
        ("chainguard/wolfi-base", (6, 8), 4),
        ("chainguard/python", (20, 40), 12),
        ("example.com/argo-cli-fips", (55, 65), 7),
    ],
)
def test_sizes_are_like_the_real_ones(
    repository: str, mebibytes: tuple[int, int], layers: int, tmp_path: Path
) -> None:
    manifest = platforms(build(repository, tmp_path))["amd64"]
    sizes = [int(str(layer["size"])) for layer in layers_of(manifest)]
    assert len(sizes) == layers
    assert mebibytes[0] << 20 < sum(sizes) < mebibytes[1] << 20


def test_noise_does_not_compress() -> None:
    assert len(gzip.compress(noise("seed", 100_000))) > 99_000


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() != "x86_64",
    reason="the program is one for Linux on x86-64",
)
def test_the_program_runs(tmp_path: Path) -> None:
    file = tmp_path / "hello"
    file.write_bytes(program("amd64", "Hello from a test\n"))
    file.chmod(0o755)
    ran = subprocess.run([os.fspath(file)], capture_output=True, check=True)
    assert ran.stdout == b"Hello from a test\n"


def test_the_arm_program_writes_its_text() -> None:
    data = program("arm64", "hello\n")
    assert data[18:20] == b"\xb7\x00"  # AArch64
    code = data[120:152]
    # adr x1, #28: from the second instruction to just behind the last.
    assert int.from_bytes(code[4:8], "little") == 0x100000E1
    assert data[120 + 4 + 28 :] == b"hello\n"
