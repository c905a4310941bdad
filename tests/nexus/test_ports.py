"""Connectors in use, and a port for the next one."""

from __future__ import annotations

import pytest

from cgwizard.errors import ExitCode, WizardError
from cgwizard.nexus.models import DockerAttributes, Repository
from cgwizard.nexus.ports import (
    ADVISED_CONNECTORS,
    Connector,
    cautions,
    connectors,
    propose,
    validate_port,
)


def docker(name: str, http: int | None = None, https: int | None = None) -> Repository:
    attributes = DockerAttributes(http_port=http, https_port=https)
    return Repository(name=name, format="docker", type="proxy", docker=attributes)


def test_connectors_of_all_docker_repositories_by_port() -> None:
    repositories = [
        docker("b", 5052),
        docker("both", 5050, 5443),
        docker("paths-only"),
        Repository(name="maven-central", format="maven2", type="proxy"),
    ]
    assert connectors(repositories) == [
        Connector(5050, "http", "both"),
        Connector(5052, "http", "b"),
        Connector(5443, "https", "both"),
    ]


def test_proposes_the_first_port_that_nobody_uses() -> None:
    taken = [Connector(5051, "http", "a"), Connector(5053, "https", "b")]
    asked: list[int] = []

    def listening(port: int) -> bool | None:
        asked.append(port)
        return {5052: True, 5055: None}.get(port, True)

    assert propose(taken, own_port=5054, listening=listening) == 5055
    assert asked == [5052, 5055]


def test_gives_up_where_everything_answers() -> None:
    asked: list[int] = []

    def listening(port: int) -> bool:
        asked.append(port)
        return True

    with pytest.raises(WizardError) as caught:
        propose([], own_port=8081, listening=listening, attempts=7)
    assert caught.value.code == "connector-no-free-port"
    assert len(asked) == 7


def test_gives_up_at_the_last_port() -> None:
    taken = [Connector(65535, "http", "a")]
    with pytest.raises(WizardError, match="connector-no-free-port"):
        propose(taken, own_port=8081, start=65535)


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "0", "65536", "-1", "5051.0", "५०५१", "999999999"]
)
def test_no_port(text: str) -> None:
    with pytest.raises(WizardError) as caught:
        validate_port(text)
    assert caught.value.code == "connector-port-invalid"
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_port_in_use_names_its_repository() -> None:
    taken = [Connector(5051, "http", "chainguard")]
    with pytest.raises(WizardError) as caught:
        validate_port("5051", taken, own_port=8081)
    assert caught.value.code == "connector-port-of-other-repository"
    assert "chainguard" in caught.value.problem.came_back
    assert validate_port(" 5051 ", taken, own_port=8081, repository="chainguard") == 5051


def test_nexus_own_port_is_refused() -> None:
    with pytest.raises(WizardError, match="connector-port-of-nexus"):
        validate_port("8081", own_port=8081)


def test_many_connectors_and_low_ports_are_told_not_refused() -> None:
    taken = [Connector(6000 + n, "http", f"r{n}") for n in range(ADVISED_CONNECTORS)]
    assert validate_port("443", taken, own_port=8081) == 443
    assert [p.code for p in cautions(443, taken)] == [
        "connector-privileged-port",
        "connector-many",
    ]
    assert cautions(6000, taken) == []
    assert cautions(5051, taken[1:]) == []
