"""The folder that an image is pulled into: whole or untouched, with skopeo as the referee."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.events import LayerProgress, PullEvent
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.models import Descriptor
from cgwizard.registry.pull import pull
from tests.helpers_pull import failing, named, skopeo
from tests.helpers_registry import (
    OCI_LAYER,
    image,
    push,
    sha256,
    tar_of,
)
from tests.programs import needs

pytestmark = needs("docker-registry")


@needs("skopeo")
def test_second_image_joins_a_layout_and_shares_its_blobs(
    url: str, registry: Registry, tmp_path: Path
) -> None:
    tar = tar_of("base", os.urandom(9000))
    base = (gzip.compress(tar), tar, f"{OCI_LAYER}+gzip")
    own = tar_of("own", b"own")
    first, second = image(layers=[base]), image(layers=[base, (gzip.compress(own), own, OCI_LAYER)])
    push(url, "join", first, "v1")
    push(url, "join", second, "v2")
    out = tmp_path / "out"
    pull(registry, named(url, "join:v1"), sink=LayoutSink(out))
    events: list[PullEvent] = []
    done = pull(registry, named(url, "join:v2"), sink=LayoutSink(out), on_event=events.append)
    states = {e.digest: e.state for e in events if isinstance(e, LayerProgress)}
    assert states[sha256(base[0])] == "cached"
    of_base = [e.state for e in events if isinstance(e, LayerProgress) and e.total == len(base[0])]
    assert of_base == ["queued", "verifying", "cached"]
    assert [source.host for source in done.sources][1] == ""
    for tag, made in (("v1", first), ("v2", second)):
        assert skopeo("inspect", f"oci:{out}:{tag}")["Digest"] == made.digest
    before = sorted(out.rglob("*"))
    failing(registry, named(url, "join:v3"), sink=LayoutSink(out))
    assert sorted(out.rglob("*")) == before


def test_damaged_blob_in_the_folder_is_fetched_again(
    url: str, registry: Registry, tmp_path: Path
) -> None:
    made = image([5000])
    push(url, "damaged-folder", made, "latest")
    out = tmp_path / "out"
    pull(registry, named(url, "damaged-folder"), sink=LayoutSink(out))
    digest = made.document["layers"][0]["digest"]
    path = out / "blobs" / digest.replace(":", "/")
    path.write_bytes(bytes(len(made.blobs[digest])))
    pull(registry, named(url, "damaged-folder"), sink=LayoutSink(out))
    assert path.read_bytes() == made.blobs[digest]


def test_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(WizardError) as caught:
        LayoutSink(tmp_path)
    assert caught.value.code == "output-not-a-layout"


def test_a_thread_that_was_left_behind_touches_no_file_of_others(tmp_path: Path) -> None:
    """A pull that was stopped gave its files up; the system gives their numbers to others."""
    sink = LayoutSink(tmp_path / "out")
    writer = sink.open(Descriptor(sha256(b"late"), 4))
    assert writer is not None
    sink.discard()
    other = (tmp_path / "another").open("wb", buffering=0)
    with other:
        with pytest.raises(ValueError, match="closed"):
            writer.write(b"late")
        with pytest.raises(ValueError, match="closed"):
            writer.complete()
        writer.abandon()
        other.write(b"its own")
    assert (tmp_path / "another").read_bytes() == b"its own"
    assert [path.name for path in tmp_path.iterdir()] == ["another"]
