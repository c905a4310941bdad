"""Images as odd as registries have them: null members, diff ids that are none, words that would
steer a terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cgwizard.registry.client import Registry
from cgwizard.registry.models import (
    OCI_INDEX,
    OCI_MANIFEST,
    Image,
    Index,
    WrongManifest,
    read_manifest,
)
from cgwizard.registry.platforms import Platform
from cgwizard.registry.pull import pull
from tests.support.programs import needs
from tests.support.pull import failing, named
from tests.support.real_registry import OCI_CONFIG, OCI_LAYER, Made, image, push, sha256, tar_of

TAR = tar_of("a", b"a file")


def odd(config: dict[str, Any], *layers: bytes) -> Made:
    """An image of ``layers``, not compressed, with another config."""
    made = image(layers=[(layer, layer, OCI_LAYER) for layer in layers])
    raw = json.dumps({"architecture": "amd64", "os": "linux", **config}).encode()
    document = made.document
    document["config"] = {"mediaType": OCI_CONFIG, "digest": sha256(raw), "size": len(raw)}
    blobs = {layer["digest"]: made.blobs[layer["digest"]] for layer in document["layers"]}
    return Made(OCI_MANIFEST, json.dumps(document).encode(), {**blobs, sha256(raw): raw})


def test_null_is_left_out_in_manifests() -> None:
    entry = {"mediaType": OCI_MANIFEST, "digest": sha256(b""), "size": 0}
    platform = {"os": "linux", "architecture": "amd64", "variant": None, "os.version": None}
    more = {"platform": platform, "annotations": {"a": None}, "urls": None}
    raw = json.dumps({"mediaType": OCI_INDEX, "manifests": [{**entry, **more}]}).encode()
    _, index = read_manifest(raw, OCI_INDEX)
    assert isinstance(index, Index)
    assert index.manifests[0].platform == Platform("linux", "amd64")
    _, empty = read_manifest(b'{"manifests": null}', OCI_INDEX)
    assert empty == Index()
    raw = json.dumps({"config": {**entry, "annotations": None}, "layers": None}).encode()
    _, found = read_manifest(raw, OCI_MANIFEST)
    assert isinstance(found, Image)
    assert found.layers == ()


@needs("docker-registry")
@pytest.mark.parametrize(
    "config", [{"rootfs": None, "variant": None}, {"rootfs": {"diff_ids": None}}]
)
def test_null_is_left_out_in_configs(url: str, registry: Registry, config: dict[str, Any]) -> None:
    push(url, "nulls", odd(config), "latest")
    done = pull(registry, named(url, "nulls"), platform="linux/amd64", verify_uncompressed=True)
    assert done.platform == "linux/amd64"


@needs("docker-registry")
@pytest.mark.parametrize(
    "ids",
    [["foo:bar"], ["shake_128:00"], ["md5:00"], [""], ["\x1b[31m"], [sha256(TAR)] * 2],
)
def test_diff_ids_that_cannot_be_compared_are_no_success(
    url: str, registry: Registry, ids: list[str]
) -> None:
    push(url, "ids", odd({"rootfs": {"diff_ids": ids}}, TAR), "latest")
    assert pull(registry, named(url, "ids")).unpacked == 0
    error = failing(registry, named(url, "ids"), verify_uncompressed=True)
    assert error.code == "diff-id-mismatch"
    assert sha256(TAR) in error.problem.tried
    assert error.problem.came_back.isprintable()


@needs("docker-registry")
def test_empty_layer_is_what_its_diff_id_says(url: str, registry: Registry) -> None:
    push(url, "empty-layer", odd({"rootfs": {"diff_ids": [sha256(b"")]}}, b""), "latest")
    assert pull(registry, named(url, "empty-layer"), verify_uncompressed=True).unpacked == 1


@needs("docker-registry")
def test_words_of_an_image_do_not_steer_the_terminal(url: str, registry: Registry) -> None:
    push(url, "words", odd({"os": "li\x1b[31mnux", "architecture": "am\nd" * 999}), "latest")
    assert pull(registry, named(url, "words")).platform.isprintable()
    told = failing(registry, named(url, "words"), platform="linux/amd64").problem.came_back
    assert told.isprintable()
    assert len(told) < 200
    for raw, kind in (
        (b'{"mediaType": "x/\\u001b[31m%s"}' % (b"y" * 999), OCI_MANIFEST),
        (b"no JSON", f"x/{'y' * 999}"),
    ):
        with pytest.raises(WrongManifest) as caught:
            read_manifest(raw, kind)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 330
