"""Answers that are none: redirects and headers without end, refusals, rubbish, manifests that
are something else, at each part of an image. Each ends, and says what came."""

from __future__ import annotations

import time

import pytest

from cgwizard.secrets import Credentials, Secret
from tests import helpers_faults as harm
from tests.helpers_fault_proxy import Fault, FaultProxy
from tests.helpers_faulty_pull import (
    QUICK,
    Pull,
    Spot,
    at_blobs,
    at_manifests,
    everywhere,
    spots,
)
from tests.programs import needs

pytestmark = needs("docker-registry")

BASIC = Credentials("deploy", Secret("not-shown-twice"))


# --- without end, or no HTTP ---


@everywhere
def test_endless_redirect_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, harm.circle)
    faulty.run().fails_with(
        spot,
        "redirect-loop",
        came_back=("more than 5 redirects, the last to http://127.0.0.1:", spot.named),
        cause="sends us round in a circle",
        next_step="forwarded headers",
    )
    assert len(faulty.asked(spot)) == 6


@pytest.mark.parametrize("target", ["ftp://mirror/x", "/\x7f"])
@everywhere
def test_redirect_to_nowhere_is_told(
    faulty: Pull, proxy: FaultProxy, spot: Spot, target: str
) -> None:
    proxy.rule(spot.target, harm.answering("307 Temporary Redirect", Location=target))
    faulty.run().fails_with(
        spot, "registry-redirect", cause="builds its addresses wrongly", next_step="the base URL"
    )
    assert len(faulty.asked(spot)) == 1


@everywhere
def test_header_flood_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, harm.flood)
    faulty.run().fails_with(
        spot,
        "registry-answer",
        came_back="headers without end",
        cause="is not a registry, or is broken",
        next_step="check the address",
    )


@everywhere
def test_rubbish_is_told(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, harm.rubbish)
    first = spot.name == "index"  # nothing that answered before was a registry
    faulty.run().fails_with(
        spot,
        "registry-http-https-mismatch" if first else "registry-answer",
        came_back="illegal status line",
        cause="does not speak HTTP" if first else "is broken",
        next_step="try https://" if first else "another network",
    )
    assert len(faulty.asked(spot)) == 1 if first else 2


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1, 2", "0x10"])
@everywhere
def test_length_that_is_none_is_told(
    faulty: Pull, proxy: FaultProxy, spot: Spot, length: str
) -> None:
    proxy.rule(spot.target, harm.header("Content-Length", length))
    faulty.run().fails_with(
        spot,
        "registry-answer",
        came_back="Content-Length",
        cause="or something between, mixes its answers up",
        next_step="another network",
    )
    assert len(faulty.asked(spot)) == 2


# --- refusals ---


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway"])
@everywhere
def test_server_errors_are_retried_with_an_end(
    faulty: Pull, proxy: FaultProxy, spot: Spot, status: str
) -> None:
    proxy.rule(spot.target, harm.answering(status, b"too much to say " * 1000))
    faulty.run().fails_with(
        spot,
        "registry-unavailable",
        came_back=f"{status}: too much to say",
        cause="or a proxy before it, is failing",
        next_step="try again later",
    )
    assert len(faulty.asked(spot)) == 1 + QUICK.tries


@pytest.mark.parametrize("status", ["408 Request Timeout", "504 Gateway Timeout"])
@everywhere
def test_server_error_that_passes_is_mended(
    faulty: Pull, proxy: FaultProxy, spot: Spot, status: str
) -> None:
    proxy.rule(spot.target, harm.answering(status), times=2)
    assert faulty.run().succeeds().retries == 2


@pytest.mark.parametrize(
    ("spot", "status"),
    [
        ("index", "429 Too Many Requests"),
        ("config", "503 Service Unavailable"),
        ("last", "429 Too Many Requests"),
    ],
    indirect=["spot"],
)
def test_retry_after_is_honoured(faulty: Pull, proxy: FaultProxy, spot: Spot, status: str) -> None:
    proxy.rule(spot.target, harm.answering(status, Retry_After="1"), times=1)
    began = time.monotonic()
    assert faulty.run().succeeds().retries == 1
    assert time.monotonic() - began >= 1


@everywhere
def test_retry_after_that_is_too_long_is_told(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, harm.answering("429 Too Many Requests", Retry_After="86400"))
    faulty.run().fails_with(
        spot,
        "rate-limited",
        came_back=("429 Too Many Requests", "86400 seconds"),
        cause="asks for fewer requests",
        next_step="wait",
    )
    assert len(faulty.asked(spot)) == 1


@everywhere
def test_password_that_was_refused_is_not_sent_again(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, harm.unauthorised)
    proxy.rule("", harm.wanting_password)
    faulty.run(credentials=BASIC).fails_with(
        spot,
        "no-read-privilege",
        came_back="401 Unauthorized",
        cause="may not read",
        next_step="given a role",
    )
    sent = [asked for asked in faulty.asked(spot) if "authorization" in asked.headers]
    assert len(sent) == 1
    assert BASIC.password.reveal() not in repr([faulty.error, faulty.events])


@everywhere
def test_refusal_is_not_retried(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    what = "BLOB" if spot.is_blob else "MANIFEST"
    body = f'{{"errors":[{{"code":"{what}_UNKNOWN","message":"gone"}}]}}'.encode()
    fault = harm.answering("404 Not Found", body, Content_Type="application/json")
    proxy.rule(spot.target, fault)
    faulty.run().fails_with(
        spot,
        f"{what.lower()}-unknown",
        came_back="404 Not Found: gone",
        cause="the manifest but not this blob" if spot.is_blob else "no image of that name",
        next_step="fetched anew" if spot.is_blob else "check the name",
    )
    assert len(faulty.asked(spot)) == 1


# --- manifests ---

OTHER_KIND = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (harm.header("Content-Type", OTHER_KIND), "manifest-invalid", "calls itself"),
        (harm.header("Content-Encoding", "gzip"), "manifest-invalid", "comes compressed (gzip)"),
        (harm.answering("200 OK", b" " * (5 << 20)), "answer-too-large", "more than 4 MiB"),
        (harm.chunked(b" " * (5 << 20)), "answer-too-large", "more than 4 MiB"),
        (harm.header("Content-Length", str(1 << 40)), "answer-too-large", "more than 4 MiB"),
        (harm.answering("404 Not Found", b"?"), "registry-not-here", "404 Not Found"),
        (harm.answering("204 No Content"), "registry-answer", "204 No Content"),
        (harm.answering("304 Not Modified"), "registry-redirect", "304 Not Modified"),
    ],
    ids=[
        "type",
        "coding",
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
    faulty: Pull, proxy: FaultProxy, spot: Spot, fault: Fault, code: str, words: str
) -> None:
    proxy.rule(spot.target, fault)
    faulty.run().fails_with(spot, code, came_back=words, next_step="check")
    assert len(faulty.asked(spot)) == 1


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
    proxy.rule("manifests/latest", harm.answering("200 OK", body, Content_Type="application/json"))
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
    other = harm.answering("200 OK", made.raw, Content_Type=made.media_type)
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
    proxy.rule("manifests/latest", harm.answering("200 OK", body.encode(), **kind))
    faulty.run().fails_with(
        None,
        "manifest-invalid",
        tried="reading the manifests of",
        came_back=words.format(**told),
        cause="broken, or made to harm",
        next_step="push it again",
    )


@at_blobs
def test_coding_that_is_only_said_is_not_undone(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, harm.header("Content-Encoding", "gzip"))
    assert faulty.run().succeeds().retries == 0
