"""A docker proxy and its remote: tags that are compared again, what is missing there, who asks."""

from __future__ import annotations

import httpx

from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import (
    ADMIN_AUTH,
    FREE_IMAGE,
    PRIVATE_IMAGE,
    add_repository,
    pull,
    stop_registry,
    upstream,
)

MANIFEST = f"/v2/{FREE_IMAGE}/manifests/latest"


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
