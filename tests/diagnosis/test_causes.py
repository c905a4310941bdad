"""Things broken on purpose in the practice world: each gives its own slug as the one cause."""

from __future__ import annotations

import socket
from datetime import timedelta
from functools import partial

import msgspec
import pytest

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.chain import conclude
from cgwizard.diagnosis.image import direct
from cgwizard.diagnosis.runner import run
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Code, Problem
from cgwizard.guide.guide import Guide
from cgwizard.nexus.client import NexusClient
from cgwizard.plan import model as plan
from cgwizard.practice.docker.store import blob_path
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.faults.rate_limited import RateLimited
from cgwizard.practice.serving import listen
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.client import Registry
from cgwizard.registry.reference import Reference
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.tokens import claims
from tests.support.diagnosis import change, conclusion, findings, set_up, settings
from tests.support.guide import session_of, walk
from tests.support.scripted_server import Reply, ScriptedServer, raw_server

FREE, PRIVATE = "chainguard", "chainguard-private"


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    return set_up(world)


def pull_token(session: Guide) -> Credentials:
    assert session.pull_token is not None
    return session.pull_token.credentials


def port_of(session: Guide) -> int:
    port = settings(session, FREE).docker.http_port
    assert port is not None
    return port


def test_nothing_is_wrong(session: Guide) -> None:
    found = findings(session)
    assert {f.verdict for f in found} == {"ok", "skipped"}, [
        f for f in found if f.verdict not in {"ok", "skipped"}
    ]
    through = [f for f in found if f.check == "image-through-nexus"]
    assert [f.evidence.endswith("the same as at the registry") for f in through] == [True, True]


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://cgr.dev/chainguard", "remote-url-path"),
        ("http://cgr.dev/", "remote-url-http"),
        ("https://cgr.dve/", "remote-url-typo"),
        ("https://registry-1.docker.io/", "remote-url-typo"),
    ],
)
def test_remote_storage(session: Guide, url: str, slug: str) -> None:
    change(session, FREE, proxy={"remote_url": url})
    assert conclusion(session) == slug


def test_remote_storage_without_its_slash_is_fine(session: Guide) -> None:
    change(session, FREE, proxy={"remote_url": "https://cgr.dev"})
    assert conclusion(session) == ""


def test_repository_offline(session: Guide) -> None:
    change(session, FREE, online=False)
    assert conclusion(session) == "repository-offline"


def test_remote_blocked_by_hand(session: Guide) -> None:
    change(session, FREE, http_client={"blocked": True})
    assert conclusion(session) == "remote-manually-blocked"


def test_repository_removed(session: Guide) -> None:
    session.nexus.delete_repository(FREE)
    assert conclusion(session) == "repository-missing"


def test_agreement_open(session: Guide, world: PracticeWorld) -> None:
    world.state.eula_accepted = False
    assert conclusion(session) == "nexus-eula"


def test_read_only(session: Guide, world: PracticeWorld) -> None:
    world.state.read_only = True
    assert conclusion(session) == "nexus-read-only"


def test_password_changed_meanwhile(session: Guide, world: PracticeWorld) -> None:
    world.state.users["admin"].password = Secret("another")
    assert conclusion(session) == "login-wrong"
    # However many checks want to sign in, the password is sent once: four lock the user out.
    right = Credentials("admin", Secret("another"))
    with NexusClient(world.info.nexus_url, right) as again:
        assert again.sign_in().administrator


def test_port_taken_by_another_program(session: Guide) -> None:
    with ScriptedServer(server_header=None) as other:
        # Nexus saves a repository whose port it cannot open.
        change(session, FREE, docker={"http_port": other.port})
        assert conclusion(session) == "connector-other-service"


def test_port_taken_by_another_registry(session: Guide) -> None:
    header = {"Docker-Distribution-Api-Version": "registry/2.0"}
    with ScriptedServer({"/v2/": Reply(200, headers=header)}, server_header=None) as other:
        change(session, FREE, docker={"http_port": other.port})
        assert conclusion(session) == "connector-other-service"


def test_port_taken_by_something_that_is_not_http(session: Guide) -> None:
    with raw_server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")) as port:
        change(session, FREE, docker={"http_port": port})
        assert conclusion(session) == "connector-other-service"


def test_port_not_open(session: Guide) -> None:
    sock = listen(0)
    try:
        change(session, FREE, docker={"http_port": sock.getsockname()[1]})
    finally:
        sock.close()
    assert conclusion(session) == "connector-not-published"


def test_https_connector_without_keystore(session: Guide) -> None:
    change(session, FREE, docker={"http_port": None, "https_port": port_of(session)})
    assert conclusion(session) == "connector-https-without-keystore"


def test_another_token_in_nexus(session: Guide, world: PracticeWorld) -> None:
    other = world.registry.tokens.issue("another.example")
    change(session, PRIVATE, other)
    assert conclusion(session) == "token-not-in-nexus"


def test_no_token_in_nexus(session: Guide) -> None:
    proxy = settings(session, PRIVATE).with_credentials(None)
    session.nexus.update_docker_proxy(proxy)
    assert conclusion(session) == "token-not-in-nexus"


def test_wrong_password_of_the_right_token_in_nexus(session: Guide) -> None:
    change(session, PRIVATE, Credentials(pull_token(session).username, Secret("mistyped")))
    assert conclusion(session) == "token-stuck"


def test_token_expired(session: Guide, world: PracticeWorld) -> None:
    expired = world.registry.tokens.expired(world.info.organization)
    session.pull_token = claims.read(expired)
    change(session, PRIVATE, expired)
    assert conclusion(session) == "token-expired"


def test_token_revoked(session: Guide, world: PracticeWorld) -> None:
    world.registry.tokens.revoke(pull_token(session))
    assert conclusion(session) == "token-revoked"


def test_refused_token_is_shown_to_the_registry_once(session: Guide, world: PracticeWorld) -> None:
    world.registry.tokens.revoke(pull_token(session))
    world.registry.requests.clear()
    found = findings(session, "token-accepted", "image-direct")
    shown = [r for r in world.registry.requests if r.user == pull_token(session).username]
    assert [(f.check, f.verdict) for f in found if f.verdict != "ok"] == [
        ("token-accepted", "problem"),
        ("image-direct", "skipped"),
    ]
    assert len(shown) == 1


def test_token_that_nobody_asked_for_is_not_called_accepted(
    session: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"Docker-Distribution-Api-Version": "registry/2.0"}
    with ScriptedServer({"/v2/": Reply(200, "{}", own)}, server_header=None) as server:
        made = partial(Registry, server.url, name="cgr.dev")
        monkeypatch.setattr(session, "upstream", made)
        (found,) = findings(session, "token-accepted")
    assert found.verdict == "unknown"
    assert "nobody looked" in found.evidence


def test_token_that_the_guide_saw_refused_is_not_shown_again(
    session: Guide, world: PracticeWorld
) -> None:
    world.registry.tokens.revoke(pull_token(session))
    session.steps.token.problem = Problem(Code.TOKEN_REFUSED, "asking", "403", "", "")
    world.registry.requests.clear()
    (found,) = findings(session, "token-accepted")
    assert found.slug == "token-revoked"
    assert not [r for r in world.registry.requests if r.user]


def test_image_that_the_organization_does_not_have(session: Guide, world: PracticeWorld) -> None:
    session.steps.pull.values["private_image"] = f"{world.info.organization}/redis-fips"
    assert conclusion(session) == "not-entitled"


def test_image_asked_for_before_it_existed(session: Guide, world: PracticeWorld) -> None:
    missing = ErrorStatus(
        repository=plan.FREE_IMAGE, place="manifest", status=404, reference="latest"
    )
    world.registry.faults.add(missing)
    with session.connector(port_of(session)) as connector, pytest.raises(Exception, match="404"):
        connector.manifest(plan.FREE_IMAGE, "latest")
    world.registry.faults.remove(missing)
    assert conclusion(session) == "negative-cache"
    session.nexus.invalidate_cache(FREE)
    assert conclusion(session) == ""


def test_stored_blob_damaged(session: Guide, world: PracticeWorld) -> None:
    with session.connector(port_of(session)) as connector:
        from cgwizard.registry.pull import pull

        finished = pull(connector, Reference.parse(f"cgr.dev/{plan.FREE_IMAGE}"))
    smallest = min(finished.sources[1:], key=lambda source: source.size)
    member = world.docker._members[FREE]
    assert member.contents.assets[blob_path(smallest.digest)]
    path = member.contents.folder.path(smallest.digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert conclusion(session) == "cache-corrupt"


def test_damaged_blob_that_the_guide_found_is_looked_at(
    session: Guide, world: PracticeWorld
) -> None:
    with session.connector(port_of(session)) as connector:
        from cgwizard.registry.pull import pull

        finished = pull(connector, Reference.parse(f"cgr.dev/{plan.FREE_IMAGE}"))
    largest = max(finished.sources, key=lambda source: source.size)
    path = world.docker._members[FREE].contents.folder.path(largest.digest)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert conclusion(session) == ""  # only the smallest layer is read
    session.steps.pull.problem = Problem(
        Code.DIGEST_MISMATCH, f"GET /v2/x/blobs/{largest.digest}", "", "", ""
    )
    assert conclusion(session) == "cache-corrupt"


def stop_layers_host(world: PracticeWorld) -> None:
    registry = world.registry
    assert registry.blobs_running is not None
    world.call(registry.blobs_running.stop)
    # The registry goes on to send clients there, and asks its socket for the address.
    registry._blob_sock = socket.socket()
    registry._blob_sock.bind(("127.0.0.1", 0))


def test_layers_host_blocked(session: Guide, world: PracticeWorld) -> None:
    stop_layers_host(world)
    assert conclusion(session) == "remote-blob-host-blocked"


def test_layers_host_blocked_for_nexus_alone(session: Guide, world: PracticeWorld) -> None:
    with Subject.of(session) as subject:
        assert subject.free
        assert subject.private
        for target in (subject.free, subject.private):
            assert direct(subject, target).error is None
        stop_layers_host(world)
        found = run(subject, lambda _event: None, Cancel())
    cause = conclude(found)
    assert cause is not None
    assert cause.slug == "remote-blob-host-blocked"
    assert cause.evidence.endswith("from here the same blob arrives")


def test_registry_down(session: Guide, world: PracticeWorld) -> None:
    assert world.registry.running is not None
    world.call(world.registry.running.stop)
    assert conclusion(session) == "host-refused"


def test_registry_failing(session: Guide, world: PracticeWorld) -> None:
    world.registry.faults.add(ErrorStatus(place="manifest", status=503))
    assert conclusion(session) == "upstream-down"


def test_registry_asks_for_patience(session: Guide, world: PracticeWorld) -> None:
    world.registry.faults.add(RateLimited(place="manifest", retry_after=1))
    assert conclusion(session) == "rate-limited"


@pytest.mark.parametrize(
    ("image", "slug"),
    [
        ("wolfi-base", "name-missing-namespace"),
        ("cgr.dev/chainguard/wolfi-base", "name-with-upstream-host"),
        ("chainguard/chainguard/wolfi-base", "name-repository-in-path"),
        ("chainguard/Wolfi-Base", "name-uppercase"),
        ("chainguard/no-such-image", "not-entitled"),
        ("chainguard/python:3.13", "tag-not-free"),
    ],
)
def test_image_name(session: Guide, image: str, slug: str) -> None:
    session.steps.pull.values["free_image"] = image
    assert conclusion(session) == slug


def test_private_images_for_everybody(session: Guide, world: PracticeWorld) -> None:
    world.state.anonymous.enabled = True
    world.state.realms_active.append("DockerToken")
    change(session, PRIVATE, pull_token(session), docker={"force_basic_auth": False})
    assert conclusion(session) == "anonymous-sees-private"


def test_anonymous_pulls_that_cannot_work_are_a_warning(session: Guide) -> None:
    change(session, FREE, docker={"force_basic_auth": False})
    (found,) = findings(session, "nexus-anonymous")
    assert (found.slug, found.verdict) == ("anonymous-off", "warning")


def test_docker_hub_as_index_is_a_warning(session: Guide) -> None:
    change(session, FREE, docker_proxy={"index_type": "HUB"})
    found = [f for f in findings(session, "remote-url") if f.verdict != "ok"]
    assert [(f.slug, f.verdict) for f in found] == [("remote-index-type", "warning")]


def test_token_that_ends_soon_is_a_warning(session: Guide, world: PracticeWorld) -> None:
    token = world.registry.tokens.issue(world.info.organization, timedelta(days=3))
    session.pull_token = claims.read(token)
    (found,) = findings(session, "token-expiry")
    assert (found.slug, found.verdict) == ("token-expires-soon", "warning")


def test_in_the_middle_of_the_guide(world: PracticeWorld) -> None:
    """Before anything was made, what can be looked at is, and the rest says what it needs."""
    session = session_of(world)
    world.start()
    found = {f.check: f for f in findings(session)}
    assert found["image-direct"].verdict == "ok"
    assert found["token-accepted"].verdict == "ok"
    assert found["repository"].verdict == "skipped"
    assert "Connect" in found["repository"].evidence
    walk(session, until="routing")
    made = findings(session, "repository", "image-through-nexus")
    assert {f.verdict for f in made} == {"skipped"}
    assert msgspec.structs.asdict(made[0])["evidence"] == "chainguard was not made yet"
