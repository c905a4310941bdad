"""The contents of layers, where they are verified: a layer that was pushed broken is distinguished
from one that the connection broke."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.connection_cut import ConnectionCut
from cgwizard.practice.faults.corrupt_body import CorruptBody
from cgwizard.practice.faults.no_content_length import NoContentLength
from cgwizard.practice.faults.proxy import FaultProxy
from cgwizard.practice.faults.range_ignored import RangeRemoved
from tests.support.faulty_pull import AMD64, LAYERS, Pull, Spot, at_layers, spots
from tests.support.programs import needs
from tests.support.real_registry import OCI_LAYER, Made, image, index, push, tar_of

pytestmark = needs("docker-registry")


@pytest.mark.parametrize("at", [0, 5000, -1], ids=["first-byte", "inside", "last-byte"])
@at_layers
def test_what_the_line_broke_is_not_taken_for_a_layer_that_was_pushed_broken(
    faulty: Pull, proxy: FaultProxy, spot: Spot, at: int
) -> None:
    proxy.rule(spot.target, CorruptBody(at), times=1)
    assert faulty.run(verify_uncompressed=True).succeeds().retries == 1


@at_layers
def test_what_the_line_breaks_again_and_again_is_a_wrong_digest(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, CorruptBody(5000))
    faulty.run(verify_uncompressed=True).fails_with(
        spot, "digest-mismatch", came_back="bytes with digest", cause="on the way"
    )


@at_layers
def test_gzip_that_was_pushed_cut_off(
    proxy: FaultProxy, spot: Spot, pushed_image: tuple[str, Made], layout: Path, tmp_path: Path
) -> None:
    """As bytes it is what its digest says; only who looks inside finds it."""
    tars = [tar_of(name, os.urandom(20_000)) for name in LAYERS]
    stored = [gzip.compress(tar, 1) for tar in tars]
    at = LAYERS.index(spot.name)
    stored[at] = stored[at][:-9]
    kinds = [f"{OCI_LAYER}+gzip"] * len(LAYERS)
    made = index((image(layers=list(zip(stored, tars, kinds, strict=True))), AMD64))
    name = f"cut-off/{spot.name}"
    push(pushed_image[0], name, made, "latest")
    Pull(proxy, made, layout, tmp_path / "bytes", name).run().succeeds()
    looked = Pull(proxy, made, layout, tmp_path / "inside", name)
    looked.run(verify_uncompressed=True).fails_with(
        spots(made)[spot.name],
        "layer-corrupt",
        tried="unpacking the layer",
        came_back="end too early",
        cause="it is what its digest says",
        next_step="build and push it again",
    )


@pytest.mark.parametrize(
    "fault", [ConnectionCut(150_000), NoContentLength(short=9)], ids=["cut", "end"]
)
@at_layers
def test_gzip_that_the_line_cut_off_is_gone_on_with(
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: ConnectionFault
) -> None:
    proxy.rule(spot.target, fault, times=1)
    assert faulty.run(verify_uncompressed=True).succeeds().retries == 1
    assert faulty.asked(spot)[1].headers["range"].startswith("bytes=")


@at_layers
def test_gzip_begun_again_is_looked_into_from_its_beginning(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, ConnectionCut(spot.size // 2), times=1)
    proxy.rule(spot.target, RangeRemoved())
    assert faulty.run(verify_uncompressed=True).succeeds().retries == 1
