"""Who may sign in, what the others get, and how the versions differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.practice_nexus import PASSWORD, Nexus, nexus, proxy

CHALLENGE = 'BASIC realm="Sonatype Nexus Repository Manager"'


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nexus]:
    with nexus(tmp_path_factory.mktemp("old"), "3.76") as running:
        yield running


def test_every_answer_names_the_server(server: Nexus, old: Nexus) -> None:
    for path in ("/status", "/nothing-here", "/repositories", "/../../../"):
        answer = server.nobody.get(path)
        assert answer.headers["Server"] == "Nexus/3.96.3-01 (COMMUNITY)"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert old.nobody.get("/status").headers["Server"] == "Nexus/3.76.1-01 (OSS)"


def test_status_needs_nobody_but_refuses_a_wrong_password(server: Nexus, old: Nexus) -> None:
    assert server.nobody.get("/status").status_code == 200
    assert server.nobody.get("/status").content == b""
    for running, writable in ((server, 200), (old, 401)):
        stranger = running.client("mallory", "guess")
        assert stranger.get("/status").status_code == 401
        assert stranger.get("/status/writable").status_code == writable
    assert server.nobody.get("/status/check").status_code == 401
    checks = server.admin.get("/status/check").json()
    assert all(set(check) >= {"healthy", "message", "error"} for check in checks.values())


def test_wrong_password(server: Nexus) -> None:
    answer = server.client("alice", "wrong").get("/repositories")
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == CHALLENGE


def test_without_credentials(server: Nexus, old: Nexus) -> None:
    assert server.nobody.get("/repositories").status_code == 401
    assert server.nobody.get("/repositories").headers["WWW-Authenticate"] == CHALLENGE
    assert server.nobody.get("/security/users").status_code == 401
    assert old.nobody.get("/repositories").json() == []
    assert old.nobody.get("/search").json()["items"] == []
    assert old.nobody.get("/security/users").status_code == 403
    assert old.nobody.get("/repositories/maven-central").status_code == 403


def test_a_name_is_locked_after_failed_sign_ins(tmp_path: Path) -> None:
    with nexus(tmp_path) as server:
        now = 1000.0
        assert server.state.lockout is not None
        server.state.lockout.clock = lambda: now
        stranger = server.client("admin", "wrong")
        assert [stranger.get("/repositories").status_code for _ in range(4)] == [401] * 4

        answer = server.admin.get("/repositories")
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "Too many authentication attempts" in answer.text
        assert server.nobody.get("/status").status_code == 200

        now += 14 * 60
        assert server.admin.get("/repositories").status_code == 429, "asking restarts it"
        now += 14 * 60
        assert server.admin.get("/repositories").status_code == 429
        now += 15 * 60
        assert server.admin.get("/repositories").status_code == 200


def test_changing_a_user_lifts_the_lock(server: Nexus) -> None:
    bob = server.add_user("bob", "nx-search-read")
    stranger = server.client("bob", "wrong")
    for _ in range(4):
        stranger.get("/status")
    assert bob.get("/search").status_code == 429
    change = server.admin.put(
        "/security/users/bob/change-password",
        content="secret",
        headers={"Content-Type": "text/plain"},
    )
    assert change.status_code == 204
    assert bob.get("/search").status_code == 200


def test_older_servers_do_not_lock(old: Nexus) -> None:
    stranger = old.client("carol", "wrong")
    assert {stranger.get("/status").status_code for _ in range(6)} == {401}


def test_a_good_sign_in_forgets_the_failed_ones(server: Nexus) -> None:
    dave = server.add_user("dave", "nx-search-read")
    stranger = server.client("dave", "wrong")
    for _ in range(3):
        for _ in range(3):
            assert stranger.get("/status").status_code == 401
        assert dave.get("/search").status_code == 200


@pytest.mark.parametrize("status", ["disabled", "locked"])
def test_a_user_who_is_off_does_not_get_in(server: Nexus, status: str) -> None:
    name = f"user-{status}"
    client = server.add_user(name, "nx-search-read")
    server.state.users[name].status = status
    assert client.get("/search").status_code == 401
    server.state.users[name].status = "changepassword"
    assert client.get("/search").status_code == 200


def test_rights_decide(server: Nexus) -> None:
    assert server.admin.post("/repositories/docker/proxy", json=proxy()).status_code == 201
    view = "nx-repository-view-docker-chainguard"
    browser = server.add_user("browser", f"{view}-browse")
    reader = server.add_user("reader", f"{view}-read")
    other = server.add_user("other", "nx-repository-view-maven2-*-*")

    def names(client: httpx.Client) -> list[str]:
        return [repository["name"] for repository in client.get("/repositories").json()]

    assert names(browser) == ["chainguard"]
    assert names(reader) == [], "a list needs browse"
    assert "chainguard" not in names(other)
    assert [c.get("/repositories/chainguard").status_code for c in (browser, reader, other)] == [
        200,
        200,
        403,
    ]
    path = "/repositories/docker/proxy/chainguard"
    assert browser.get(path).status_code == 404, "who may not see it does not learn of it"
    assert browser.get("/repositorySettings").json() == []
    assert browser.delete("/repositories/chainguard").status_code == 403
    refused = browser.get("/security/realms/active")
    assert (refused.status_code, refused.content) == (403, b"")
    assert refused.headers["X-Siesta-FaultId"]

    maker = server.add_user(
        "maker",
        "nx-repository-admin-*-*-read",
        "nx-repository-admin-*-*-add",
        "nx-repository-admin-docker-chainguard-delete",
    )
    assert maker.get(path).status_code == 200
    assert len(maker.get("/repositorySettings").json()) == len(server.state.repositories)
    second = proxy(name="second", docker__httpPort=5999)
    assert maker.post("/repositories/docker/proxy", json=second).status_code == 201
    assert maker.put("/repositories/docker/proxy/second", json=second).status_code == 403
    assert maker.delete("/repositories/second").status_code == 403
    assert maker.delete("/repositories/chainguard").status_code == 204


def test_anonymous_access(tmp_path: Path) -> None:
    with nexus(tmp_path) as server:
        path = "/security/anonymous"
        defaults = {
            "enabled": False,
            "userId": "anonymous",
            "realmName": "NexusAuthorizingRealm",
        }
        assert server.admin.get(path).json() == defaults
        answer = server.admin.put(path, json={"enabled": True})
        assert (answer.status_code, answer.json()) == (200, defaults | {"enabled": True})
        assert len(server.nobody.get("/repositories").json()) == 7
        assert server.nobody.get("/search").status_code == 200
        assert server.nobody.get("/security/users").status_code == 401
        refused = server.admin.put(path, json={"enabled": True, "realmName": "DiscardSink"})
        assert refused.status_code == 400
        assert refused.json() == [{"id": "realmName", "message": "Realm does not exist"}]


def test_realms(tmp_path: Path) -> None:
    with nexus(tmp_path) as server:
        path = "/security/realms/active"
        assert server.admin.get(path).json() == ["NexusAuthenticatingRealm"]
        available = {
            r["id"]: r["name"] for r in server.admin.get("/security/realms/available").json()
        }
        assert available["DockerToken"] == "Docker Bearer Token Realm"
        wanted = ["NexusAuthenticatingRealm", "DockerToken"]
        assert server.admin.put(path, json=wanted).status_code == 204
        assert server.admin.get(path).json() == wanted

        refused = server.admin.put(path, json=[*wanted, "NexusAuthorizingRealm"])
        assert refused.status_code == 400
        assert "Unknown realmIds: [NexusAuthorizingRealm]" in refused.text
        assert server.admin.get(path).json() == wanted

        token = server.state.issue_docker_token(server.state.users["admin"])
        bearer = {"Authorization": f"Bearer {token}"}
        assert token.startswith("DockerToken.")
        assert server.nobody.get("/repositories", headers=bearer).status_code == 200
        wrong = {"Authorization": "Bearer DockerToken.0"}
        assert server.nobody.get("/repositories", headers=wrong).status_code == 401


def test_first_run(tmp_path: Path) -> None:
    with nexus(tmp_path, "fresh") as server:
        steps = server.admin.get("/../internal/ui/onboarding").json()
        assert [step["type"] for step in steps][:1] == ["ChangeAdminPassword"]
        change = "/security/users/admin/change-password"
        as_json = server.admin.put(change, json="new")
        assert as_json.status_code == 415
        plain = {"Content-Type": "text/plain"}
        blank = server.admin.put(change, content="  ", headers=plain)
        assert blank.status_code == 400
        assert blank.json() == {"id": "*", "message": '"Password must be supplied."'}
        assert server.admin.put(change, content="new", headers=plain).status_code == 204
        assert server.admin.get("/repositories").status_code == 401

        admin = server.client("admin", "new")
        eula = admin.get("/system/eula").json()
        assert eula["accepted"] is False
        accepted = eula | {"accepted": True}
        wrong = admin.post("/system/eula", json={"accepted": True, "disclaimer": "yes"})
        assert wrong.status_code == 500
        assert wrong.headers["Content-Type"].startswith("text/plain")
        assert wrong.text.startswith(f"ERROR: (ID {wrong.headers['X-Siesta-FaultId']})")
        assert admin.post("/system/eula", json=accepted).status_code == 204
        assert admin.post("/system/eula", json=accepted).status_code == 204
        assert admin.get("/system/eula").json()["accepted"] is True
        assert server.state.eula_accepted
        assert admin.get("/../internal/ui/onboarding").json() == []


def test_the_eula_is_for_administrators_of_the_community_edition(
    server: Nexus, old: Nexus, tmp_path: Path
) -> None:
    erin = server.add_user("erin", "nx-repository-admin-*-*-*")
    assert erin.get("/system/eula").status_code == 403
    assert old.admin.get("/system/eula").status_code == 404
    with nexus(tmp_path, "pro") as pro:
        assert pro.admin.get("/system/eula").status_code == 404
        assert pro.admin.get("/system/license").json()["licenseType"]


def test_user_tokens(tmp_path: Path) -> None:
    with nexus(tmp_path, "pro") as pro:
        settings = "/security/user-tokens"
        assert pro.admin.put(settings, json={"enabled": True}).status_code == 200
        token = pro.admin.post("/security/users/admin/default/user-token").json()
        holder = pro.client(token["nameCode"], token["passCode"])
        assert holder.get("/repositories").status_code == 200
        assert pro.client(token["nameCode"], PASSWORD).get("/repositories").status_code == 401
