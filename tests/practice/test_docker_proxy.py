"""Pulling through: what is fetched, kept, compared again, and what is never kept."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator

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
    ADMIN_AUTH,
    FREE_IMAGE,
    PRIVATE_IMAGE,
    add_repository,
    layers,
    paths,
    pull,
    stop_registry,
    upstream,
    wait_until,
)

MANIFEST = f"/v2/{FREE_IMAGE}/manifests/latest"


@pytest.fixture
def client(world: PracticeWorld) -> Iterator[httpx.Client]:
    """Speaks to the connector of a proxy that has the organization's pull token."""
    url = add_repository(world, token=world.info.pull_token)
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        yield client


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


def test_a_tag_is_compared_again_when_it_is_old(world: PracticeWorld, client: httpx.Client) -> None:
    client.get(MANIFEST)
    client.get(MANIFEST)
    assert upstream(world, "/manifests/latest") == 2  # the first one had no token yet
    world.docker.clock.skip(1441 * 60)
    assert client.get(MANIFEST).status_code == 200
    last = [s for s in world.registry.requests if s.path.endswith("/manifests/latest")][-1]
    assert last.status == 304
    world.call(world.docker.invalidate_cache, world.state.repositories["chainguard"])
    client.get(MANIFEST)
    assert [s.status for s in world.registry.requests if "manifests" in s.path].count(304) == 2


def test_an_old_tag_is_better_than_none(world: PracticeWorld, client: httpx.Client) -> None:
    first = client.get(MANIFEST).content
    stop_registry(world)
    world.docker.clock.skip(1441 * 60)
    assert client.get(MANIFEST).content == first


def test_what_the_remote_does_not_have_is_remembered(
    world: PracticeWorld, client: httpx.Client
) -> None:
    missing = "/v2/example.com/no-such-image/manifests/latest"
    unknown = client.get(missing)
    assert unknown.status_code == 404
    assert unknown.json()["errors"][0] == {
        "code": "MANIFEST_UNKNOWN",
        "message": "manifest unknown",
        "detail": None,
    }
    asked = upstream(world, "no-such-image")
    assert client.head(missing).status_code == 404
    assert upstream(world, "no-such-image") == asked
    world.docker.clock.skip(1441 * 60)
    client.get(missing)
    assert upstream(world, "no-such-image") > asked
    asked = upstream(world, "no-such-image")
    world.call(world.docker.invalidate_cache, world.state.repositories["chainguard"])
    client.get(missing)
    assert upstream(world, "no-such-image") > asked


def test_nothing_is_remembered_where_the_negative_cache_is_off(world: PracticeWorld) -> None:
    url = add_repository(world, negativeCache={"enabled": False})
    missing = f"{url}/v2/{PRIVATE_IMAGE}/manifests/latest"
    assert httpx.get(missing, auth=ADMIN_AUTH).status_code == 404
    asked = upstream(world, "/token")
    assert httpx.get(missing, auth=ADMIN_AUTH).status_code == 404
    assert upstream(world, "/token") > asked


def test_unknown_blob_and_odd_references(client: httpx.Client) -> None:
    blob = client.get(f"/v2/{FREE_IMAGE}/blobs/sha256:{'0' * 64}")
    assert (blob.status_code, blob.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")
    manifest = client.get(f"/v2/{FREE_IMAGE}/manifests/sha256:{'0' * 64}")
    assert (manifest.status_code, manifest.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    broken = client.get(f"/v2/{FREE_IMAGE}/blobs/sha256:123")
    assert (broken.status_code, broken.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    upper = client.get("/v2/Chainguard/x/manifests/latest")
    assert (upper.status_code, upper.json()["errors"][0]["code"]) == (400, "NAME_INVALID")


def test_wrong_upstream_credentials_look_like_a_missing_image(world: PracticeWorld) -> None:
    url = add_repository(world, token=world.registry.tokens.issue("someone-else.com"))
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        answer = client.get(f"/v2/{PRIVATE_IMAGE}/manifests/latest")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_a_remote_with_a_path_finds_nothing(world: PracticeWorld) -> None:
    url = add_repository(world, remote="https://cgr.dev/chainguard")
    answer = httpx.get(url + MANIFEST, auth=ADMIN_AUTH)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    assert any(seen.path == f"/chainguard{MANIFEST}" for seen in world.registry.requests)


def test_credentials_stay_with_the_registry(world: PracticeWorld, client: httpx.Client) -> None:
    pull(client, PRIVATE_IMAGE)
    blob_host = [seen for seen in world.registry.requests if seen.side == "blobs"]
    assert blob_host
    assert {seen.authorization for seen in blob_host} == {""}
    basic = [s for s in world.registry.requests if s.authorization == "basic"]
    assert {s.path for s in basic} == {"/token"}
    assert {s.user for s in basic} == {world.info.pull_token.username}


def test_tokens_are_asked_for_once_an_image(world: PracticeWorld, client: httpx.Client) -> None:
    pull(client, FREE_IMAGE)
    pull(client, PRIVATE_IMAGE)
    assert [s.path for s in world.registry.requests].count("/token") == 2


def test_another_repository_fetches_for_itself(world: PracticeWorld, client: httpx.Client) -> None:
    """Content is stored once, but a repository without the token must not get it for free."""
    blobs = pull(client, PRIVATE_IMAGE)
    other = add_repository(world, "without-token")
    digest = next(iter(blobs))
    answer = httpx.get(f"{other}/v2/{PRIVATE_IMAGE}/blobs/{digest}", auth=ADMIN_AUTH)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")


def test_removing_a_repository_keeps_what_others_hold(world: PracticeWorld) -> None:
    folder = world.data / "nexus" / "blobs"

    def count() -> int:
        return sum(path.is_file() for path in folder.rglob("content/*/*"))

    for name in ("one", "two"):
        with httpx.Client(base_url=add_repository(world, name), auth=ADMIN_AUTH) as client:
            pull(client, FREE_IMAGE)
    held = count()

    async def remove(name: str) -> None:
        del world.state.repositories[name]
        await world.state.repositories_changed()

    world.call(remove, "one")
    assert count() == held > 0
    world.call(remove, "two")
    assert count() == 0


def test_lists(world: PracticeWorld, client: httpx.Client) -> None:
    pull(client, FREE_IMAGE)
    assert client.get("/v2/_catalog").json() == {"repositories": [FREE_IMAGE]}
    tags = client.get(f"/v2/{FREE_IMAGE}/tags/list").json()
    assert tags["name"] == FREE_IMAGE
    assert "latest" in tags["tags"]
    paged = client.get(f"/v2/{FREE_IMAGE}/tags/list", params={"n": 1})
    assert paged.json()["tags"] == tags["tags"][:1]
    assert 'rel="next"' in paged.headers["link"]
    following = client.get(paged.headers["link"].partition(">")[0].lstrip("<"))
    assert following.json()["tags"] == tags["tags"][1:2]
    unknown = client.get("/v2/example.com/no-such-image/tags/list")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


def test_signatures_and_sboms_pass_through(client: httpx.Client) -> None:
    digest = client.head(MANIFEST).headers["docker-content-digest"]
    signature = client.get(f"/v2/{FREE_IMAGE}/manifests/{digest.replace(':', '-')}.sig")
    assert signature.status_code == 200
    referrers = client.get(f"/v2/{FREE_IMAGE}/referrers/{digest}")
    assert referrers.status_code == 200
    assert referrers.headers["content-type"] == "application/vnd.oci.image.index.v1+json"


def test_a_read_only_server_serves_what_it_has(world: PracticeWorld, client: httpx.Client) -> None:
    pull(client, FREE_IMAGE)
    world.call(lambda: setattr(world.state, "read_only", True))
    assert pull(client, FREE_IMAGE)
    assert client.get(f"/v2/{PRIVATE_IMAGE}/manifests/latest").status_code == 503


def test_a_proxy_takes_no_pushes(client: httpx.Client) -> None:
    answer = client.post(f"/v2/{FREE_IMAGE}/blobs/uploads/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "UNSUPPORTED")
