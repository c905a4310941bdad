"""The folder that an image is pulled into: whole or untouched, with skopeo as the referee."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.events import LayerProgress, PullEvent
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.models import Descriptor
from cgwizard.registry.pull import pull
from tests.support.programs import needs
from tests.support.pull import failing, named, skopeo
from tests.support.real_registry import OCI_LAYER, image, push, sha256, tar_of

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


@needs("skopeo")
@pytest.mark.parametrize("how", ["empty", "link", "dangling link", "what a killed pull left"])
def test_folder_that_stands_there_stays_the_same_one(
    url: str, registry: Registry, tmp_path: Path, how: str
) -> None:
    """It may be where the user stands, a mount, or in a folder that nobody may write to."""
    made = image([5000])
    push(url, "in-place", made, "latest")
    place = tmp_path / "place"
    out = tmp_path / "link" if "link" in how else place
    if "link" in how:
        out.symlink_to(place)
    if "dangling" not in how:
        place.mkdir()
    if "killed" in how:
        (place / ".cgwizard-part-killed").mkdir()
    before = None if "dangling" in how else place.stat().st_ino
    names = sorted(path.name for path in tmp_path.iterdir())
    failing(registry, named(url, "in-place:none"), sink=LayoutSink(out))
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    pull(registry, named(url, "in-place"), sink=LayoutSink(out))
    assert out.is_symlink() == ("link" in how)
    assert before in {None, place.stat().st_ino}
    kept = {path.name for path in place.iterdir() if "killed" not in path.name}
    assert kept == {"blobs", "index.json", "oci-layout"}
    assert skopeo("inspect", f"oci:{out}:latest")["Digest"] == made.digest


@pytest.mark.parametrize("text", ["", "dear", "[]", '{"manifests": ["x"]}'])
def test_layout_whose_index_cannot_be_read_is_refused_before_the_pull(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "oci-layout").write_text("{}")
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(WizardError) as caught:
        LayoutSink(tmp_path)
    assert caught.value.code == "output-not-a-layout"
    assert "index.json" in caught.value.problem.came_back


def test_what_others_wrote_into_the_index_stays(
    url: str, registry: Registry, tmp_path: Path
) -> None:
    push(url, "index-kept", image([50]), "latest")
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    theirs = {"schemaVersion": 2, "annotations": {"of": "others"}, "manifests": None}
    (tmp_path / "index.json").write_text(json.dumps(theirs))
    pull(registry, named(url, "index-kept"), sink=LayoutSink(tmp_path))
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["annotations"] == {"of": "others"}
    assert len(index["manifests"]) == 1


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
