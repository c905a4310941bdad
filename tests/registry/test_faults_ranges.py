"""Ranges of the wrong part: a range is accepted only if it is the one that was requested, and the
whole is verified afterwards."""

from __future__ import annotations

import pytest

from cgwizard.practice.faults.connection_cut import ConnectionCut
from cgwizard.practice.faults.corrupt_body import CorruptBody
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import FaultProxy
from cgwizard.practice.faults.range_ignored import RangeRemoved
from cgwizard.practice.faults.wrong_header import WrongHeader
from cgwizard.practice.faults.wrong_status import WrongStatus
from tests.support.faulty_pull import Pull, Spot, at_blobs, at_manifests
from tests.support.programs import needs

pytestmark = needs("docker-registry")


@at_blobs
def test_server_without_ranges_begins_again(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, ConnectionCut(spot.size // 2), times=1)
    proxy.rule(spot.target, RangeRemoved())
    assert faulty.run().succeeds().retries == 1


WRONG_RANGES = {
    "earlier": "bytes 0-9/{size}",
    "later": "bytes {later}-{last}/{size}",
    "other-size": "bytes {half}-{last}/7",
    "nonsense": "nonsense",
}


@pytest.mark.parametrize("said", WRONG_RANGES.values(), ids=WRONG_RANGES)
@at_blobs
def test_wrong_range_is_not_believed(
    faulty: Pull, proxy: FaultProxy, spot: Spot, said: str
) -> None:
    half = spot.size // 2
    wrong = said.format(size=spot.size, half=half, later=half + 1, last=spot.size - 1)
    proxy.rule(spot.target, ConnectionCut(half), times=1)
    proxy.rule(spot.target, WrongHeader("Content-Range", wrong), times=1)
    assert faulty.run().succeeds().retries == 2
    assert ["range" in a.headers for a in faulty.asked(spot)] == [False, True, False]


@at_blobs
def test_wrong_range_for_good_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    half = spot.size // 2
    for _ in range(9):
        proxy.rule(spot.target, ConnectionCut(half), times=1)
        proxy.rule(spot.target, WrongHeader("Content-Range", "bytes 0-9/10"), times=1)
    faulty.run().fails_with(
        spot,
        "range-wrong",
        tried=f"from byte {half}",
        came_back="206 with the range 'bytes 0-9/10'",
        cause="cannot go on in the middle",
        next_step="another network",
    )


@at_blobs
def test_right_range_over_wrong_bytes_is_found(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, ConnectionCut(spot.size // 2), times=1)
    proxy.rule(spot.target, CorruptBody(0), times=1)
    assert faulty.run().succeeds().retries == 2
    assert ["range" in a.headers for a in faulty.asked(spot)] == [False, True, False]


@at_blobs
def test_range_that_is_refused_begins_again(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, ConnectionCut(spot.size // 2), times=1)
    proxy.rule(spot.target, OtherAnswer("416 Range Not Satisfiable"), times=1)
    assert faulty.run().succeeds().retries == 2


@at_blobs
def test_part_of_a_blob_that_nobody_asked_for_is_refused(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    part = OtherAnswer("206 Partial Content", b"half", Content_Range="bytes 0-3/4")
    proxy.rule(spot.target, part)
    faulty.run().fails_with(
        spot,
        "range-wrong",
        came_back="206 with the range 'bytes 0-3/4'",
        cause="a part, although the whole was asked for",
        next_step="another network",
    )


@at_blobs
def test_whole_blob_called_a_part_is_fine(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    told = OtherAnswer(
        "206 Partial Content", spot.data, Content_Range=f"bytes 0-{spot.size - 1}/{spot.size}"
    )
    proxy.rule(spot.target, told)
    assert faulty.run().succeeds().retries == 0


@at_manifests
def test_part_of_a_manifest_is_refused(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, WrongStatus("206 Partial Content"))
    faulty.run().fails_with(
        spot, "registry-answer", came_back="206 Partial Content", cause="does not know"
    )
