"""Docker repositories: made, read back, changed and removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cgwizard.practice.nexus.models import RemoteStatus, Repository
from cgwizard.practice.nexus.recipes import RECIPES
from tests.support.practice_nexus import PROXY, Nexus, nexus, proxy

PATH = "/repositories/docker/proxy"
UNIQUE = "Name is already used, must be unique (ignoring case)"


@pytest.fixture
def server(server: Nexus) -> Iterator[Nexus]:
    yield server
    server.remove_docker()


def violations(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["X-Siesta-FaultId"]
    return [(violation["id"], violation["message"]) for violation in answer.json()]


def test_made_and_read_back(server: Nexus) -> None:
    made = server.admin.post(PATH, json=PROXY)
    assert (made.status_code, made.content) == (201, b"")
    assert server.changes == ["changed"]
    url = f"{server.url}/repository/chainguard"
    assert server.admin.get(f"{PATH}/chainguard").json() == {
        "name": "chainguard",
        "format": "docker",
        "type": "proxy",
        "url": url,
        "online": True,
        "storage": PROXY["storage"],
        "cleanup": None,
        "proxy": PROXY["proxy"],
        "negativeCache": PROXY["negativeCache"],
        "httpClient": PROXY["httpClient"] | {"connection": None, "authentication": None},
        "routingRuleName": None,
        "replication": None,
        "docker": {
            "v1Enabled": False,
            "forceBasicAuth": True,
            "httpPort": 5051,
            "httpsPort": None,
            "subdomain": None,
            "pathEnabled": None,
        },
        "dockerProxy": {
            "indexType": "REGISTRY",
            "indexUrl": None,
            "cacheForeignLayers": None,
            "foreignLayerUrlWhitelist": None,
        },
    }
    listed = {r["name"]: r for r in server.admin.get("/repositories").json()}
    assert listed["chainguard"]["attributes"] == {"proxy": {"remoteUrl": "https://cgr.dev/"}}
    assert listed["maven-public"]["attributes"] == {}
    settings = {r["name"]: r for r in server.admin.get("/repositorySettings").json()}
    assert settings["chainguard"] == server.admin.get(f"{PATH}/CHAINGUARD").json()


def test_the_url_is_the_one_that_the_client_used(server: Nexus) -> None:
    server.admin.post(PATH, json=PROXY)
    headers = {"Host": "nexus.example.com", "X-Forwarded-Proto": "https"}
    answer = server.admin.get(f"{PATH}/chainguard", headers=headers).json()
    assert answer["url"] == "https://nexus.example.com/repository/chainguard"


def test_a_remote_with_a_path_is_taken_and_kept_as_sent(server: Nexus) -> None:
    for remote in ("https://cgr.dev/chainguard", "https://cgr.dev"):
        body = proxy(proxy__remoteUrl=remote)
        assert server.admin.post(PATH, json=body).status_code == 201
        assert server.admin.get(f"{PATH}/chainguard").json()["proxy"]["remoteUrl"] == remote
        assert server.admin.delete("/repositories/chainguard").status_code == 204


def test_credentials_are_never_answered_and_a_put_must_bring_them(server: Nexus) -> None:
    credentials = {"type": "username", "username": "org/id", "password": "very-secret"}
    with_credentials = proxy(httpClient__authentication=credentials)
    assert server.admin.post(PATH, json=with_credentials).status_code == 201
    everything = server.admin.get("/repositorySettings").text
    one = server.admin.get(f"{PATH}/chainguard")
    assert "very-secret" not in everything + one.text
    shown = one.json()["httpClient"]["authentication"]
    assert shown["username"] == "org/id"
    assert "password" not in shown

    # What GET gave does not go back in: the password is missing.
    refused = server.admin.put(f"{PATH}/chainguard", json=one.json())
    assert [message for _, message in violations(refused)] == ["must not be null"]
    kept = server.state.repositories["chainguard"].settings["httpClient"]["authentication"]
    assert kept["password"] == "very-secret"

    # Without the member they are removed.
    assert server.admin.put(f"{PATH}/chainguard", json=PROXY).status_code == 204
    assert server.admin.get(f"{PATH}/chainguard").json()["httpClient"]["authentication"] is None


def test_put(server: Nexus) -> None:
    assert server.admin.put(f"{PATH}/chainguard", json=PROXY).status_code == 404
    server.admin.post(PATH, json=PROXY)
    before = server.state.repositories["chainguard"]
    assert server.admin.put(f"{PATH}/chainguard", json=PROXY).status_code == 204
    assert server.state.repositories["chainguard"] is not before, "a PUT restarts it"
    assert server.changes == ["changed"] * 2
    assert server.docker.calls == []

    renamed = server.admin.put(f"{PATH}/chainguard", json=proxy(name="other"))
    assert renamed.json()["message"] == '"Renaming a repository is not supported"'
    moved = proxy(storage__blobStoreName="elsewhere")
    answer = server.admin.put(f"{PATH}/chainguard", json=moved)
    assert "change a repository’s blob store through the API" in answer.json()["message"]

    other_remote = proxy(proxy__remoteUrl="https://registry.example.com/")
    assert server.admin.put(f"{PATH}/chainguard", json=other_remote).status_code == 204
    assert server.docker.calls == [("invalidate", "chainguard")]


def test_delete(server: Nexus) -> None:
    assert server.admin.delete("/repositories/chainguard").status_code == 404
    server.admin.post(PATH, json=PROXY)
    privilege = "nx-repository-view-docker-chainguard-read"
    server.state.roles["nx-anonymous"].privileges.append(privilege)
    assert server.admin.get(f"/security/privileges/{privilege}").status_code == 200
    assert server.admin.delete("/repositories/chainguard").status_code == 204
    assert server.docker.calls == [("forget", "chainguard")]
    assert server.changes == ["changed"] * 2
    assert privilege not in server.state.roles["nx-anonymous"].privileges
    assert server.admin.get(f"/security/privileges/{privilege}").status_code == 404


def test_a_repository_of_another_kind_is_not_found(server: Nexus) -> None:
    server.admin.post(PATH, json=PROXY)
    for path in (
        "/repositories/docker/hosted/chainguard",
        "/repositories/raw/proxy/chainguard",
        f"{PATH}/maven-central",
    ):
        answer = server.admin.get(path)
        assert answer.status_code == 404
        assert answer.json()["message"] == '"Repository not found"'
    missing = server.admin.get("/repositories/chainguard2")
    assert missing.json()["status-code"] == 404
    assert missing.json()["status-message"] == "NOT_FOUND"
    assert missing.json()["siesta-faultid"] == missing.headers["X-Siesta-FaultId"]


def test_group(server: Nexus) -> None:
    server.admin.post(PATH, json=PROXY)
    group = {
        "name": "all",
        "online": True,
        "storage": PROXY["storage"],
        "group": {"memberNames": ["chainguard"]},
        "docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": 5060},
    }
    path = "/repositories/docker/group"
    missing = group | {"group": {"memberNames": ["nowhere", "maven-central"]}}
    assert violations(server.admin.post(path, json=missing)) == [
        ("HelperBean.memberNames", "Member repository does not exist: nowhere"),
        (
            "HelperBean.memberNames",
            "Member repository format does not match group repository format: maven-central",
        ),
    ]
    assert server.admin.post(path, json=group).status_code == 201
    assert server.admin.get(f"{path}/all").json()["group"] == {
        "memberNames": ["chainguard"],
        "writableMember": None,
    }
    assert server.admin.delete("/repositories/chainguard").status_code == 204
    assert server.admin.get(f"{path}/all").json()["group"]["memberNames"] == []
    assert server.admin.delete("/repositories/all").status_code == 204


def test_caches_and_indexes(server: Nexus) -> None:
    server.admin.post(PATH, json=PROXY)
    base = "/repositories/chainguard"
    assert server.admin.post(f"{base}/invalidate-cache").status_code == 204
    assert server.docker.calls == [("invalidate", "chainguard")]
    assert server.admin.post(f"{base}/rebuild-index").status_code == 204
    assert server.admin.post("/repositories/maven-releases/invalidate-cache").status_code == 400
    assert server.admin.post("/repositories/maven-public/rebuild-index").status_code == 400
    assert server.admin.post("/repositories/nowhere/invalidate-cache").status_code == 404


def test_the_state_of_a_remote(server: Nexus) -> None:
    server.admin.post(PATH, json=PROXY)

    def status() -> dict[str, Any]:
        details = server.admin.get("/../internal/ui/repositories/details").json()
        (found,) = [d["status"] for d in details if d["name"] == "chainguard"]
        return dict(found)

    assert status() == {"online": True, "description": "Ready to Connect", "reason": None}
    blocked = "Remote Auto Blocked and Unavailable"
    server.docker.statuses["chainguard"] = RemoteStatus(True, blocked, "Unauthorized")
    assert status() == {"online": True, "description": blocked, "reason": "Unauthorized"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PATCH", "/repositories", {}, 405),
        ("POST", "/repositorySettings", {}, 405),
        ("POST", PATH, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", PATH, {}, 415),
    ],
)
def test_faults_without_a_message(
    server: Nexus, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = server.admin.request(method, path, headers=headers, content=b"{}")
    assert answer.status_code == status
    assert answer.json()["status-code"] == status
    assert answer.json()["siesta-faultid"] == answer.headers["X-Siesta-FaultId"]


def test_unknown_paths_are_html(server: Nexus) -> None:
    for path in ("/nothing", "/repositories/docker/proxy/a/b", "/../../elsewhere"):
        answer = server.admin.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")


def test_read_only_mode(server: Nexus) -> None:
    assert server.admin.post("/read-only/freeze").status_code == 204
    try:
        refused = server.admin.post(PATH, json=PROXY)
        assert refused.status_code == 503
        fault = refused.headers["X-Siesta-FaultId"]
        assert refused.text == f"Nexus Repository Manager is in read-only mode: (ID {fault})"
        assert server.nobody.get("/status").status_code == 200
        assert server.nobody.get("/status/writable").status_code == 503
        assert server.admin.get("/read-only").json()["frozen"] is True
    finally:
        assert server.admin.post("/read-only/release").status_code == 204
    assert server.admin.post(PATH, json=PROXY).status_code == 201


def test_an_older_server_knows_no_path_routing(tmp_path: Any) -> None:
    with nexus(tmp_path, "3.76") as old:
        body = proxy(name="Chainguard", docker__pathEnabled=True)
        assert old.admin.post(PATH, json=body).status_code == 201
        assert "pathEnabled" not in old.admin.get(f"{PATH}/Chainguard").json()["docker"]
        missing = old.admin.get("/repositories/nowhere")
        assert (missing.status_code, missing.content) == (404, b"")


def test_below_a_context_path(tmp_path: Any) -> None:
    with nexus(tmp_path, context_path="/nexus") as server:
        assert server.nobody.get("/status").status_code == 200
        outside = server.url.removesuffix("/nexus")
        assert httpx.get(f"{outside}/service/rest/v1/status").status_code == 404
        assert server.admin.post(PATH, json=PROXY).status_code == 201
        made = server.admin.get(f"{PATH}/chainguard").json()
        assert made["url"] == f"{server.url}/repository/chainguard"


def test_five_thousand_repositories_are_listed_quickly(tmp_path: Any) -> None:
    with nexus(tmp_path) as server:
        server.admin.post(PATH, json=PROXY)
        one = server.state.repositories["chainguard"].settings
        for number in range(5000):
            name = f"repository-{number}"
            docker = one["docker"] | {"httpPort": None}
            settings = one | {"name": name, "docker": docker}
            server.state.repositories[name] = Repository(name, "docker", "proxy", settings)
        started = time.perf_counter()
        answer = server.admin.get("/repositorySettings")
        took = time.perf_counter() - started
        assert len(answer.json()) == 5000 + 8
        assert took < 2.0, "measured 0.1 s; this only catches a wrong order of growth"


def test_the_description_names_what_is_there(server: Nexus) -> None:
    document = server.nobody.get("/../swagger.json").json()
    assert document["openapi"] == "3.0.1"
    assert document["info"]["version"] == "3.96.3-01"
    for recipe in RECIPES:
        operations = document["paths"][f"/v1/repositories/{recipe.path}/{recipe.type}"]
        assert "post" in operations
    schema = document["components"]["schemas"]["PostRepositoriesDockerProxyRequest"]
    assert "name" in schema["required"]
    assert schema["properties"]["docker"]["required"] == ["v1Enabled", "forceBasicAuth"]
