"""Who has access, and which answer the others get."""

from __future__ import annotations

import re

import httpx
import pytest

from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import ADMIN_AUTH, FREE_IMAGE, add_repository, add_user
from tests.support.practice_world import practice_world

REFUSAL = (
    '{"errors":[{"code":"UNAUTHORIZED","message":"access to the requested resource is not '
    'authorized","detail":null}]}'
)
MANIFEST = f"/v2/{FREE_IMAGE}/manifests/latest"


def _let_anonymous_in(world: PracticeWorld) -> None:
    def switch() -> None:
        world.state.realms_active.append("DockerToken")
        world.state.anonymous.enabled = True

    world.call(switch)


def _token(url: str, **options: object) -> str:
    answer = httpx.get(f"{url}/v2/token", **options)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert set(answer.json()) == {"token"}
    return str(answer.json()["token"])


def test_basic_is_asked_for_byte_by_byte(world: PracticeWorld) -> None:
    url = add_repository(world)
    for path in ("/v2/", MANIFEST, f"/v2/{FREE_IMAGE}/tags/list"):
        answer = httpx.get(url + path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == (
            'BASIC realm="Sonatype Nexus Repository Manager"'
        )
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == "113"
        assert answer.text == REFUSAL


def test_a_wrong_password_is_refused_the_same_way(world: PracticeWorld) -> None:
    url = add_repository(world)
    answer = httpx.get(f"{url}/v2/", auth=("admin", "wrong"))
    assert (answer.status_code, answer.text) == (401, REFUSAL)


def test_bearer_is_offered_where_basic_is_not_forced(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    url = add_repository(world, docker={"forceBasicAuth": False})
    answer = httpx.get(f"{url}/v2/")
    assert answer.status_code == 401
    assert answer.text == REFUSAL
    realm = f"{url}/v2/token"
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="{realm}",service="{realm}",scope="repository:*:pull"'
    )


def test_without_the_token_realm_anonymous_pulls_fail(world: PracticeWorld) -> None:
    world.call(lambda: setattr(world.state, "anonymous.enabled", True))
    url = add_repository(world, docker={"forceBasicAuth": False})
    assert httpx.get(url + MANIFEST).status_code == 401


def test_anonymous_pulls_but_does_not_ping(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    url = add_repository(world, docker={"forceBasicAuth": False})
    token = _token(url, params={"service": "x", "scope": f"repository:{FREE_IMAGE}:pull"})
    assert re.fullmatch(r"DockerToken\.[0-9a-f-]{36}", token)
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(url + MANIFEST, headers=bearer).status_code == 200
    assert httpx.get(url + MANIFEST).status_code == 200
    assert httpx.get(f"{url}/v2/", headers=bearer).status_code == 401


def test_forced_basic_keeps_anonymous_out_of_a_private_proxy(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    open_url = add_repository(world, docker={"forceBasicAuth": False})
    closed_url = add_repository(world, "chainguard-private")
    bearer = {"Authorization": f"Bearer {_token(open_url)}"}
    assert httpx.get(closed_url + MANIFEST, headers=bearer).status_code == 401


def test_another_anonymous_user_breaks_docker(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    world.call(lambda: setattr(world.state.anonymous, "user_id", "guest"))
    url = add_repository(world, docker={"forceBasicAuth": False})
    assert httpx.get(url + MANIFEST).status_code == 401


def test_a_users_token_signs_in_and_basic_works_beside_it(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    url = add_repository(world, docker={"forceBasicAuth": False})
    bearer = {"Authorization": f"Bearer {_token(url, auth=ADMIN_AUTH)}"}
    assert httpx.get(f"{url}/v2/", headers=bearer).status_code == 200
    assert httpx.get(f"{url}/v2/", auth=ADMIN_AUTH).status_code == 200
    assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 200
    invented = {"Authorization": "Bearer DockerToken.00000000-0000-0000-0000-000000000000"}
    assert httpx.get(url + MANIFEST, headers=invented).status_code == 401


def test_a_wrong_password_gets_no_token(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    url = add_repository(world, docker={"forceBasicAuth": False})
    assert httpx.get(f"{url}/v2/token", auth=("admin", "wrong")).status_code == 401


def test_where_nobody_may_be_anonymous_there_is_no_anonymous_token(world: PracticeWorld) -> None:
    world.call(lambda: world.state.realms_active.append("DockerToken"))
    url = add_repository(world, docker={"forceBasicAuth": False})
    assert httpx.get(f"{url}/v2/token").status_code == 401


@pytest.mark.parametrize(
    ("headers", "realm"),
    [
        ({"Host": "nexus.example:5051"}, "http://nexus.example:5051/v2/token"),
        (
            {"Host": "docker.example", "X-Forwarded-Proto": "https"},
            "https://docker.example/v2/token",
        ),
        (
            {
                "Host": "127.0.0.1",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "docker.example",
                "X-Forwarded-Port": "8443",
            },
            "https://docker.example:8443/v2/token",
        ),
        (
            {
                "Host": "docker.example:8443",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Port": "8443",
            },
            "https://docker.example:8443/v2/token",
        ),
        (
            {"Host": "d.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"},
            "https://d.example/v2/token",
        ),
    ],
)
def test_the_realm_is_the_address_that_the_client_used(headers: dict[str, str], realm: str) -> None:
    with practice_world(allowed_hosts=[".example"]) as world:
        _let_anonymous_in(world)
        url = add_repository(world, docker={"forceBasicAuth": False})
        challenge = httpx.get(f"{url}/v2/", headers=headers).headers["www-authenticate"]
    assert f'realm="{realm}",service="{realm}"' in challenge


def test_the_realm_on_the_main_port(world: PracticeWorld) -> None:
    _let_anonymous_in(world)
    settings = {"forceBasicAuth": False, "pathEnabled": True}
    add_repository(world, port=None, docker=settings)
    base = world.info.nexus_url
    for ping, token in (
        ("/v2/", "/v2/token"),
        ("/repository/chainguard/v2/", "/repository/chainguard/v2/token"),
    ):
        answer = httpx.get(base + ping)
        assert answer.status_code == 401
        assert f'realm="{base}{token}"' in answer.headers["www-authenticate"]
        assert _token(base + token.removesuffix("/v2/token")).startswith("DockerToken.")


def test_too_many_wrong_passwords_lock_the_name(world: PracticeWorld) -> None:
    url = add_repository(world)
    for _ in range(4):
        assert httpx.get(f"{url}/v2/", auth=("admin", "wrong")).status_code == 401
    locked = httpx.get(f"{url}/v2/", auth=ADMIN_AUTH)
    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "30"
    assert locked.headers["content-type"].startswith("text/html")
    assert "Too many authentication attempts" in locked.text


def test_signing_in_does_not_mean_reading(world: PracticeWorld) -> None:
    url = add_repository(world)
    other = add_repository(world, "other")
    auth = add_user(world, "deploy", "pass", "nx-repository-view-docker-chainguard-read")
    assert httpx.get(f"{other}/v2/", auth=auth).status_code == 200
    assert httpx.get(url + MANIFEST, auth=auth).status_code == 200
    denied = httpx.get(other + MANIFEST, auth=auth)
    assert (denied.status_code, denied.json()["errors"][0]["code"]) == (403, "DENIED")


def test_the_open_license_agreement_refuses_content_only() -> None:
    with practice_world(preset="fresh") as world:
        url = add_repository(world)
        assert httpx.get(f"{url}/v2/", auth=ADMIN_AUTH).status_code == 200
        refused = httpx.get(url + MANIFEST, auth=ADMIN_AUTH)
        assert refused.status_code == 403
        assert "End User License Agreement (EULA)" in refused.json()["errors"][0]["message"]
        world.call(lambda: setattr(world.state, "eula_accepted", True))
        assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 200


@pytest.mark.parametrize(
    ("mode", "matcher", "allowed", "refused"),
    [
        ("BLOCK", "/v2/chainguard/python/.*", FREE_IMAGE, "chainguard/python"),
        ("ALLOW", "/v2/chainguard/wolfi-.*", FREE_IMAGE, "chainguard/python"),
    ],
)
def test_a_routing_rule(
    world: PracticeWorld, mode: str, matcher: str, allowed: str, refused: str
) -> None:
    rule = {"name": "some", "description": "", "mode": mode, "matchers": [matcher]}
    world.call(lambda: world.state.routing_rules.update(some=rule))
    url = add_repository(world, routingRuleName="some")
    got = httpx.get(f"{url}/v2/{allowed}/manifests/latest", auth=ADMIN_AUTH)
    assert got.status_code == 200
    ruled_out = httpx.get(f"{url}/v2/{refused}/manifests/latest", auth=ADMIN_AUTH)
    assert ruled_out.status_code == 403
    assert "Routing rules block" in ruled_out.json()["errors"][0]["message"]
    assert httpx.get(f"{url}/v2/", auth=ADMIN_AUTH).status_code == 200
