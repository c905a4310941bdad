"""Connectors: real ports that come and go with their repositories."""

from __future__ import annotations

import logging
import socket

import httpx
import pytest

from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.world import PracticeWorld
from tests.support.ports import free_port
from tests.support.practice_docker import (
    ADMIN_AUTH,
    FREE_IMAGE,
    add_repository,
    layers,
    pull,
    remove_repository,
)
from tests.support.practice_world import practice_world


def _refused(url: str) -> bool:
    port = httpx.URL(url).port
    assert port is not None
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


def test_a_connector_opens_with_its_repository_and_closes_with_it(world: PracticeWorld) -> None:
    url = add_repository(world)
    answer = httpx.get(f"{url}/v2/", auth=ADMIN_AUTH)
    assert (answer.status_code, answer.text) == (200, "{}")
    assert answer.headers["server"] == "Nexus/3.96.3-01 (COMMUNITY)"
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    assert answer.headers["x-content-type-options"] == "nosniff"
    remove_repository(world, "chainguard")
    assert _refused(url)


def test_changed_settings_move_the_connector(world: PracticeWorld) -> None:
    before = add_repository(world)
    after = add_repository(world)
    assert _refused(before)
    assert httpx.get(f"{after}/v2/").status_code == 401


def test_writing_the_same_settings_cuts_a_pull_and_opens_the_port_again(
    world: PracticeWorld,
) -> None:
    url = add_repository(world)
    port = httpx.URL(url).port
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        layer = max(layers(client, FREE_IMAGE), key=lambda layer: int(layer["size"]))
        world.registry.faults.add(StalledAnswer(reference=layer["digest"], at=100_000))
        with client.stream("GET", f"/v2/{FREE_IMAGE}/blobs/{layer['digest']}") as answer:
            received = answer.iter_raw()
            assert next(received)
            add_repository(world, port=port)
            with pytest.raises(httpx.TransportError):
                for _ in received:
                    pass
    world.registry.faults.clear()
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        assert pull(client, FREE_IMAGE)


def test_a_port_of_another_program_is_said_in_the_log_only(
    world: PracticeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with caplog.at_level(logging.WARNING, "cgwizard.practice"):
            add_repository(world, port=taken)
    assert f"port {taken} for chainguard" in caplog.text
    assert world.call(world.docker.ports_in_use) == {taken: "chainguard"}


def test_https_needs_a_keystore_that_is_not_there(
    world: PracticeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    https = free_port()
    with caplog.at_level(logging.WARNING, "cgwizard.practice"):
        url = add_repository(world, docker={"httpsPort": https})
    assert "Unsupported HTTP Scheme: https" in caplog.text
    assert _refused(f"http://127.0.0.1:{https}")
    assert not _refused(url)


def test_an_offline_repository_says_so_before_anybody_signs_in(world: PracticeWorld) -> None:
    url = add_repository(world, online=False)
    for path in ("/v2/", f"/v2/{FREE_IMAGE}/manifests/latest"):
        answer = httpx.get(url + path)
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["message"] == "Repository offline"


def test_a_connector_ignores_the_context_path() -> None:
    with practice_world(context_path="/nexus") as world:
        url = add_repository(world)
        assert httpx.get(f"{url}/v2/").status_code == 401
        assert httpx.get(f"{url}/nexus/v2/").status_code == 404


def test_many_connectors_open(world: PracticeWorld) -> None:
    urls = [add_repository(world, f"proxy-{number}") for number in range(30)]
    assert [httpx.get(f"{url}/v2/").status_code for url in urls] == [401] * 30


@pytest.mark.parametrize("context_path", ["", "/nexus"])
def test_ways_in_by_the_main_port(context_path: str) -> None:
    with practice_world(context_path=context_path) as world:
        add_repository(world, port=None, docker={"pathEnabled": True})
        add_repository(world, "by-port", docker={"pathEnabled": False})
        base = world.info.nexus_url
        with httpx.Client(auth=ADMIN_AUTH) as client:
            for root in (f"{base}/v2/chainguard", f"{base}/repository/by-port/v2"):
                answer = client.get(f"{root}/{FREE_IMAGE}/manifests/latest")
                assert answer.status_code == 200, root
            assert client.get(f"{base}/v2/").status_code == 200
            off = client.get(f"{base}/v2/by-port/{FREE_IMAGE}/manifests/latest")
            missing = client.get(f"{base}/repository/nobody/v2/")
        assert off.status_code == missing.status_code == 404
        assert missing.json()["errors"][0]["message"] == "Repository not found"


def test_two_repositories_swap_their_ports(world: PracticeWorld) -> None:
    first, second = free_port(), free_port()
    add_repository(world, "one", port=first)
    add_repository(world, "two", port=second)

    async def swap() -> None:
        from cgwizard.practice.nexus.models import Repository

        for name, port in (("one", second), ("two", first)):
            old = world.state.repositories[name]
            settings = old.settings | {"docker": {"forceBasicAuth": True, "httpPort": port}}
            world.state.repositories[name] = Repository(name, "docker", "proxy", settings)
        await world.state.repositories_changed()

    world.call(swap)
    assert world.call(world.docker.ports_in_use) == {second: "one", first: "two"}
    for port in (first, second):
        assert httpx.get(f"http://127.0.0.1:{port}/v2/").status_code == 401
