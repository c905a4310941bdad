"""Requests for docker repositories that Nexus refuses, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.practice_nexus import PROXY, Nexus, proxy

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


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": ...}, ("PARAMETER name", "must not be empty")),
        ({"name": ""}, ("PARAMETER name", "must not be empty")),
        ({"online": ...}, ("PARAMETER online", "must not be null")),
        ({"docker": ...}, ("PARAMETER docker", "must not be null")),
        ({"dockerProxy": ...}, ("PARAMETER dockerProxy", "must not be null")),
        ({"storage": ...}, ("PARAMETER storage", "must not be null")),
        ({"proxy__contentMaxAge": ...}, ("PARAMETER contentMaxAge", "must not be null")),
        ({"docker__v1Enabled": None}, ("PARAMETER v1Enabled", "must not be null")),
        ({"httpClient__blocked": ...}, ("PARAMETER blocked", "must not be null")),
        (
            {"httpClient__connection__timeout": 0},
            ("PARAMETER timeout", "must be greater than or equal to 1"),
        ),
        (
            {"httpClient__connection__timeout": 3601},
            ("PARAMETER timeout", "must be less than or equal to 3600"),
        ),
        (
            {"httpClient__connection__retries": 11},
            ("PARAMETER retries", "must be less than or equal to 10"),
        ),
        (
            {"name": "_chainguard"},
            (
                "PARAMETER name",
                "Only letters, digits, underscores(_), hyphens(-), and dots(.) are allowed"
                " and may not start with underscore or dot.",
            ),
        ),
        (
            {"name": "Chainguard"},
            (
                "PARAMETER arg0",
                "Docker repository names must be lowercase to support path-based routing",
            ),
        ),
        (
            {"proxy__remoteUrl": "not a url"},
            (
                "PARAMETER remoteUrl",
                "URI should be in the format 'scheme:[//authority][/path][?query][#fragment]'",
            ),
        ),
        (
            {"proxy__remoteUrl": "ftp://cgr.dev/"},
            ("Config.remoteUrl", "URL should be in the format 'http://www.example.com'"),
        ),
        (
            {"dockerProxy__indexUrl": ""},
            ("FIELD indexUrl", "URL should be in the format 'http://www.example.com'"),
        ),
        (
            {"docker__httpPort": 70000},
            ("FIELD httpPort", "Port-number must be >= 1 AND <= 65535."),
        ),
        (
            {"docker__httpsPort": 5051},
            ("FIELD httpsPort", "HTTP and HTTPS ports must be different"),
        ),
    ],
)
def test_refused_members(server: Nexus, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert violations(server.admin.post(PATH, json=proxy(**changes))) == [expected]
    assert server.state.find("chainguard") is None
    assert server.changes == []


def test_everything_wrong_is_listed_at_once(server: Nexus) -> None:
    found = violations(server.admin.post(PATH, json={}))
    assert {id for id, _ in found} == {
        f"PARAMETER {name}"
        for name in (
            *("name", "online", "storage", "proxy", "negativeCache", "httpClient", "docker"),
            "dockerProxy",
        )
    }


def test_the_content_type_of_violations_is_negotiated(server: Nexus) -> None:
    for accept, wanted in (
        ("application/json", "application/json"),
        ("*/*", "application/vnd.siesta-validation-errors-v1+json"),
    ):
        answer = server.admin.post(PATH, json={}, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == wanted


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"docker__httpPort": "abc"}, "httpPort"),
        ({"docker__httpPort": {}}, "httpPort"),
        ({"online": "maybe"}, "online"),
        ({"docker": 7}, "docker"),
        ({"dockerProxy__indexType": "OTHER"}, "indexType"),
        ({"name": ["chainguard"]}, "name"),
    ],
)
def test_wrong_types_name_the_way_to_the_member(
    server: Nexus, changes: dict[str, Any], member: str
) -> None:
    found = violations(server.admin.post(PATH, json=proxy(**changes)))
    assert found[-1][0] == member


def test_what_jackson_converts_is_taken(server: Nexus) -> None:
    body = proxy(docker__httpPort="5051", online="true", proxy__contentMaxAge=1440.0, extra=1)
    assert server.admin.post(PATH, json=body).status_code == 201
    made = server.admin.get(f"{PATH}/chainguard").json()
    assert made["docker"]["httpPort"] == 5051
    assert made["online"] is True
    assert "extra" not in made


def test_malformed_json_is_one_object(server: Nexus) -> None:
    headers = {"Content-Type": "application/json"}
    answer = server.admin.post(PATH, content=b'{"name": ', headers=headers)
    assert answer.status_code == 400
    assert answer.json()["id"] == "*"
    assert answer.json()["message"].startswith("Could not process the input: ")


def test_names_are_unique_in_any_case(server: Nexus) -> None:
    assert server.admin.post(PATH, json=PROXY).status_code == 201
    again = proxy(docker__httpPort=5052)
    assert violations(server.admin.post(PATH, json=again)) == [("PARAMETER name", UNIQUE)]
    raw = {
        "name": "ChainGuard",
        "online": True,
        "storage": PROXY["storage"] | {"writePolicy": "ALLOW"},
    }
    found = violations(server.admin.post("/repositories/raw/hosted", json=raw))
    assert found == [("PARAMETER name", UNIQUE)]


def test_ports_belong_to_one_repository(server: Nexus) -> None:
    server.admin.post(PATH, json=PROXY)
    second = proxy(name="second", docker__httpPort=..., docker__httpsPort=5051)
    (found,) = violations(server.admin.post(PATH, json=second))
    assert found[0] == "FIELD httpsPort"
    own = next(iter(server.state.own_ports))
    (found,) = violations(server.admin.post(PATH, json=proxy(name="own", docker__httpPort=own)))
    assert found[0] == "FIELD httpPort"
    assert server.admin.put(f"{PATH}/chainguard", json=PROXY).status_code == 204, "its own port"


def test_path_routing_excludes_ports(server: Nexus) -> None:
    both = proxy(docker__pathEnabled=True)
    assert server.admin.post(PATH, json=both).status_code == 400
    path_only = proxy(docker__pathEnabled=True, docker__httpPort=...)
    assert server.admin.post(PATH, json=path_only).status_code == 201
    assert server.admin.get(f"{PATH}/chainguard").json()["docker"]["pathEnabled"] is True
    # What is left out of a PUT is gone.
    left_out = proxy(docker__httpPort=...)
    assert server.admin.put(f"{PATH}/chainguard", json=left_out).status_code == 204
    assert server.admin.get(f"{PATH}/chainguard").json()["docker"]["pathEnabled"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"storage__blobStoreName": "nowhere"}, "Blob store not found"),
        (
            {
                "proxy__remoteUrl": "http://registry.example.com",
                "httpClient__connection": {"useTrustStore": True},
            },
            "TrustStore is available only with HTTPS remote URLs",
        ),
    ],
)
def test_refused_as_one_object_in_quotes(
    server: Nexus, changes: dict[str, Any], message: str
) -> None:
    answer = server.admin.post(PATH, json=proxy(**changes))
    assert (answer.status_code, answer.json()) == (400, {"id": "*", "message": f'"{message}"'})
