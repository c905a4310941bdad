"""What is inside the layers, on request: digests, either compression, bombs."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable

import pytest

from cgwizard.registry.client import Registry
from cgwizard.registry.layer_digest import STEP, Unpacker
from cgwizard.registry.pull import pull
from tests.support.programs import needs
from tests.support.pull import failing, named
from tests.support.real_registry import OCI_LAYER, Made, image, push, sha256, tar_of, zstd

pytestmark = needs("docker-registry")


def layer_image(stored: bytes, tar: bytes, kind: str = "+gzip") -> Made:
    return image(layers=[(stored, tar, f"{OCI_LAYER}{kind}")])


NOTE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00note"  # a skippable frame


def test_uncompressed_digests(url: str, registry: Registry) -> None:
    tar = tar_of("a", os.urandom(1_500_000) + bytes(3_000_000))
    first, second = tar[: len(tar) // 2], tar[len(tar) // 2 :]
    cases = {
        "gzip": (gzip.compress(tar, 1), "+gzip"),
        "members": (gzip.compress(first) + gzip.compress(second), "+gzip"),
        "tar": (tar, ""),
        "zstd": (zstd(tar), "+zstd"),
        "frames": (zstd(first) + zstd(second), "+zstd"),
        "notes-first": (NOTE + zstd(tar), "+zstd"),
        "notes-last": (zstd(tar) + NOTE, "+zstd"),
        "wrong-media-type": (zstd(tar), "+gzip"),
    }
    for name, (stored, kind) in cases.items():
        made = layer_image(stored, tar, kind)
        push(url, name, made, "latest")
        done = pull(registry, named(url, name), verify_uncompressed=True)
        assert (done.layers, done.unpacked) == (2, 1), name
        assert done.bytes == sum(map(len, made.blobs.values()))
        assert done.sources[1].digest == sha256(stored)
        assert pull(registry, named(url, name)).unpacked == 0


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_wrong_inside_is_found_on_request_only(url: str, registry: Registry, kind: str) -> None:
    tar = tar_of("a", os.urandom(30_000))
    stored = gzip.compress(tar) if kind == "gzip" else zstd(tar)
    broken = stored[:4] + b"!!!!" + stored[8:] if kind == "zstd" else stored[:50] + b"!!"
    cases = {
        "truncated": (stored[:-9], tar, "layer-corrupt", "too early"),
        "damaged": (broken + stored[52:], tar, "layer-corrupt", kind),
        "other": (stored, b"another", "diff-id-mismatch", sha256(tar)),
    }
    for name, (bytes_, inside, code, words) in cases.items():
        made = layer_image(bytes_, inside, f"+{kind}")
        push(url, f"{kind}-{name}", made, "latest")
        pull(registry, named(url, f"{kind}-{name}"))
        error = failing(registry, named(url, f"{kind}-{name}"), verify_uncompressed=True)
        assert error.code == code
        assert words in error.problem.came_back
        assert sha256(bytes_) in error.problem.tried, "which layer it is"


def test_python_without_zstd(url: str, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    tar = tar_of("a", os.urandom(30_000))
    push(url, "no-zstd", layer_image(zstd(tar), tar, "+zstd"), "latest")
    push(url, "no-zstd-needed", layer_image(gzip.compress(tar), tar), "latest")
    for module in (
        "backports",
        "compression",
    ):  # so Python marks a missing module
        monkeypatch.setitem(sys.modules, module, None)
    error = failing(registry, named(url, "no-zstd"), verify_uncompressed=True)
    assert error.code == "zstd-missing"
    assert "no zstd" in error.problem.came_back
    assert "another Python" in error.problem.next_step
    assert pull(registry, named(url, "no-zstd")).unpacked == 0
    assert pull(registry, named(url, "no-zstd-needed"), verify_uncompressed=True).unpacked == 1


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_decompression_bomb_is_bounded(
    url: str,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    compress: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr("cgwizard.registry.layer_digest.FREE_GROWTH", 10 << 20)
    stored = compress(bytes(100 << 20))
    name = f"bomb-{compress.__name__}-{len(stored)}"
    push(url, name, layer_image(stored, b"never reached"), "latest")
    unpacked: list[int] = []
    feed = Unpacker.update

    def update(self: Unpacker, data: bytes) -> None:
        try:
            feed(self, data)
        finally:
            unpacked.append(self._size)

    monkeypatch.setattr(Unpacker, "update", update)
    error = failing(registry, named(url, name), verify_uncompressed=True)
    assert error.code == "layer-too-large"
    assert max(unpacked) <= max(10 << 20, 200 * len(stored)) + STEP
