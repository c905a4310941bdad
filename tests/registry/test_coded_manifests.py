"""What an answer says of its coding, and what its digest says."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib

import pytest

from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import OCI_INDEX, Descriptor, Manifest
from cgwizard.registry.retry import RetryPolicy
from tests.support.scripted_server import Reply, ScriptedServer

ONCE = RetryPolicy(tries=0)
RAW = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(RAW).hexdigest()}"
PACKED = gzip.compress(RAW, mtime=0)
BOMB = gzip.compress(b" " * (5 << 20), mtime=0)
PLACES = ["latest", DIGEST]


def ask(body: bytes, coding: str, reference: str, named: str = DIGEST) -> Manifest:
    header = {"Content-Type": OCI_INDEX, "Content-Encoding": coding}
    header |= {"Docker-Content-Digest": named} if named else {}
    routes = {f"/v2/a/manifests/{reference}": Reply(200, body, header)}
    with (
        ScriptedServer(routes, server_header=None) as server,
        Registry(server.url, patience=ONCE) as registry,
    ):
        return registry.manifest("a", reference)


@pytest.mark.parametrize("reference", PLACES)
@pytest.mark.parametrize("named", [DIGEST, ""])
@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (RAW, "gzip"),
        (RAW, "x-gzip"),
        (RAW, "br"),
        (RAW, "zstd"),
        (RAW, "gzip, gzip"),
        (PACKED, "gzip"),
        (PACKED, "X-GZIP"),
    ],
)
def test_the_digest_decides(body: bytes, coding: str, reference: str, named: str) -> None:
    found = ask(body, coding, reference, named)
    assert (found.raw, found.digest) == (RAW, DIGEST)


@pytest.mark.parametrize(
    ("body", "coding", "words"),
    [
        (BOMB, "gzip", "more than 4 MiB"),
        (PACKED[:-9], "gzip", "comes compressed (gzip) and broken"),
        (PACKED + b"x", "gzip", "comes compressed (gzip) and broken"),
        (PACKED[:12] + b"\xff" * 20, "gzip", "comes compressed (gzip) and broken"),
    ],
)
@pytest.mark.parametrize("reference", PLACES)
def test_gzip_that_is_none(body: bytes, coding: str, words: str, reference: str) -> None:
    with pytest.raises(RegistryError) as caught:
        ask(body, coding, reference)
    assert words in caught.value.problem.came_back


@pytest.mark.parametrize(
    ("body", "coding", "words"),
    [
        (gzip.compress(PACKED, mtime=0), "gzip", "comes compressed (gzip) more than once"),
        (PACKED, "", "comes compressed (gzip) without saying so"),
        (zlib.compress(RAW), "deflate", "comes coded (deflate)"),
        (b"\x0b\x02\x80abc", "br", "comes coded (br)"),
    ],
)
def test_other_codings_are_named(body: bytes, coding: str, words: str) -> None:
    with pytest.raises(RegistryError) as caught:
        ask(body, coding, "latest", "")
    assert caught.value.code == "manifest-invalid"
    assert words in caught.value.problem.came_back
    with pytest.raises(RegistryError) as by_digest:
        ask(body, coding, DIGEST)
    assert by_digest.value.code == "digest-mismatch"
    assert coding == "" or f"coded as {coding}" in by_digest.value.problem.came_back


@pytest.mark.parametrize("coding", ["gzip", "br", ""])
def test_a_blob_is_what_its_digest_says(coding: str) -> None:
    blob = Descriptor(f"sha256:{hashlib.sha256(PACKED).hexdigest()}", len(PACKED))
    routes = {f"/v2/a/blobs/{blob.digest}": Reply(200, PACKED, {"Content-Encoding": coding})}
    with (
        ScriptedServer(routes, server_header=None) as server,
        Registry(server.url, patience=ONCE) as registry,
        registry.blob("a", blob) as answer,
    ):
        assert b"".join(answer.chunks) == PACKED


def test_a_blob_that_was_coded_on_the_way_is_named() -> None:
    blob = Descriptor(DIGEST, len(RAW))
    routes = {f"/v2/a/blobs/{DIGEST}": Reply(200, PACKED, {"Content-Encoding": "gzip"})}
    with (
        ScriptedServer(routes, server_header=None) as server,
        Registry(server.url, patience=ONCE) as registry,
        pytest.raises(RegistryError) as caught,
        registry.blob("a", blob),
    ):
        pass
    assert "coded as gzip" in caught.value.problem.came_back
