"""cgr.dev's token flow: who gets a token, and what it opens."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from cgwizard.practice.cgr.server import PracticeRegistry
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.practice_registry import FREE, PRIVATE, Client, code, fetch, serving


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
    ("repository", "status", "said"),
    [
        (PRIVATE, 401, "UNAUTHORIZED"),
        ("example.com/redis-fips", 401, "UNAUTHORIZED"),
        ("chainguard/no-such-image", 403, "DENIED"),
        ("nobody.org/x", 400, "UNKNOWN"),
    ],
)
def test_nobody_gets_a_token_for_what_is_not_free(
    free: Client, repository: str, status: int, said: str
) -> None:
    answer = free.ask_token(f"repository:{repository}:pull")
    assert (answer.status_code, code(answer)) == (status, said)
    if status == 400:
        assert answer.json()["errors"][0]["message"] == "unable to resolve nobody.org"


def test_the_pull_token_opens_its_organization_and_the_free_images(owner: Client) -> None:
    for repository in (PRIVATE, FREE):
        assert owner.get(repository, "manifests/latest").status_code == 200
    for repository, status in (("example.com/redis-fips", 403), ("nobody.org/base", 400)):
        assert owner.ask_token(f"repository:{repository}:pull").status_code == status


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
    assert refused(registry, wrong) == [400, 400]
    swapped = Credentials(good.password.reveal(), Secret(good.username))
    assert refused(registry, swapped) == [400, 400]
    assert refused(registry, registry.tokens.expired("example.com")) == [400, 400]
    revoked = registry.tokens.issue("example.com")
    assert refused(registry, revoked) == [200, 200]
    registry.tokens.revoke(revoked)
    assert refused(registry, revoked) == [400, 400]
    assert refused(registry, registry.tokens.issue("other.org")) == [403, 200]


def test_login_asks_for_a_token_without_scope(registry: PracticeRegistry, free: Client) -> None:
    good = registry.pull_token
    for password, status in ((good.password.reveal(), 200), ("wrong", 400)):
        account = {"account": good.username, "client_id": "docker", "offline_token": "true"}
        answer = free.http.get("/token", params=account, auth=(good.username, password))
        assert answer.status_code == status
    assert answer.json()["errors"] == [{"code": "UNKNOWN", "message": "keys have expired"}]


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
    assert free.http.post("/token", data={**form, "password": "x"}).status_code == 400
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
    script = (
        "import sys, pathlib\n"
        "from cgwizard.practice.cgr.server import PracticeRegistry\n"
        "from cgwizard.practice.serving import listen\n"
        "PracticeRegistry(sock=listen(0), blob_sock=listen(0), data=pathlib.Path('nowhere'))\n"
        "print([m for m in ('starlette', 'uvicorn', 'httpx', 'jwt') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout.replace("'", '"')) == []
