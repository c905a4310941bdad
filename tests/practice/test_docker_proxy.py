"""Pulls through a docker proxy: what is fetched, what is kept, and what is never kept."""

from __future__ import annotations

import hashlib
import threading
import time

import httpx
import pytest

from cgwizard.practice.faults.base import RegistryFault
from cgwizard.practice.faults.connection_cut import CutAnswer
from cgwizard.practice.faults.corrupt_body import CorruptBlob
from cgwizard.practice.faults.manifest_mismatch import ManifestMismatch
from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.faults.wrong_digest_header import WrongDigestHeader
from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import (
    FREE_IMAGE,
    PRIVATE_IMAGE,
    layers,
    paths,
    pull,
    stop_registry,
    upstream,
    wait_until,
)

MANIFEST = f"/v2/{FREE_IMAGE}/manifests/latest"


def _largest(client: httpx.Client, image: str = FREE_IMAGE) -> str:
    return str(max(layers(client, image), key=lambda layer: int(layer["size"]))["digest"])


def test_what_was_pulled_once_needs_no_remote(world: PracticeWorld, client: httpx.Client) -> None:
    first = pull(client, FREE_IMAGE)
    private = pull(client, PRIVATE_IMAGE)
    asked = len(world.registry.requests)
    stop_registry(world)
    assert pull(client, FREE_IMAGE) == first
    assert pull(client, PRIVATE_IMAGE) == private
    assert len(world.registry.requests) == asked


def test_the_digest_is_the_registrys_own(world: PracticeWorld, client: httpx.Client) -> None:
    token = httpx.get(
        f"{world.info.registry_url}/token", params={"scope": f"repository:{FREE_IMAGE}:pull"}
    ).json()["token"]
    direct = httpx.get(
        world.info.registry_url + MANIFEST,
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.oci.image.index.v1+json",
        },
    )
    through = client.get(MANIFEST)
    assert through.content == direct.content
    for header in ("Docker-Content-Digest", "Content-Type"):
        assert through.headers[header] == direct.headers[header]


def test_assets_are_one_for_each_tag_child_and_blob(
    world: PracticeWorld, client: httpx.Client
) -> None:
    blobs = pull(client, FREE_IMAGE)
    held = paths(world)
    manifests = {path for path in held if "/manifests/" in path}
    assert f"/v2/{FREE_IMAGE}/manifests/latest" in manifests
    assert len(manifests) == 2
    assert set(held) - manifests == {f"/v2/-/blobs/{digest}" for digest in blobs}
    for path, asset in held.items():
        assert asset.last_downloaded is not None, path
        assert asset.last_downloaded >= asset.created


def test_a_cached_answer_moves_last_downloaded_only(
    world: PracticeWorld, client: httpx.Client
) -> None:
    client.get(MANIFEST)
    before = paths(world)[MANIFEST]
    created, downloaded = before.created, before.last_downloaded
    client.head(MANIFEST)
    assert paths(world)[MANIFEST].last_downloaded == downloaded
    client.get(MANIFEST)
    after = paths(world)[MANIFEST]
    assert after.created == created
    assert after.last_downloaded > downloaded


def test_head_tells_the_size_without_the_bytes(client: httpx.Client) -> None:
    got = client.get(MANIFEST)
    head = client.head(MANIFEST)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    digest = _largest(client)
    blob = client.head(f"/v2/{FREE_IMAGE}/blobs/{digest}")
    assert blob.status_code == 200
    assert int(blob.headers["content-length"]) > 1_000_000
    assert blob.headers["docker-content-digest"] == digest


@pytest.mark.parametrize("cached", [True, False])
def test_ranges(client: httpx.Client, cached: bool) -> None:
    digest = _largest(client)
    path = f"/v2/{FREE_IMAGE}/blobs/{digest}"
    size = int(client.head(path).headers["content-length"]) if cached else None
    part = client.get(path, headers={"Range": "bytes=1000000-1000099"})
    whole = client.get(path).content
    assert part.status_code == 206
    assert part.content == whole[1000000:1000100]
    assert part.headers["content-range"] == f"bytes 1000000-1000099/{size or len(whole)}"
    tail = client.get(path, headers={"Range": "bytes=-7"})
    assert tail.content == whole[-7:]
    rest = client.get(path, headers={"Range": f"bytes={len(whole) - 3}-"})
    assert rest.content == whole[-3:]
    outside = client.get(path, headers={"Range": f"bytes={len(whole)}-"})
    assert outside.status_code == 416
    assert outside.headers["content-range"] == f"bytes */{len(whole)}"
    etag = client.head(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    other = client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, len(whole))


def test_bytes_arrive_while_the_remote_still_sends(
    world: PracticeWorld, client: httpx.Client
) -> None:
    digest = _largest(client)
    world.registry.faults.add(StalledAnswer(reference=digest, at=500_000))
    with client.stream("GET", f"/v2/{FREE_IMAGE}/blobs/{digest}") as answer:
        received = 0
        body = hashlib.sha256()
        chunks = answer.iter_raw()
        while received < 500_000:
            chunk = next(chunks)
            body.update(chunk)
            received += len(chunk)
        assert f"/v2/-/blobs/{digest}" not in paths(world)
        world.registry.faults.clear()
        for chunk in chunks:
            body.update(chunk)
    assert "sha256:" + body.hexdigest() == digest


def test_one_download_serves_all_who_ask_meanwhile(
    world: PracticeWorld, client: httpx.Client
) -> None:
    digest = _largest(client)
    fault = world.registry.faults.add(StalledAnswer(reference=digest, at=100_000))
    seen: list[str] = []

    def fetch() -> None:
        content = client.get(f"/v2/{FREE_IMAGE}/blobs/{digest}", timeout=20).content
        seen.append("sha256:" + hashlib.sha256(content).hexdigest())

    threads = [threading.Thread(target=fetch) for _ in range(5)]
    threads[0].start()
    wait_until(lambda: upstream(world, digest.partition(":")[2]) > 0, "the first request")
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.1)  # the others may only be late, which is the case that is safe anyway
    world.registry.faults.remove(fault)
    for thread in threads:
        thread.join(timeout=20)
    assert seen == [digest] * 5
    blob_requests = [
        s for s in world.registry.requests if s.side == "registry" and "/blobs/" in s.path
    ]
    assert sum(s.path.endswith(digest) and s.status == 307 for s in blob_requests) == 1


@pytest.mark.parametrize("fault", [CorruptBlob, CutAnswer])
def test_a_blob_that_arrives_wrong_is_cut_and_not_kept(
    world: PracticeWorld, client: httpx.Client, fault: type[RegistryFault]
) -> None:
    digest = _largest(client)
    path = f"/v2/{FREE_IMAGE}/blobs/{digest}"
    world.registry.faults.add(fault(reference=digest, count=1))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(path)
    assert f"/v2/-/blobs/{digest}" not in paths(world)
    again = client.get(path)
    assert "sha256:" + hashlib.sha256(again.content).hexdigest() == digest
    assert list((world.data / "nexus" / "blobs").rglob("tmp/*")) == []


@pytest.mark.parametrize("fault", [ManifestMismatch, WrongDigestHeader, CutAnswer])
def test_a_manifest_that_arrives_wrong_is_not_kept(
    world: PracticeWorld, client: httpx.Client, fault: type[RegistryFault]
) -> None:
    world.registry.faults.add(fault(place="manifest", reference="latest", count=1))
    assert client.get(MANIFEST).status_code == 502
    assert paths(world) == {}
    assert client.get(MANIFEST).status_code == 200
