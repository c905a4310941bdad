"""Users, roles, blob stores, components, search, certificates and the rest of the REST API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.practice_nexus import PASSWORD, PROXY, Nexus, asset, nexus

INDEX = "a" * 64
LAYER = "b" * 64


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nexus]:
    with nexus(tmp_path_factory.mktemp("nexus")) as running:
        assert running.admin.post("/repositories/docker/proxy", json=PROXY).status_code == 201
        yield running


def quoted(text: str) -> dict[str, str]:
    return {"id": "*", "message": f'"{text}"'}


def test_users(server: Nexus) -> None:
    user = {
        "userId": "deploy",
        "firstName": "De",
        "lastName": "Ploy",
        "emailAddress": "deploy@example.org",
        "password": "secret",
        "status": "active",
        "roles": ["nx-anonymous", "unknown-role"],
    }
    path = "/security/users"
    made = server.admin.post(path, json=user)
    assert made.status_code == 200
    assert made.json()["source"] == "default"
    assert "password" not in made.json()
    (listed,) = server.admin.get(path, params={"userId": "DEP"}).json()
    assert listed["roles"] == ["nx-anonymous"], "unknown roles are dropped silently"

    again = server.admin.post(path, json=user)
    assert again.status_code == 500
    fault = again.headers["X-Siesta-FaultId"]
    assert again.text == (
        f"ERROR: (ID {fault}) org.sonatype.nexus.security.user.DuplicateUserException:"
        " User deploy already exists."
    )
    change = user | {"source": "default"}
    refused = server.admin.put(f"{path}/deploy", json=change)
    assert refused.status_code == 400
    assert refused.json() == [{"id": "roles", "message": "Unable to locate roleId: unknown-role"}]
    without = server.admin.put(f"{path}/deploy", json=user | {"roles": []})
    assert without.json() == [{"id": "PARAMETER source", "message": "must not be empty"}]
    good = change | {"roles": ["nx-admin"], "firstName": "New"}
    assert server.admin.put(f"{path}/deploy", json=good).status_code == 204
    assert server.client("deploy", "secret").get("/system/eula").status_code == 200
    assert server.admin.delete(f"{path}/admin").status_code == 500
    assert server.admin.delete(f"{path}/deploy").status_code == 204
    gone = server.admin.delete(f"{path}/deploy")
    assert (gone.status_code, gone.json()) == (404, quoted("User 'deploy' not found."))


def test_roles(server: Nexus) -> None:
    path = "/security/roles"
    role = {
        "id": "pullers",
        "name": "Pullers",
        "description": "",
        "privileges": ["nx-repository-view-docker-chainguard-read"],
        "roles": [],
    }
    made = server.admin.post(path, json=role)
    assert (made.status_code, made.json()) == (200, role | {"source": "default", "readOnly": False})
    again = server.admin.post(path, json=role)
    assert again.json() == quoted("Role 'pullers' already exists, use a unique roleId.")
    wrong = server.admin.post(path, json=role | {"id": "x", "privileges": ["nope"]})
    assert wrong.status_code == 400
    assert wrong.json() == quoted("Privilege 'nope' contained in role 'x' not found.")
    other_id = server.admin.put(f"{path}/pullers", json=role | {"id": "x"})
    assert other_id.status_code == 409
    itself = server.admin.put(f"{path}/pullers", json=role | {"roles": ["pullers"]})
    assert itself.status_code == 400
    assert server.admin.put(f"{path}/pullers", json=role | {"name": "P"}).status_code == 204
    assert server.admin.get(f"{path}/pullers").json()["name"] == "P"
    internal = server.admin.delete(f"{path}/nx-admin")
    assert "is internal and cannot be modified or deleted" in internal.json()["message"]
    assert server.admin.delete(f"{path}/pullers").status_code == 204
    assert server.admin.get(f"{path}/pullers").json() == quoted("Role 'pullers' not found.")


def test_privileges(server: Nexus) -> None:
    path = "/security/privileges"
    assert server.admin.get(f"{path}/nx-repository-view-docker-chainguard-read").json() == {
        "type": "repository-view",
        "name": "nx-repository-view-docker-chainguard-read",
        "description": "Read privilege for chainguard repository views",
        "readOnly": True,
        "format": "docker",
        "repository": "chainguard",
        "actions": ["READ"],
    }
    assert server.admin.get(f"{path}/nx-repository-admin-docker-chainguard-add").status_code == 404
    assert server.admin.get(f"{path}/nx-repository-view-docker-*-read").status_code == 200
    names = [privilege["name"] for privilege in server.admin.get(path).json()]
    assert len(names) == len(set(names))
    assert {"nx-all", "nx-repository-admin-*-*-add", "nx-settings-read"} <= set(names)

    own = {"name": "p", "format": "docker", "repository": "*", "actions": ["ADD", "READ"]}
    assert server.admin.post(f"{path}/repository-admin", json=own).status_code == 201
    assert server.admin.get(f"{path}/p").json()["actions"] == ["ADD", "READ"]
    nowhere = own | {"name": "q", "repository": "nowhere"}
    refused = server.admin.post(f"{path}/repository-admin", json=nowhere)
    assert refused.json() == quoted("Invalid repository 'nowhere' supplied.")
    assert server.admin.delete(f"{path}/nx-all").status_code == 400
    assert server.admin.delete(f"{path}/p").status_code == 204


def test_blob_stores(server: Nexus) -> None:
    path = "/blobstores/file"
    assert server.admin.post(path, json={"name": "docker", "path": "docker"}).status_code == 204
    assert server.admin.get(f"{path}/docker").json() == {"softQuota": None, "path": "docker"}
    again = server.admin.post(path, json={"name": "Docker", "path": "x"})
    assert again.json() == [
        {"id": "name", "message": "Name is already used, must be unique (ignoring case)"}
    ]
    empty = server.admin.post(path, json={}).json()
    assert [entry["message"] for entry in empty] == ["Name is required", "Path is required"]

    quota = {"path": "docker", "softQuota": {"type": "spaceUsedQuota", "limit": 1}}
    assert server.admin.put(f"{path}/docker", json=quota).status_code == 204
    status = server.admin.get("/blobstores/docker/quota-status").json()
    assert (status["isViolation"], status["blobStoreName"]) == (False, "docker")
    listed = {store["name"]: store for store in server.admin.get("/blobstores").json()}
    assert listed["docker"]["softQuota"] == quota["softQuota"]
    assert listed["docker"]["type"] == "File"
    assert server.admin.delete("/blobstores/docker").status_code == 204
    assert server.admin.delete("/blobstores/docker").status_code == 404
    assert server.admin.delete("/blobstores/default").status_code == 400, "in use"


@pytest.fixture
def filled(server: Nexus) -> Iterator[Nexus]:
    server.docker.held["chainguard"] = [
        asset("/v2/chainguard/wolfi-base/manifests/latest", INDEX, size=800),
        asset(f"/v2/chainguard/wolfi-base/manifests/sha256:{'c' * 64}", "c" * 64),
        asset(f"/v2/-/blobs/sha256:{LAYER}", LAYER, size=6_000_000),
        asset("/v2/chainguard/new/manifests/1.0", "d" * 64, age=0),
    ]
    yield server
    del server.docker.held["chainguard"]


def test_components_and_assets(filled: Nexus) -> None:
    items = filled.admin.get("/components", params={"repository": "chainguard"}).json()["items"]
    assert [(c["name"], c["version"]) for c in items] == [
        ("chainguard/new", "1.0"),
        ("chainguard/wolfi-base", "latest"),
    ]
    component = items[1]
    (manifest,) = component["assets"]
    assert manifest["path"] == "/v2/chainguard/wolfi-base/manifests/latest"
    assert manifest["checksum"]["sha256"] == INDEX
    assert manifest["contentType"] == "application/vnd.oci.image.index.v1+json"
    assert manifest["docker"]["content_digest"] == f"sha256:{INDEX}"
    assert manifest["blobStoreName"] == "default"
    assert filled.admin.get(f"/components/{component['id']}").json() == component
    assert filled.admin.get(f"/assets/{manifest['id']}").json() == manifest
    assert filled.admin.get("/components/%21%21").status_code == 422

    assets = filled.admin.get("/assets", params={"repository": "CHAINGUARD"}).json()
    assert len(assets["items"]) == 4
    assert assets["continuationToken"] is None
    assert filled.admin.get("/components").status_code == 422
    assert filled.admin.get("/assets", params={"repository": "nowhere"}).status_code == 404
    (store,) = [s for s in filled.admin.get("/blobstores").json() if s["name"] == "default"]
    assert store["blobCount"] == 4
    assert store["totalSizeInBytes"] > 6_000_000


def test_pages(server: Nexus) -> None:
    server.docker.held["chainguard"] = [
        asset(f"/v2/chainguard/image-{number:03}/manifests/latest", f"{number:064}")
        for number in range(120)
    ]
    try:
        for path, size in (("/components", 100), ("/search", 50), ("/search/assets", 50)):
            seen: list[str] = []
            query: dict[str, Any] = {"repository": "chainguard"}
            while True:
                page = server.admin.get(path, params=query).json()
                assert len(page["items"]) <= size
                seen += [item["id"] for item in page["items"]]
                if page["continuationToken"] is None:
                    break
                query["continuationToken"] = page["continuationToken"]
            assert len(seen) == len(set(seen)) == 120
    finally:
        del server.docker.held["chainguard"]


def test_search(filled: Nexus) -> None:
    def found(**query: str) -> list[str]:
        params = {key.replace("__", "."): value for key, value in query.items()}
        answer = filled.admin.get("/search", params=params)
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]

    wolfi = ["chainguard/wolfi-base"]
    everything = {
        "repository": "chainguard",
        "format": "docker",
        "docker__imageName": wolfi[0],
        "docker__imageTag": "latest",
    }
    assert found(**everything) == wolfi
    assert found(docker__contentDigest=f"sha256:{INDEX}") == wolfi
    assert found(docker__layerId=f"sha256:{LAYER}") == wolfi
    assert found(name="chainguard/wolfi*") == wolfi
    assert found(q="wolfi") == wolfi
    assert found(docker__imageTag="1.0") == [], "search lags behind /components"
    assert found(format="maven2") == found(version="nope") == []
    filled.state.search_lag = 0
    try:
        assert found(docker__imageTag="1.0") == ["chainguard/new"]
    finally:
        filled.state.search_lag = 2.0
    short = filled.admin.get("/search", params={"name": "ch*"})
    assert short.status_code == 400
    message = "3 characters or more are required with a trailing wildcard (*)"
    assert short.json() == [{"id": "*", "message": message}]


def test_what_a_remote_presents(server: Nexus) -> None:
    path = "/security/ssl"
    mapped = server.admin.get(path, params={"host": "cgr.dev"}).json()
    assert mapped["subjectCommonName"] == "cgr.dev"
    assert mapped["issuedOn"] < mapped["expiresOn"]
    assert mapped["pem"].startswith("-----BEGIN CERTIFICATE-----")
    refused = server.admin.get(path, params={"host": "127.0.0.1", "port": free_port()})
    assert refused.status_code == 400
    assert "Connection refused" in refused.json()["message"]

    store = f"{path}/truststore"
    assert server.admin.post(store, content=mapped["pem"]).status_code == 201
    assert server.admin.post(store, content=mapped["pem"]).status_code == 409
    assert [entry["id"] for entry in server.admin.get(store).json()] == [mapped["id"]]
    assert server.admin.post(store, content="no certificate").status_code == 400
    assert server.admin.delete(f"{store}/{mapped['id']}").status_code == 204
    assert server.admin.delete(f"{store}/{mapped['id']}").status_code == 404


def test_outbound_proxy(server: Nexus) -> None:
    settings = {
        "timeout": 30,
        "retries": 2,
        "nonProxyHosts": ["*.corp"],
        "httpsProxy": {
            "enabled": True,
            "host": "proxy.corp",
            "port": "3128",
            "authInfo": {"enabled": True, "username": "u", "password": "hidden"},
        },
    }
    assert server.admin.put("/http", json=settings).status_code == 204
    answer = server.admin.get("/http")
    assert answer.json()["httpsProxy"]["port"] == "3128"
    assert "hidden" not in answer.text
    assert server.admin.delete("/http").status_code == 204
    assert server.admin.get("/http").json()["httpsProxy"] is None


def test_routing_rules_and_the_name_that_answers_use(server: Nexus) -> None:
    rule = {"name": "only-org", "description": "", "mode": "ALLOW", "matchers": ["^/v2/org/.*"]}
    assert server.admin.post("/routing-rules", json=rule).status_code == 204
    assert server.admin.get("/routing-rules/only-org").json() == rule
    path = "/repositories/docker/proxy/chainguard"
    assert server.admin.put(path, json=PROXY | {"routingRule": "only-org"}).status_code == 204
    answer = server.admin.get(path).json()
    assert answer["routingRuleName"] == "only-org"
    assert "routingRule" not in answer
    assert server.admin.delete("/routing-rules/only-org").status_code == 400, "in use"
    assert server.admin.put(path, json=PROXY).status_code == 204
    assert server.admin.delete("/routing-rules/only-org").status_code == 204


def test_the_rest_is_there(server: Nexus) -> None:
    capability = {"type": "baseurl", "enabled": True, "properties": {"url": "https://n.example"}}
    made = server.admin.post("/capabilities", json=capability)
    assert made.json()["properties"] == capability["properties"]
    assert [c["type"] for c in server.admin.get("/capabilities").json()] == ["baseurl"]
    assert server.admin.post("/script", json={}).status_code == 410
    policy = {"name": "weekly", "format": "docker", "criteriaLastDownloaded": 7}
    assert server.admin.post("/../internal/cleanup-policies", json=policy).status_code == 200
    assert server.admin.get("/system/node").json()["nodeId"]
    assert server.admin.get("/monthly-metrics").status_code == 200
    assert server.admin.get("/../internal/ui/user").json()["administrator"] is True
    assert server.admin.get("/tasks").json() == {"items": [], "continuationToken": None}


def test_options_and_head(server: Nexus) -> None:
    answer = server.admin.request("OPTIONS", "/repositories")
    assert answer.status_code == 200
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    head = server.admin.head("/repositories")
    assert (head.status_code, head.content) == (200, b"")


def test_outside_the_api(server: Nexus, tmp_path: Path) -> None:
    def get(path: str, running: Nexus = server, **more: Any) -> httpx.Response:
        return httpx.get(running.url + path, **more)

    admin = ("admin", PASSWORD)
    assert "practice server" in get("/").text
    assert get("/service/metrics/ping", auth=admin).text == "pong\n"
    assert get("/service/metrics/ping").status_code == 401
    # How playbooks wait for a server: a repository of the first start answers.
    assert get("/repository/maven-releases/").status_code == 401
    assert get("/repository/maven-releases/", auth=admin).status_code == 200
    jar = "/repository/maven-central/a/b/1/b-1.jar"
    assert get(jar, auth=admin).status_code == 404
    with nexus(tmp_path, "fresh") as fresh:
        refused = get(jar, fresh, auth=admin)
        assert refused.status_code == 403
        assert "You must accept the End User License Agreement" in refused.text
