"""What people set in Nexus, and around it, that keeps images back now or one day."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from cgwizard.diagnosis.finding import Finding
from cgwizard.guide.guide import Guide
from cgwizard.nexus.models import Anonymous
from cgwizard.practice.faults.nexus_filtered import NexusFiltered
from cgwizard.practice.nexus.rest import blobstores
from cgwizard.practice.world import PracticeWorld
from tests.support.diagnosis import change, conclusion, findings, set_up
from tests.support.practice_settings import put_security
from tests.support.scripted_server import raw_server

FREE = "chainguard"


@pytest.fixture
def session(world: PracticeWorld) -> Iterator[Guide]:
    made = set_up(world)
    yield made
    made.close()


def amiss(session: Guide, check: str) -> Finding:
    """The one finding of ``check`` that is not fine."""
    (found,) = [f for f in findings(session, check) if f.verdict not in {"ok", "skipped"}]
    return found


def put(world: PracticeWorld, path: str, body: dict[str, object], *, method: str = "PUT") -> None:
    """What cgwizard itself never sets."""
    url = f"{world.info.nexus_url}/service/rest/v1/{path}"
    admin = (world.info.username, world.info.password.reveal())
    httpx.request(method, url, json=body, auth=admin).raise_for_status()


def test_anonymous_pulls_without_the_realm_of_docker(session: Guide) -> None:
    put_security(session.nexus, "anonymous", Anonymous(enabled=True))
    realms = session.nexus.active_realms()
    put_security(
        session.nexus, "realms/active", [realm for realm in realms if realm != "DockerToken"]
    )
    change(session, FREE, docker={"force_basic_auth": False})
    found = amiss(session, "nexus-anonymous")
    assert (found.slug, found.verdict) == ("realm-missing", "warning")
    assert "Docker Bearer Token Realm is not active" in found.evidence


def test_anonymous_pulls_as_another_user(session: Guide) -> None:
    put_security(session.nexus, "realms/active", [*session.nexus.active_realms(), "DockerToken"])
    put_security(session.nexus, "anonymous", Anonymous(enabled=True, user_id="admin"))
    change(session, FREE, docker={"force_basic_auth": False})
    found = amiss(session, "nexus-anonymous")
    assert (found.slug, found.verdict) == ("anonymous-user-changed", "warning")
    assert "uses the user admin" in found.evidence
    put_security(session.nexus, "anonymous", Anonymous(enabled=True))
    (found,) = findings(session, "nexus-anonymous")
    assert found.verdict == "ok"


def test_routing_rule(session: Guide, world: PracticeWorld) -> None:
    rule: dict[str, object] = {
        "name": "only-org",
        "description": "",
        "mode": "BLOCK",
        "matchers": [".*wolfi.*"],
    }
    put(world, "routing-rules", rule, method="POST")
    change(session, FREE, routing_rule_name="only-org")
    found = amiss(session, "repository-rules")
    assert (found.slug, found.verdict) == ("routing-rule", "warning")
    assert found.evidence == f"{FREE} has the routing rule only-org"


def test_disk_that_is_full(session: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobstores, "_free", lambda _call: 50_000_000)
    assert conclusion(session) == "nexus-blobstore-full"
    found = findings(session, "blob-store")
    assert {f.evidence for f in found} == {"blob store default: 50 MB left"}


def test_remote_storage_without_a_host(session: Guide, world: PracticeWorld) -> None:
    """Nexus refuses it when it is set, and serves what an older one took."""
    remote = world.state.repositories[FREE].settings["proxy"]
    world.call(lambda: remote.update(remoteUrl="https:///cgr.dev"))
    assert conclusion(session) == "remote-url-no-host"
    assert amiss(session, "remote-url").cause == "it names no host"


def test_outbound_proxy_that_wants_a_sign_in(session: Guide, world: PracticeWorld) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    with raw_server(serve) as port:
        proxy = {"enabled": True, "host": "127.0.0.1", "port": str(port)}
        put(world, "http", {"httpProxy": proxy})
        assert conclusion(session) == "remote-proxy-auth"
        found = findings(session, "remote-status")
    assert {f.slug for f in found} == {"remote-proxy-auth"}
    assert all(f.evidence.endswith("Unavailable: Proxy Authentication Required") for f in found)


def test_sign_in_of_somebody_else_for_the_free_images(session: Guide, world: PracticeWorld) -> None:
    """As long as it is valid it works; afterwards it takes the free images with it."""
    other = world.registry.tokens.issue("another.example")
    change(session, FREE, other)
    found = amiss(session, "remote-sign-in")
    assert (found.slug, found.verdict) == ("token-other-in-nexus", "warning")
    assert f"signs in as {other.username[:8]}…, which is not your pull token" in found.evidence
    assert other.password.reveal() not in repr(found)
    assert conclusion(session) == ""


def test_sign_in_of_somebody_else_that_ended(session: Guide, world: PracticeWorld) -> None:
    change(session, FREE, world.registry.tokens.expired("another.example"))
    assert conclusion(session) == "token-other-in-nexus"
    found = amiss(session, "image-through-nexus")
    assert (found.slug, found.verdict) == ("token-other-in-nexus", "problem")
    assert "a password that the registry refuses" in found.cause


def test_connector_behind_a_firewall(session: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgwizard.registry.transport.CONNECT_SECONDS", 0.5)
    with NexusFiltered().port() as port:
        change(session, FREE, docker={"http_port": port})
        found = amiss(session, "connector")
    assert (found.slug, found.verdict) == ("connector-firewalled", "problem")
    assert "nothing within the time for a connection" in found.evidence
    assert f"TCP port {port}" in found.next_step


def test_tag_that_the_registry_does_not_have(session: Guide, world: PracticeWorld) -> None:
    image = f"{world.info.organization}/python:no-such-tag"
    session.steps.pull.values["private_image"] = image
    assert conclusion(session) == "image-unknown"
    found = amiss(session, "image-direct")
    assert "404" in found.evidence
    assert f"the registry itself has no {image}" in found.cause
