"""The client against the practice Nexus, in each of its versions and editions."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import msgspec
import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.discovery import find
from cgwizard.nexus.models import Anonymous, DockerProxy, RemoteStatus, Server
from cgwizard.nexus.ports import connectors, propose
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.ports import free_port
from tests.support.practice_settings import fill, put_security
from tests.support.practice_world import practice_world

EDITIONS = {"3.96": "COMMUNITY", "fresh": "COMMUNITY", "3.76": "OSS", "pro": "PRO"}


@pytest.fixture(scope="module", params=EDITIONS)
def preset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def practice(preset: str) -> Iterator[PracticeWorld]:
    with practice_world(preset=preset, context_path="/nexus") as world:
        world.start()
        yield world


@pytest.fixture
def client(practice: PracticeWorld) -> Iterator[NexusClient]:
    admin = Credentials(practice.info.username, practice.info.password)
    with NexusClient(practice.info.nexus_url, admin) as client:
        yield client


def test_it_is_found_and_known(practice: PracticeWorld, preset: str) -> None:
    root = practice.info.nexus_url.removesuffix("/nexus")
    admin = Credentials(practice.info.username, practice.info.password)
    with find(root.removeprefix("http://"), admin) as client:
        assert client.base_url == practice.info.nexus_url
        assert client.server().edition == EDITIONS[preset]
        assert client.writable()
        assert client.sign_in().administrator
        assert client.docker_supported()
        assert [store.name for store in client.blob_stores()] == ["default"]
        assert client.blob_stores()[0].available_space_in_bytes > 0


def test_a_name_in_upper_case(client: NexusClient, preset: str) -> None:
    wanted = DockerProxy.new("Chainguard-Upper", free_port())
    if preset == "3.76":  # before 3.89 it is a name as any other
        client.create_docker_proxy(wanted)
        client.delete_repository("Chainguard-Upper")
        return
    with pytest.raises(WizardError) as caught:
        client.create_docker_proxy(wanted)
    assert caught.value.code == "repository-name-uppercase"
    assert "must be lowercase" in caught.value.problem.came_back
    assert client.docker_proxy("Chainguard-Upper") is None


def test_a_repository_from_creation_to_removal(
    client: NexusClient, practice: PracticeWorld
) -> None:
    token = practice.info.pull_token
    wanted = DockerProxy.new("chainguard", free_port(), credentials=token)
    client.create_docker_proxy(wanted)
    try:
        found = client.docker_proxy("chainguard")
        assert found is not None
        assert found.differences(wanted) == []
        assert found.password is None
        assert connectors(client.repositories())[0].port == wanted.docker.http_port
        with pytest.raises(WizardError, match="repository-name-taken"):
            client.create_docker_proxy(wanted)
        with pytest.raises(WizardError, match="connector-port-of-other-repository"):
            client.create_docker_proxy(DockerProxy.new("other", wanted.docker.http_port))
        with pytest.raises(WizardError, match="token-needed-again"):
            client.update_docker_proxy(found)
        port = free_port()
        changed = found.adjusted(remote_url="https://cgr.dev/", port=port, credentials=token)
        client.update_docker_proxy(changed)
        again = client.docker_proxy("chainguard")
        assert again is not None
        assert again.differences(changed) == []
        assert again.raw["cleanup"] == found.raw["cleanup"]
        client.invalidate_cache("chainguard")
        status = client.remote_status("chainguard")
        assert isinstance(status, RemoteStatus)
        assert status.blocked is None
        assert client.components("chainguard") == []
        assert client.search_docker("chainguard", "chainguard/wolfi-base", "latest") == []
        assert client.assets("chainguard") == []
    finally:
        client.delete_repository("chainguard")
    assert client.docker_proxy("chainguard") is None
    with pytest.raises(WizardError, match="nexus-not-found"):
        client.delete_repository("chainguard")


def test_what_nexus_does_not_accept(client: NexusClient) -> None:
    wrong = {
        "blob-store-missing": DockerProxy.new("other", free_port(), blob_store="nowhere"),
        "nexus-request-invalid": DockerProxy.new("_other", free_port()),
    }
    for code, proxy in wrong.items():
        with pytest.raises(WizardError, match=code):
            client.create_docker_proxy(proxy)
    assert client.docker_proxy("other") is None


def test_realms_and_anonymous_access(client: NexusClient) -> None:
    before = client.active_realms()
    put_security(client, "realms/active", [*before, "DockerToken"])
    assert client.active_realms() == [*before, "DockerToken"]
    with pytest.raises(httpx.HTTPStatusError, match="400") as caught:
        put_security(client, "realms/active", ["DiscardSink"])
    assert "DiscardSink" in caught.value.response.text
    put_security(client, "realms/active", before)
    was = client.anonymous()
    put_security(client, "anonymous", Anonymous(enabled=True))
    assert client.anonymous().enabled
    put_security(client, "anonymous", was)


def test_eula(client: NexusClient, preset: str) -> None:
    eula = client.eula()
    assert (eula is not None) == (EDITIONS[preset] == "COMMUNITY")
    if eula is not None:
        assert eula.accepted is (preset != "fresh")
        with pytest.raises(WizardError, match="nexus-server-error"):
            client.accept_eula(msgspec.structs.replace(eula, disclaimer="another text"))
        client.accept_eula(eula)
        accepted = client.eula()
        assert accepted is not None
        assert accepted.accepted


def test_what_nexus_sees_of_the_remote(client: NexusClient) -> None:
    assert len(client.remote_certificate("cgr.dev").fingerprint) >= 40
    with pytest.raises(WizardError, match=r"remote-(dns|egress)"):
        client.remote_certificate("no-such-host.invalid")


def test_a_wrong_password_costs_one_attempt(practice: PracticeWorld, preset: str) -> None:
    wrong = Credentials("somebody", Secret("wrong"))
    for _ in range(2):  # below what locks the name
        with NexusClient(practice.info.nexus_url, wrong) as client:
            for _ in range(5):
                with pytest.raises(WizardError, match="login-wrong"):
                    client.sign_in()


def test_read_only(client: NexusClient, practice: PracticeWorld) -> None:
    def freeze(frozen: bool) -> None:
        practice.state.read_only = frozen

    practice.call(freeze, True)
    try:
        assert client.server().version is not None
        assert not client.writable()
        with pytest.raises(WizardError, match="nexus-read-only"):
            client.create_docker_proxy(DockerProxy.new("frozen", free_port()))
    finally:
        practice.call(freeze, False)
    assert client.writable()


def test_a_connector_is_not_the_address_of_nexus(client: NexusClient) -> None:
    port = free_port()
    client.create_docker_proxy(DockerProxy.new("connector", port))
    try:
        with pytest.raises(WizardError, match="nexus-wrong-port-is-connector"):
            find(f"http://127.0.0.1:{port}")
    finally:
        client.delete_repository("connector")


def test_five_thousand_repositories(world: PracticeWorld) -> None:
    fill(world, 5_000)
    admin = Credentials(world.info.username, world.info.password)
    with find(world.info.nexus_url, admin) as client:
        server = client.server()
        assert isinstance(server, Server)
        assert client.sign_in().administrator
        repositories = client.repositories()
        taken = connectors(repositories)
    assert len(repositories) >= 5_000
    assert len(taken) == 100
    assert propose(taken, own_port=8081) == 5151
