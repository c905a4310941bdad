"""Hosted repositories take pushes; groups show what their members have."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx

from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import (
    ADMIN_AUTH,
    FREE_IMAGE,
    PRIVATE_IMAGE,
    add_repository,
    add_user,
    manifest_of,
    paths,
    pull,
)

MANIFEST_TYPE = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
LAYER = bytes(range(256)) * 4096


def _hosted(world: PracticeWorld, name: str = "own", **storage: Any) -> httpx.Client:
    url = add_repository(world, name, "hosted", storage={"writePolicy": "ALLOW", **storage})
    return httpx.Client(base_url=url, auth=ADMIN_AUTH)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _push_blob(client: httpx.Client, image: str, data: bytes) -> httpx.Response:
    begun = client.post(f"/v2/{image}/blobs/uploads/")
    assert begun.status_code == 202
    location = begun.headers["location"]
    return client.put(location, params={"digest": _digest(data)}, content=data)


def _push(client: httpx.Client, image: str, tag: str, *blobs: bytes) -> httpx.Response:
    for data in (*blobs, b"{}"):
        assert _push_blob(client, image, data).status_code == 201
    manifest = manifest_of(list(blobs))
    return client.put(f"/v2/{image}/manifests/{tag}", content=manifest, headers=MANIFEST_TYPE)


def test_what_was_pushed_is_pulled(world: PracticeWorld) -> None:
    with _hosted(world) as client:
        put = _push(client, "team/tool", "1.0", LAYER)
        assert put.status_code == 201
        digest = put.headers["docker-content-digest"]
        assert put.headers["location"] == f"/v2/team/tool/manifests/{digest}"
        for reference in ("1.0", digest):
            got = client.get(f"/v2/team/tool/manifests/{reference}")
            assert _digest(got.content) == digest
            assert got.headers["content-type"] == MANIFEST_TYPE["Content-Type"]
        assert client.get(f"/v2/team/tool/blobs/{_digest(LAYER)}").content == LAYER
        assert client.get("/v2/team/tool/tags/list").json() == {
            "name": "team/tool",
            "tags": ["1.0"],
        }
        assert client.get("/v2/_catalog").json() == {"repositories": ["team/tool"]}
        assert "/v2/team/tool/manifests/1.0" in paths(world, "own")


def test_a_blob_in_chunks(world: PracticeWorld) -> None:
    with _hosted(world) as client:
        location = client.post("/v2/team/tool/blobs/uploads/").headers["location"]
        half = len(LAYER) // 2
        first = client.patch(
            location, content=LAYER[:half], headers={"Content-Range": f"0-{half - 1}"}
        )
        assert (first.status_code, first.headers["range"]) == (202, f"0-{half - 1}")
        again = client.patch(location, content=b"x", headers={"Content-Range": "0-0"})
        assert again.status_code == 416
        asked = client.get(location)
        assert (asked.status_code, asked.headers["range"]) == (204, f"0-{half - 1}")
        rest = {"Content-Range": f"{half}-{len(LAYER) - 1}"}
        assert client.patch(location, content=LAYER[half:], headers=rest).status_code == 202
        done = client.put(location, params={"digest": _digest(LAYER)})
        assert done.status_code == 201
        assert client.get(done.headers["location"]).content == LAYER
        assert client.get(location).status_code == 404


def test_a_blob_in_one_request_and_a_mount(world: PracticeWorld) -> None:
    with _hosted(world) as client:
        one = client.post(
            "/v2/team/tool/blobs/uploads/", params={"digest": _digest(LAYER)}, content=LAYER
        )
        assert one.status_code == 201
        mounted = client.post(
            "/v2/team/other/blobs/uploads/",
            params={"mount": _digest(LAYER), "from": "team/tool"},
        )
        assert mounted.status_code == 201
        missing = client.post(
            "/v2/team/other/blobs/uploads/", params={"mount": _digest(b"?"), "from": "team/tool"}
        )
        assert missing.status_code == 202


def test_what_does_not_fit_is_refused(world: PracticeWorld) -> None:
    with _hosted(world) as client:
        location = client.post("/v2/team/tool/blobs/uploads/").headers["location"]
        wrong = client.put(location, params={"digest": _digest(b"other")}, content=LAYER)
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
        manifest = manifest_of([LAYER])
        path = "/v2/team/tool/manifests/1.0"
        early = client.put(path, content=manifest, headers=MANIFEST_TYPE)
        assert early.json()["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"
        broken = client.put(path, content=b"<html>", headers=MANIFEST_TYPE)
        assert broken.json()["errors"][0]["code"] == "MANIFEST_INVALID"
    assert list((world.data / "nexus" / "blobs").rglob("tmp/*")) == []


def test_removal(world: PracticeWorld) -> None:
    with _hosted(world) as client:
        digest = _push(client, "team/tool", "1.0", LAYER).headers["docker-content-digest"]
        assert client.delete(f"/v2/team/tool/manifests/{digest}").status_code == 202
        assert client.get("/v2/team/tool/manifests/1.0").status_code == 404
        assert client.delete(f"/v2/team/tool/blobs/{_digest(LAYER)}").status_code == 202
        assert client.get(f"/v2/team/tool/blobs/{_digest(LAYER)}").status_code == 404


def test_a_write_policy_keeps_tags(world: PracticeWorld) -> None:
    with _hosted(world, writePolicy="ALLOW_ONCE") as client:
        assert _push(client, "team/tool", "1.0", LAYER).status_code == 201
        assert _push(client, "team/tool", "1.0", LAYER).status_code == 201
        other = _push(client, "team/tool", "1.0", LAYER, b"more")
        assert other.status_code == 400
        assert "does not allow updating assets" in other.json()["errors"][0]["message"]


def test_pushing_needs_the_right_to_add(world: PracticeWorld) -> None:
    with _hosted(world) as client:
        client.auth = httpx.BasicAuth(
            *add_user(world, "reader", "pass", "nx-repository-view-docker-own-read")
        )
        assert client.post("/v2/team/tool/blobs/uploads/").status_code == 403
        client.auth = httpx.BasicAuth(
            *add_user(world, "writer", "pass", "nx-repository-view-docker-own-add")
        )
        assert client.post("/v2/team/tool/blobs/uploads/").status_code == 202
        world.call(lambda: setattr(world.state, "read_only", True))
        assert client.post("/v2/team/tool/blobs/uploads/").status_code == 503


def test_an_artifact_is_found_by_its_subject(world: PracticeWorld) -> None:
    import json

    with _hosted(world) as client:
        digest = _push(client, "team/tool", "1.0", LAYER).headers["docker-content-digest"]
        signature = json.loads(manifest_of([LAYER]))
        signature["artifactType"] = "application/example"
        signature["subject"] = {
            "mediaType": MANIFEST_TYPE["Content-Type"],
            "digest": digest,
            "size": 1,
        }
        content = json.dumps(signature).encode()
        put = client.put(
            f"/v2/team/tool/manifests/{_digest(content)}", content=content, headers=MANIFEST_TYPE
        )
        assert put.headers["oci-subject"] == digest
        found = client.get(f"/v2/team/tool/referrers/{digest}").json()["manifests"]
        assert [(f["digest"], f["artifactType"]) for f in found] == [
            (_digest(content), "application/example")
        ]
        other = client.get(f"/v2/team/tool/referrers/{_digest(content)}")
        assert other.json()["manifests"] == []


def test_a_group_asks_its_members_in_order(world: PracticeWorld) -> None:
    add_repository(world, "chainguard")
    add_repository(world, "private", token=world.info.pull_token)
    with _hosted(world) as client:
        _push(client, "team/tool", "1.0", LAYER)
        _push(client, FREE_IMAGE, "mine", LAYER)
    members = ["own", "chainguard", "private"]
    url = add_repository(world, "all", "group", group={"memberNames": members})
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        assert client.get("/v2/team/tool/manifests/1.0").status_code == 200
        assert pull(client, FREE_IMAGE)
        assert pull(client, PRIVATE_IMAGE)
        tags = client.get(f"/v2/{FREE_IMAGE}/tags/list").json()["tags"]
        assert {"mine", "latest"} <= set(tags)
        missing = client.get("/v2/nobody/nothing/manifests/latest")
        assert (missing.status_code, missing.json()["errors"][0]["code"]) == (
            404,
            "MANIFEST_UNKNOWN",
        )
        push = client.post("/v2/team/tool/blobs/uploads/")
        assert push.status_code == 403
        assert "PRO-licensed" in push.json()["errors"][0]["message"]
    assert "/v2/team/tool/manifests/1.0" in paths(world, "all")


def test_a_group_needs_its_own_permission_only(world: PracticeWorld) -> None:
    add_repository(world, "private", token=world.info.pull_token)
    url = add_repository(world, "all", "group", group={"memberNames": ["private"]})
    auth = add_user(world, "deploy", "pass", "nx-repository-view-docker-all-read")
    got = httpx.get(f"{url}/v2/{PRIVATE_IMAGE}/manifests/latest", auth=auth)
    assert got.status_code == 200


def test_members_that_are_offline_are_passed_over(world: PracticeWorld) -> None:
    add_repository(world, "off", token=world.info.pull_token, online=False)
    add_repository(world, "on")
    url = add_repository(world, "all", "group", group={"memberNames": ["off", "on"]})
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        assert client.get(f"/v2/{FREE_IMAGE}/manifests/latest").status_code == 200
        assert client.get(f"/v2/{PRIVATE_IMAGE}/manifests/latest").status_code == 404


def test_a_group_in_itself_ends(world: PracticeWorld) -> None:
    add_repository(world, "a", "group", group={"memberNames": ["b"]})
    url = add_repository(world, "b", "group", group={"memberNames": ["a"]})
    answer = httpx.get(f"{url}/v2/{FREE_IMAGE}/manifests/latest", auth=ADMIN_AUTH)
    assert answer.status_code == 404
    assert paths(world, "a") == {}
