"""Pulls from the practice cgr.dev, and through the connectors of the practice Nexus."""

from __future__ import annotations

import pytest

from cgwizard.errors import WizardError
from cgwizard.practice.faults.base import RegistryFault
from cgwizard.practice.faults.connection_cut import CutAnswer
from cgwizard.practice.faults.corrupt_body import CorruptBlob
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.faults.rate_limited import RateLimited
from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.practice_docker import FREE_IMAGE, PRIVATE_IMAGE, add_repository, add_user

QUICK = RetryPolicy(
    stall_seconds=0.5,
    answer_seconds=5,
    blob_answer_seconds=5,
    fetch_seconds=5,
    first_pause=0.01,
    tries=3,
)


def refused(registry: Registry, image: str) -> WizardError:
    with pytest.raises(WizardError) as caught:
        pull(registry, Reference("127.0.0.1", image, "latest"))
    return caught.value


def test_registry_gives_free_images_to_everybody(world: PracticeWorld) -> None:
    with Registry(world.info.registry_url, name="cgr.dev") as registry:
        done = pull(registry, Reference("cgr.dev", FREE_IMAGE, "latest"), verify_uncompressed=True)
        assert done.retries == 0
        hosts = {source.host for source in done.sources}
        assert hosts.isdisjoint({world.info.registry_url.removeprefix("http://")}), "redirected"
        error = refused(registry, PRIVATE_IMAGE)
        assert error.code in {"not-entitled", "no-login"}
        assert "cgr.dev" in error.problem.cause


def test_registry_and_pull_token(world: PracticeWorld) -> None:
    with Registry(world.info.registry_url, world.info.pull_token, name="cgr.dev") as registry:
        registry.check_credentials(PRIVATE_IMAGE)
        done = pull(registry, Reference("cgr.dev", PRIVATE_IMAGE, "latest"), platform="all")
        assert done.platform == "all"
    wrong = Credentials(world.info.pull_token.username, Secret("no-such-token"))
    with Registry(world.info.registry_url, wrong, name="cgr.dev") as registry:
        with pytest.raises(WizardError) as caught:
            registry.check_credentials(PRIVATE_IMAGE)
        assert caught.value.code == "token-refused"
        assert "no-such-token" not in repr(caught.value.problem)


@pytest.mark.parametrize("forced", [True, False], ids=["basic", "bearer"])
def test_through_nexus(world: PracticeWorld, forced: bool) -> None:
    admin = Credentials(world.info.username, world.info.password)
    url = add_repository(world, token=world.info.pull_token, docker={"forceBasicAuth": forced})
    with (
        Registry(world.info.registry_url, world.info.pull_token, name="cgr.dev") as direct,
        Registry(url, admin) as nexus,
    ):
        assert nexus.ping().status == 401
        assert nexus.ping().api_version == "registry/2.0"
        for image in (FREE_IMAGE, PRIVATE_IMAGE):
            through = pull(nexus, Reference("nexus", image, "latest"), verify_uncompressed=True)
            assert through.digest == direct.head(image, "latest").digest
            again = pull(nexus, Reference("nexus", image, "latest"))
            assert again.digest == through.digest


def test_nexus_refuses_in_words(world: PracticeWorld) -> None:
    admin = Credentials(world.info.username, world.info.password)
    url = add_repository(world)
    with Registry(url, admin) as nexus:
        assert refused(nexus, "chainguard/no-such-image").code == "manifest-unknown"
        assert refused(nexus, PRIVATE_IMAGE).code == "manifest-unknown"
    with Registry(url) as nobody:
        assert refused(nobody, FREE_IMAGE).code == "no-login"
    with Registry(url, Credentials(*_secret(add_user(world, "reader", "reader-pw")))) as reader:
        assert refused(reader, FREE_IMAGE).code == "no-read-privilege"
    with Registry(url, Credentials(world.info.username, Secret("wrong"))) as wrong:
        for _ in range(10):
            assert refused(wrong, FREE_IMAGE).code == "login-wrong"
    with Registry(url, admin) as nexus:
        nexus.manifest(FREE_IMAGE, "latest")  # not locked out by those ten


def test_nexus_without_its_remote(world: PracticeWorld) -> None:
    admin = Credentials(world.info.username, world.info.password)
    url = add_repository(world, remote="http://127.0.0.1:9/")
    with Registry(url, admin, patience=QUICK) as nexus:
        codes = {refused(nexus, FREE_IMAGE).code for _ in range(2)}
    assert codes <= {"remote-auto-blocked", "registry-unavailable", "manifest-unknown"}


@pytest.mark.parametrize(
    "fault",
    [
        CutAnswer(place="blob", count=2),
        StalledAnswer(place="blob", count=1),
        CorruptBlob(place="blob", count=1),
        RateLimited(place="link", count=1),
        ErrorStatus(place="blob", count=2),
        CutAnswer(place="manifest", count=1),
    ],
    ids=lambda fault: f"{fault.slug}-{fault.place}",
)
def test_faults_of_the_registry_that_pass(world: PracticeWorld, fault: RegistryFault) -> None:
    world.registry.faults.add(fault)
    with Registry(world.info.registry_url, patience=QUICK) as registry:
        done = pull(registry, Reference("cgr.dev", FREE_IMAGE, "latest"))
    assert done.retries >= 1


def test_layer_that_the_registry_holds_damaged(world: PracticeWorld) -> None:
    world.registry.faults.add(CorruptBlob(place="blob"))
    with Registry(world.info.registry_url, patience=QUICK) as registry:
        assert refused(registry, FREE_IMAGE).code == "digest-mismatch"


def _secret(user: tuple[str, str]) -> tuple[str, Secret]:
    return user[0], Secret(user[1])
