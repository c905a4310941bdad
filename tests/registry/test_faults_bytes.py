"""Wrong bytes at each part of an image are never accepted and never stay in the folder; they are
fetched again where that can help, and reported where it cannot."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.body_too_long import BodyTooLong, BodyTooLongUnannounced
from cgwizard.practice.faults.bytes_after_end import BytesAfterEnd
from cgwizard.practice.faults.chunked_body import ChunkedBody
from cgwizard.practice.faults.corrupt_body import CorruptBody
from cgwizard.practice.faults.gateway_page import GatewayPage
from cgwizard.practice.faults.no_content_length import NoContentLength
from cgwizard.practice.faults.proxy import FaultProxy
from cgwizard.practice.faults.range_ignored import RangeRemoved
from cgwizard.practice.faults.redirect_loop import RedirectLoop
from cgwizard.practice.faults.slow_link import SlowBody
from cgwizard.practice.faults.wrong_content_length import WrongContentLength
from cgwizard.practice.faults.wrong_header import WrongHeader
from tests.support.faulty_pull import (
    LAYERS,
    NAME,
    Pull,
    Spot,
    at_blobs,
    at_layers,
    at_manifests,
    everywhere,
    spots,
)
from tests.support.programs import needs
from tests.support.real_registry import Made

pytestmark = needs("docker-registry")

ZEROS = f"sha256:{'0' * 64}"
# With words that mean something where Nexus says them.
PAGE = b"<html><title>Sign in to the guest network</title>Accept the EULA; read-only</html>"


# --- corrupt ---


@pytest.mark.parametrize("at", [0, -1], ids=["first-byte", "last-byte"])
@everywhere
def test_corrupt_byte_is_never_accepted(
    faulty: Pull, proxy: FaultProxy, spot: Spot, at: int
) -> None:
    proxy.rule(spot.target, CorruptBody(at))
    faulty.run().fails_with(
        spot,
        "digest-mismatch",
        came_back="bytes with digest sha256:",
        cause="damaged, or something on the way changes",
        next_step="removed and fetched anew",
    )
    assert len(faulty.asked(spot)) == 2, "one more try, in case the line did it"


@everywhere
def test_corrupt_byte_once_is_mended(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, CorruptBody(10), times=1)
    assert faulty.run().succeeds().retries == 1


@needs("skopeo")
@pytest.mark.parametrize(
    ("fault", "good"),
    [
        (ChunkedBody(), True),
        (SlowBody(50_000, 0.01), True),
        (CorruptBody(9), False),
        (BodyTooLong(), False),
        (ChunkedBody(short=1), False),
        (RedirectLoop(), False),
    ],
    ids=["chunked", "slow", "corrupt", "longer", "short", "circle"],
)
def test_skopeo_takes_and_refuses_the_same(
    faulty: Pull,
    proxy: FaultProxy,
    pushed_image: tuple[str, Made],
    tmp_path: Path,
    fault: ConnectionFault,
    good: bool,
) -> None:
    layer = spots(pushed_image[1])["middle"]
    proxy.rule(layer.target, fault, before=RangeRemoved())
    assert (faulty.run().finished is not None) == good
    source = f"docker://127.0.0.1:{proxy.port}/{NAME}"
    command = ["skopeo", "copy", "--override-arch=amd64", "--src-tls-verify=false", source]
    theirs = subprocess.run([*command, f"oci:{tmp_path}/theirs"], capture_output=True, check=False)
    assert (theirs.returncode == 0) == good, theirs.stderr
    if good:
        command = ["skopeo", "inspect", f"oci:{faulty.folder}:latest"]
        seen = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        assert seen["Layers"] == [spots(pushed_image[1])[name].digest for name in LAYERS]


# --- wrong length ---


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (BodyTooLong(), "{more} bytes announced, and the manifest says {size}"),
        (WrongContentLength(1), "{more} bytes announced, and the manifest says {size}"),
        (WrongContentLength(-1), "{less} bytes announced, and the manifest says {size}"),
        (ChunkedBody(b"!"), "more bytes than the {size} that the manifest says"),
    ],
    ids=["longer", "said-longer", "said-shorter", "longer-unsaid"],
)
@at_blobs
def test_blob_of_another_length_is_never_accepted(
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: ConnectionFault, words: str
) -> None:
    proxy.rule(spot.target, fault)
    size = spot.size
    faulty.run().fails_with(
        spot,
        "size-mismatch",
        came_back=words.format(size=size, more=size + 1, less=size - 1),
        cause="damaged, or something",
        next_step="removed and fetched anew",
    )
    assert len(faulty.asked(spot)) == 2


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (BodyTooLong(), "digest-mismatch", "bytes with digest"),
        (WrongContentLength(1), "registry-cut", "received {size} bytes, expected {more}"),
        (WrongContentLength(-1), "digest-mismatch", "bytes with digest"),
        (ChunkedBody(b"!"), "digest-mismatch", "bytes with digest"),
        (ChunkedBody(short=1), "digest-mismatch", "bytes with digest"),
        (NoContentLength(short=1), "digest-mismatch", "bytes with digest"),
    ],
    ids=["longer", "said-longer", "said-shorter", "longer-unsaid", "shorter-unsaid", "open-ended"],
)
@at_manifests
def test_manifest_of_another_length_is_never_accepted(
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: ConnectionFault, code: str, words: str
) -> None:
    proxy.rule(spot.target, fault)
    came_back = words.format(size=spot.size, more=spot.size + 1)
    faulty.run().fails_with(spot, code, came_back=came_back, cause="something")


@at_blobs
def test_blob_that_is_too_short_is_never_accepted(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, ChunkedBody(short=1), before=RangeRemoved())
    faulty.run().fails_with(
        spot,
        "registry-cut",
        came_back=f"the end after {spot.size - 1} of {spot.size} bytes",
        cause="the copy there is not whole",
        next_step="if it stops at the same byte",
    )


@at_layers
def test_too_long_once_is_begun_again(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    """What was taken before there were too many bytes may be wrong as well."""
    proxy.rule(spot.target, BodyTooLongUnannounced(), times=1)
    assert faulty.run().succeeds().retries == 1
    assert "range" not in faulty.asked(spot)[1].headers


@pytest.mark.parametrize(
    "fault", [ChunkedBody(short=9), NoContentLength(short=9)], ids=["chunked", "open-ended"]
)
@everywhere
def test_too_short_once_is_mended(
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: ConnectionFault
) -> None:
    proxy.rule(spot.target, fault, times=1)
    assert faulty.run().succeeds().retries == 1
    if spot.is_blob:
        assert faulty.asked(spot)[1].headers["range"] == f"bytes={spot.size - 9}-"


@pytest.mark.parametrize("fault", [ChunkedBody(), NoContentLength()], ids=["chunked", "open-ended"])
@everywhere
def test_other_ways_to_end_an_answer_are_fine(
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: ConnectionFault
) -> None:
    proxy.rule(spot.target, fault)
    assert faulty.run().succeeds().retries == 0


@everywhere
def test_bytes_after_the_end_do_no_harm(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, BytesAfterEnd())
    # They are taken for the next answer on that connection, which is no HTTP then.
    assert faulty.run().succeeds().retries <= 1


# --- something else ---


@everywhere
def test_another_digest_in_the_header_is_refused(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, WrongHeader("Docker-Content-Digest", ZEROS))
    faulty.run().fails_with(
        spot, "digest-mismatch", came_back=ZEROS, cause="damaged", next_step="fetched anew"
    )


@pytest.mark.parametrize("measured", [True, False], ids=["measured", "chunked"])
@everywhere
def test_web_page_is_told_as_one(
    faulty: Pull, proxy: FaultProxy, spot: Spot, measured: bool
) -> None:
    proxy.rule(spot.target, GatewayPage(PAGE, with_length=measured))
    faulty.run().fails_with(
        spot,
        "registry-not-here",
        came_back="200 OK: a web page (Sign in to the guest network)",
        cause="answers in place of",
        next_step="open that address in a browser",
    )
    assert len(faulty.asked(spot)) == 1


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
@at_blobs
def test_type_of_a_blob_is_not_relied_on(
    faulty: Pull, proxy: FaultProxy, spot: Spot, kind: str
) -> None:
    proxy.rule(spot.target, WrongHeader("Content-Type", kind))
    assert faulty.run().succeeds().retries == 0
