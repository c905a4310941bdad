"""The distribution specification and cgr.dev's token flow, asked for over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest

from cgwizard.practice.registry.server import PracticeRegistry
from cgwizard.secrets import Credentials, Secret
from tests.helpers_practice_registry import (
    FREE,
    INDEX,
    PRIVATE,
    Client,
    code,
    fetch,
    serving,
    sha256,
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeRegistry]:
    with serving(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def free(registry: PracticeRegistry) -> Client:
    return Client(registry)


@pytest.fixture
def owner(registry: PracticeRegistry) -> Client:
    return Client(registry, registry.pull_token)


# Who may what


def test_without_a_token_the_challenge_names_the_address_that_was_asked(free: Client) -> None:
    answer = free.http.get(f"/v2/{FREE}/manifests/latest", headers={"Host": "cgr.dev"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="http://cgr.dev/token",service="cgr.dev",scope="repository:{FREE}:pull"'
    )
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert code(answer) == "UNAUTHORIZED"
    behind = {"Host": "cgr.dev", "X-Forwarded-Proto": "https"}
    challenge = free.http.get("/v2/", headers=behind).headers["WWW-Authenticate"]
    assert challenge == 'Bearer realm="https://cgr.dev/token",service="cgr.dev"'


def test_anybody_gets_a_token_for_the_free_images_and_the_ping(free: Client) -> None:
    answer = free.http.get("/token", params={"scope": f"repository:{FREE}:pull"})
    assert answer.status_code == 200
    assert answer.json()["expires_in"] >= 60
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    ping = free.http.get("/v2/", headers=bearer)
    assert (ping.status_code, ping.json()) == (200, {})
    assert free.http.get(f"/v2/{FREE}/manifests/latest", headers=bearer).status_code == 200


def test_a_token_is_for_its_repository_only(free: Client) -> None:
    answer = free.http.get("/v2/chainguard/python/manifests/latest", headers=free.bearer(FREE))
    assert answer.status_code == 401
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="repository:chainguard/python:pull"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.AAAA", "é"])
def test_a_bearer_that_is_not_ours_is_refused(free: Client, token: str) -> None:
    answer = free.http.get(
        f"/v2/{FREE}/manifests/latest", headers={b"Authorization": f"Bearer {token}".encode()}
    )
    assert answer.status_code == 401


def test_several_scopes_come_in_one_parameter_or_in_many(free: Client) -> None:
    one, two = "repository:chainguard/static:pull", f"repository:{FREE}:pull"
    for scopes in ([one, two], [f"{one} {two}"]):
        token = free.ask_token(*scopes).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        for name in ("chainguard/static", FREE):
            assert free.http.get(f"/v2/{name}/tags/list", headers=bearer).status_code == 200


@pytest.mark.parametrize(
    "repository", [PRIVATE, "chainguard/no-such-image", "other.org/x", "example.com/redis-fips"]
)
def test_nobody_gets_a_token_for_what_is_not_free(free: Client, repository: str) -> None:
    answer = free.ask_token(f"repository:{repository}:pull")
    assert (answer.status_code, code(answer)) == (403, "DENIED")


def test_the_pull_token_opens_its_organisation_and_the_free_images(owner: Client) -> None:
    for repository in (PRIVATE, FREE):
        assert owner.get(repository, "manifests/latest").status_code == 200
    for repository in ("example.com/redis-fips", "other.org/chainguard-base"):
        assert owner.ask_token(f"repository:{repository}:pull").status_code == 403


def test_the_pull_token_looks_like_chainguards(registry: PracticeRegistry) -> None:
    password = registry.pull_token.password.reveal()
    parent, _, identity = registry.pull_token.username.partition("/")
    assert (len(parent), len(identity)) == (40, 16)
    assert set(parent + identity) <= set("0123456789abcdef")
    assert 700 <= len(password) <= 1500
    assert password.startswith("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2lzc")
    claims = jwt.decode(password, options={"verify_signature": False})
    assert claims["sub"] == registry.pull_token.username
    assert claims["iss"] == "https://issuer.enforce.dev"
    assert claims["exp"] - claims["iat"] == timedelta(days=30).total_seconds()


def refused(registry: PracticeRegistry, credentials: Credentials) -> list[int]:
    client = Client(registry, credentials)
    return [client.ask_token(f"repository:{name}:pull").status_code for name in (PRIVATE, FREE)]


def test_bad_credentials_break_the_free_images_too(registry: PracticeRegistry) -> None:
    good = registry.pull_token
    wrong = Credentials(good.username, Secret(good.password.reveal()[:-1]))
    assert refused(registry, wrong) == [403, 403]
    swapped = Credentials(good.password.reveal(), Secret(good.username))
    assert refused(registry, swapped) == [403, 403]
    assert refused(registry, registry.tokens.expired("example.com")) == [401, 401]
    revoked = registry.tokens.issue("example.com")
    assert refused(registry, revoked) == [200, 200]
    registry.tokens.revoke(revoked)
    assert refused(registry, revoked) == [403, 403]
    assert refused(registry, registry.tokens.issue("other.org")) == [403, 200]


def test_login_asks_for_a_token_without_scope(registry: PracticeRegistry, free: Client) -> None:
    good = registry.pull_token
    for password, status in ((good.password.reveal(), 200), ("wrong", 403)):
        account = {"account": good.username, "client_id": "docker", "offline_token": "true"}
        answer = free.http.get("/token", params=account, auth=(good.username, password))
        assert answer.status_code == status
    assert answer.json()["errors"] == [{"code": "UNKNOWN", "message": "Forbidden"}]


def test_the_form_of_oauth2(registry: PracticeRegistry, free: Client) -> None:
    form = {
        "grant_type": "password",
        "username": registry.pull_token.username,
        "password": registry.pull_token.password.reveal(),
        "service": "cgr.dev",
        "scope": f"repository:{PRIVATE}:pull",
    }
    answer = free.http.post("/token", data=form)
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert free.http.get(f"/v2/{PRIVATE}/tags/list", headers=bearer).status_code == 200
    assert free.http.post("/token", data={**form, "password": "x"}).status_code == 403
    assert free.http.post("/token", data={"grant_type": "refresh_token"}).status_code == 400


def test_bearers_expire(tmp_path: Path) -> None:
    with serving(tmp_path) as registry:
        client = Client(registry)
        registry.bearers.seconds = -1
        answer = client.get(FREE, "tags/list")
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_only_some_tags_are_free(registry: PracticeRegistry, free: Client, owner: Client) -> None:
    answer = free.get("chainguard/python", "manifests/3.13")
    assert (answer.status_code, code(answer)) == (403, "DENIED")
    for tag in ("latest", "latest-dev"):
        assert free.get("chainguard/python", f"manifests/{tag}").status_code == 200
    assert "3.13" not in free.get("chainguard/python", "tags/list").json()["tags"]
    assert "20230214" in owner.get(PRIVATE, "tags/list").json()["tags"]
    assert owner.get(PRIVATE, "manifests/20230214").status_code == 200


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


def test_the_catalogue_is_nobodys(owner: Client) -> None:
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


# What is kept of it


def test_requests_are_noted_without_secrets(tmp_path: Path) -> None:
    with serving(tmp_path) as registry:
        good = registry.pull_token
        config, _ = Client(registry, good).platform(PRIVATE)
        fetch(Client(registry, good).blob_link(PRIVATE, config))
        swapped = Credentials(good.password.reveal(), Secret(good.username))
        Client(registry, swapped).ask_token()
        asked = registry.requests[0]
        assert (asked.side, asked.path, asked.status) == ("registry", "/token", 200)
        assert (asked.authorization, asked.user) == ("basic", good.username)
        assert asked.scopes == (f"repository:{PRIVATE}:pull",)
        assert [
            (seen.authorization, seen.status) for seen in registry.requests if seen.side == "blobs"
        ] == [("", 200)]
        assert good.password.reveal() not in repr(registry.requests)


def test_making_one_is_cheap_and_serves_nothing_yet() -> None:
    import subprocess
    import sys

    script = (
        "import sys, pathlib\n"
        "from cgwizard.practice.registry.server import PracticeRegistry\n"
        "from cgwizard.practice.serving import listen\n"
        "PracticeRegistry(sock=listen(0), blob_sock=listen(0), data=pathlib.Path('nowhere'))\n"
        "print([m for m in ('starlette', 'uvicorn', 'httpx', 'jwt') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout.replace("'", '"')) == []
