"""Manifests and indexes that are something else, or that contradict each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cgwizard.practice.faults.base import ConnectionFault
from cgwizard.practice.faults.chunked_body import ChunkedBody
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import FaultProxy
from cgwizard.practice.faults.wrong_header import WrongHeader
from tests.support.faulty_pull import Pull, Spot, at_manifests, spots
from tests.support.programs import needs
from tests.support.real_registry import OCI_INDEX, Made, image, index, push, sha256

pytestmark = needs("docker-registry")

OTHER_KIND = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (WrongHeader("Content-Type", OTHER_KIND), "manifest-invalid", "calls itself"),
        (OtherAnswer("200 OK", b" " * (5 << 20)), "answer-too-large", "more than 4 MiB"),
        (ChunkedBody(b" " * (5 << 20)), "answer-too-large", "more than 4 MiB"),
        (WrongHeader("Content-Length", str(1 << 40)), "answer-too-large", "more than 4 MiB"),
        (OtherAnswer("404 Not Found", b"?"), "registry-not-here", "404 Not Found"),
        (OtherAnswer("204 No Content"), "registry-answer", "204 No Content"),
        (OtherAnswer("304 Not Modified"), "registry-redirect", "304 Not Modified"),
    ],
    ids=[
        "type",
        "large",
        "large-unsaid",
        "large-said",
        "elsewhere",
        "nothing",
        "as-before",
    ],
)
@at_manifests
def test_wrong_manifest_is_named(
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: ConnectionFault, code: str, words: str
) -> None:
    proxy.rule(spot.target, fault)
    faulty.run().fails_with(spot, code, came_back=words, next_step="check")
    assert len(faulty.asked(spot)) == 1


@pytest.mark.parametrize("coding", ["gzip", "br", "identity", "aws-chunked", "GZIP, gzip"])
@at_manifests
def test_coding_that_is_only_said(faulty: Pull, proxy: FaultProxy, spot: Spot, coding: str) -> None:
    proxy.rule(spot.target, WrongHeader("Content-Encoding", coding))
    assert faulty.run().succeeds().retries == 0


DEEP = b"[" * 100_000
ENTRY = '{{"digest": "sha256:{:064x}", "size": 1}}'
MANY = '{{"manifests": [{}]}}'.format(", ".join(ENTRY.format(n) for n in range(1001))).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (DEEP, "no JSON of a manifest"),
        (b"", "no JSON of a manifest"),
        (b"\xff\xfe\x00", "no JSON of a manifest"),
        (b'{"schemaVersion": 2, "mediaType": "x/y"}', "is of type x/y"),
        (b'{"schemaVersion": 2}', "missing required field"),
        (MANY, "lists 1001 manifests; 1000 is the limit"),
    ],
    ids=["deep", "empty", "binary", "other", "hollow", "many"],
)
def test_answer_to_a_tag_that_is_no_manifest(
    faulty: Pull, proxy: FaultProxy, body: bytes, words: str
) -> None:
    proxy.rule("manifests/latest", OtherAnswer("200 OK", body, Content_Type="application/json"))
    faulty.run().fails_with(
        None,
        "manifest-invalid",
        tried="manifests/latest",
        came_back=("200, but the answer", words),
        cause="is not a registry, or the image is broken",
        next_step="check the address",
    )


def test_manifest_of_another_digest_than_asked_for_is_refused(
    faulty: Pull, proxy: FaultProxy
) -> None:
    made = faulty.made
    other = OtherAnswer("200 OK", made.raw, Content_Type=made.media_type)
    proxy.rule("manifests/sha256", other)
    faulty.run().fails_with(
        spots(made)["manifest"],
        "digest-mismatch",
        came_back=f"bytes with digest {made.digest}",
        cause="on the way",
        next_step="fetched anew",
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            '"size": {size}',
            '"size": {more}',
            "a manifest of {size} bytes, and the index says {more}",
        ),
        ("image.manifest.v1", "image.index.v1", "the index says application/vnd.oci.image.index"),
    ],
    ids=["size", "type"],
)
def test_index_that_says_something_else_of_its_manifest(
    faulty: Pull, proxy: FaultProxy, old: str, new: str, words: str
) -> None:
    size = len(faulty.made.children[0].raw)
    told = {"size": size, "more": size + 1}
    body = faulty.made.raw.decode().replace(old.format(**told), new.format(**told))
    assert body.encode() != faulty.made.raw
    kind = {"Content_Type": faulty.made.media_type}
    proxy.rule("manifests/latest", OtherAnswer("200 OK", body.encode(), **kind))
    faulty.run().fails_with(
        None,
        "manifest-invalid",
        tried="reading the manifests of",
        came_back=words.format(**told),
        cause="broken, or made to harm",
        next_step="push it again",
    )


def test_config_too_large_to_be_read_is_still_pulled(
    proxy: FaultProxy, pushed_image: tuple[str, Made], layout: Path, tmp_path: Path
) -> None:
    made = image([1000])
    document = made.document
    config = made.blobs.pop(document["config"]["digest"]) + b" " * (9 << 20)
    document["config"] |= {"digest": sha256(config), "size": len(config)}
    made.blobs[sha256(config)] = config
    made.raw = json.dumps(document).encode()
    push(pushed_image[0], "large/config", made, "latest")
    finished = Pull(proxy, made, layout, tmp_path, "large/config").run().finished
    assert finished is not None
    assert (finished.platform, finished.bytes) == ("", sum(map(len, made.blobs.values())))


def test_image_of_too_many_manifests_is_refused(faulty: Pull, proxy: FaultProxy) -> None:
    hollow = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    raws = (json.dumps({**hollow, "annotations": {"n": str(n)}}).encode() for n in range(300))
    children = [Made(OCI_INDEX, raw) for raw in raws]
    whole = index(*((child, None) for child in children))
    proxy.rule("manifests/latest", OtherAnswer("200 OK", whole.raw, Content_Type=OCI_INDEX))
    for child in children:
        proxy.rule(child.digest, OtherAnswer("200 OK", child.raw, Content_Type=OCI_INDEX))
    faulty.run().fails_with(
        None,
        "manifest-invalid",
        came_back="more than 256 manifests",
        cause="made to harm",
        next_step="push it again",
    )
    assert proxy.count("manifests/sha256") == 256
