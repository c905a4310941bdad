"""The distribution specification's pull side, asked for over real sockets."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from cgwizard.practice.cgr.server import PracticeRegistry
from tests.support.practice_registry import (
    FREE,
    INDEX,
    PRIVATE,
    Client,
    code,
    fetch,
    sha256,
)

# Manifests


def test_a_manifest_by_tag_and_by_digest(free: Client) -> None:
    by_tag = free.get(FREE, "manifests/latest")
    digest = by_tag.headers["Docker-Content-Digest"]
    assert digest == sha256(by_tag.content)
    assert by_tag.headers["Content-Type"] == INDEX == by_tag.json()["mediaType"]
    assert by_tag.headers["ETag"] == f'"{digest}"'
    by_digest = free.get(FREE, f"manifests/{digest}")
    assert by_digest.content == by_tag.content
    head = free.request("HEAD", FREE, "manifests/latest")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Docker-Content-Digest", "ETag"):
        assert head.headers[name] == by_tag.headers[name]


def test_an_unchanged_manifest_is_not_sent_again(free: Client) -> None:
    digest = free.get(FREE, "manifests/latest").headers["Docker-Content-Digest"]
    for condition in (f'"{digest}"', digest, f'W/"{digest}"', f'"x", "{digest}"', "*"):
        answer = free.get(FREE, "manifests/latest", If_None_Match=condition)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["Docker-Content-Digest"] == digest
    assert free.get(FREE, "manifests/latest", If_None_Match='"x"').status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        (f"{PRIVATE}/manifests/no-such-tag", 404, "MANIFEST_UNKNOWN"),
        (f"{PRIVATE}/manifests/sha256:{'0' * 64}", 404, "MANIFEST_UNKNOWN"),
        (f"{PRIVATE}/manifests/sha256:0", 400, "DIGEST_INVALID"),
        (f"{PRIVATE}/blobs/sha256:{'0' * 64}", 404, "BLOB_UNKNOWN"),
        (f"{PRIVATE}/blobs/latest", 400, "DIGEST_INVALID"),
        (f"{PRIVATE}/referrers/latest", 400, "DIGEST_INVALID"),
        ("example.com/no-such-image/manifests/latest", 404, "NAME_UNKNOWN"),
    ],
)
def test_what_is_not_there(owner: Client, path: str, status: int, expected: str) -> None:
    repository, rest = "/".join(path.split("/")[:2]), "/".join(path.split("/")[2:])
    answer = owner.get(repository, rest)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_names_are_checked_and_pushes_refused(free: Client) -> None:
    answer = free.http.get("/v2/chainguard/Wolfi-Base/manifests/latest")
    assert (answer.status_code, code(answer)) == (400, "NAME_INVALID")
    for method, path in (("POST", "blobs/uploads/"), ("PUT", "manifests/x"), ("DELETE", "tags/x")):
        answer = free.http.request(method, f"/v2/{FREE}/{path}")
        assert (answer.status_code, code(answer)) == (405, "UNSUPPORTED")
        assert answer.headers["Allow"] == "GET, HEAD"


def test_the_catalog_is_nobodys(owner: Client) -> None:
    assert owner.http.get("/v2/_catalog").status_code == 401
    answer = owner.http.get("/v2/_catalog", headers=owner.bearer(FREE))
    assert (answer.status_code, code(answer)) == (403, "DENIED")


def test_tags_come_in_pages(owner: Client) -> None:
    every = owner.get(PRIVATE, "tags/list").json()
    assert every["name"] == PRIVATE
    assert every["tags"] == sorted(every["tags"])
    found: list[str] = []
    path: str | None = "tags/list?n=3"
    while path:
        page = owner.get(PRIVATE, path)
        assert len(page.json()["tags"]) <= 3
        found += page.json()["tags"]
        link = page.links.get("next", {}).get("url")
        path = link.removeprefix(f"/v2/{PRIVATE}/") if link else None
    assert found == every["tags"]
    assert owner.get(PRIVATE, "tags/list?n=0").json()["tags"] == []
    answer = owner.get(PRIVATE, "tags/list?n=-1")
    assert (answer.status_code, code(answer)) == (400, "PAGINATION_NUMBER_INVALID")


def test_the_sbom_is_a_referrer_and_signatures_are_tags(free: Client) -> None:
    digest = free.get(FREE, "manifests/latest").headers["Docker-Content-Digest"]
    answer = free.get(FREE, f"referrers/{digest}")
    assert answer.headers["Content-Type"] == INDEX
    (descriptor,) = answer.json()["manifests"]
    assert descriptor["artifactType"] == "application/spdx+json"
    sbom = free.get(FREE, f"manifests/{descriptor['digest']}").json()
    assert sbom["subject"]["digest"] == digest
    filtered = free.get(FREE, f"referrers/{digest}?artifactType=application/x")
    assert filtered.json()["manifests"] == []
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    nothing = free.get(FREE, f"referrers/sha256:{'0' * 64}")
    assert (nothing.status_code, nothing.json()["manifests"]) == (200, [])
    signature = free.get(FREE, f"manifests/{digest.replace(':', '-')}.sig").json()
    link = free.blob_link(FREE, signature["layers"][0]["digest"])
    payload = fetch(link).json()
    assert payload["critical"]["image"]["docker-manifest-digest"] == digest
    assert free.get(FREE, f"manifests/{digest.replace(':', '-')}.att").status_code == 200


def test_the_history_of_a_tag(free: Client) -> None:
    digest = free.get(FREE, "manifests/latest").headers["Docker-Content-Digest"]
    (entry,) = free.get(FREE, "_chainguard/history/latest").json()["history"]
    assert entry["digest"] == digest


# Blobs, and their own host


def test_a_blob_is_somewhere_else(registry: PracticeRegistry, free: Client) -> None:
    _, (digest, *_) = free.platform(FREE)
    head = free.request("HEAD", FREE, f"blobs/{digest}")
    assert head.status_code == 200
    assert head.headers["Docker-Content-Digest"] == digest
    link = free.blob_link(FREE, digest)
    # Another name, not only another port: that is what Go's client compares.
    assert urlsplit(link).hostname != urlsplit(registry.url).hostname
    assert urlsplit(link).port == urlsplit(registry.blob_url).port
    answer = fetch(link)
    assert sha256(answer.content) == digest
    assert answer.headers["Content-Length"] == head.headers["Content-Length"]
    assert answer.headers["Accept-Ranges"] == "bytes"
    again = fetch(link, If_None_Match=answer.headers["ETag"])
    assert again.status_code == 304
    assert fetch(link, method="HEAD").headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-99", 0, 99), ("100-", 100, None), ("-10", -10, None), ("5-999999999", 5, None)],
)
def test_a_part_of_a_blob(free: Client, asked: str, first: int, last: int | None) -> None:
    _, (digest, *_) = free.platform(FREE)
    link = free.blob_link(FREE, digest)
    whole = fetch(link).content
    answer = fetch(link, Range=f"bytes={asked}")
    expected = whole[first:] if last is None else whole[first : last + 1]
    assert (answer.status_code, answer.content) == (206, expected)
    start = first % len(whole)
    assert answer.headers["Content-Range"] == (
        f"bytes {start}-{start + len(expected) - 1}/{len(whole)}"
    )


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0"])
def test_a_part_that_is_not_there(free: Client, asked: str) -> None:
    _, (digest, *_) = free.platform(FREE)
    answer = fetch(free.blob_link(FREE, digest), Range=asked)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"].startswith("bytes */")
    assert "<Code>InvalidRange</Code>" in answer.text


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "items=0-1", "bytes=9-2", "bytes=x", "bytes=-"])
def test_ranges_that_are_passed_over(free: Client, asked: str) -> None:
    config, _ = free.platform(FREE)
    answer = fetch(free.blob_link(FREE, config), Range=asked)
    assert (answer.status_code, sha256(answer.content)) == (200, config)


def test_the_blob_host_refuses_as_s3_does(registry: PracticeRegistry, free: Client) -> None:
    config, _ = free.platform(FREE)
    link = free.blob_link(FREE, config)

    def ask(url: str, **headers: str) -> tuple[int, str]:
        answer = fetch(url, **headers)
        assert answer.headers["Content-Type"].startswith("application/xml")
        return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]

    followed = free.bearer(FREE)["Authorization"]
    assert ask(link, Authorization=followed) == (400, "InvalidArgument")
    assert ask(link.partition("?")[0]) == (403, "AccessDenied")
    assert ask(link[:-1] + ("0" if link[-1] != "0" else "1")) == (403, "SignatureDoesNotMatch")
    assert ask(link.replace("Expires=600", "Expires=601")) == (403, "SignatureDoesNotMatch")
    other = link.replace(config.removeprefix("sha256:"), "0" * 64)
    assert ask(other) == (403, "SignatureDoesNotMatch")
    registry.links.seconds = -1
    try:
        assert ask(free.blob_link(FREE, config)) == (403, "AccessDenied")
    finally:
        registry.links.seconds = 600
