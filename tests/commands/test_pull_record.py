"""`cgwizard pull --verify-upstream`: what Nexus itself says of the image that it served."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import msgspec
import pytest

from cgwizard.cancel import Cancel
from cgwizard.commands.pull.checks import CheckResult, Verification
from cgwizard.events import Finished
from cgwizard.nexus.client import NexusClient
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.proof.checks import PullChecks
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.ports import free_port
from tests.support.practice_docker import FREE_IMAGE, add_repository, add_user, remove_repository
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.pull import LOGIN, PROGRAM, checks, proving, run

CREDENTIALS = Credentials(ADMIN, Secret(ADMIN_PASSWORD))
ORDER = ["upstream-digest", "second-pull", "signature", "sbom"]


@pytest.fixture
def nexus(world: PracticeWorld) -> str:
    """HOST:PORT of a connector for free and private images."""
    return add_repository(world, token=world.info.pull_token).removeprefix("http://")


@pytest.mark.parametrize("by_path", [False, True])
def test_the_record_of_nexus(world: PracticeWorld, by_path: bool) -> None:
    """Also where both pulls take as long, since the image was there before. By path, Nexus is
    found where the image is."""
    if by_path:
        add_repository(world, port=None, docker={"pathEnabled": True})
        image = f"{world.info.nexus_url.removeprefix('http://')}/chainguard/{FREE_IMAGE}"
        more: tuple[str, ...] = ()
    else:
        image = f"{add_repository(world).removeprefix('http://')}/{FREE_IMAGE}"
        more = ("--nexus", world.info.nexus_url)
    add_repository(world, "another", remote="https://example.com/")
    assert run(image, *LOGIN).returncode == 0
    found = checks(run(image, *LOGIN, *proving(world, *more)))
    assert list(found) == [*ORDER[:2], "search", *ORDER[2:]]
    assert {check["state"] for check in found.values()} == {"done"}
    assert re.fullmatch(
        r"[0-9.]+ s after [0-9.]+ s; not refetched by chainguard, "
        r"there since [0-9-]{10} [0-9:]{8} UTC",
        found["second-pull"]["detail"],
    )
    assert found["search"]["detail"] == "in chainguard"


def test_a_user_who_may_only_pull(world: PracticeWorld, nexus: str) -> None:
    """Nexus shows them no record: that is said, and the times tell it."""
    user, password = add_user(world, "deploy", "pass", "nx-repository-view-docker-chainguard-read")
    world.state.anonymous.enabled = False
    asked = proving(world, "--nexus", world.info.nexus_url)
    login = ("--username", user, "--password-stdin")
    world.registry.throttle.speed = 30e6
    found = checks(run(f"{nexus}/{FREE_IMAGE}", *login, *asked, password=password))
    assert found["second-pull"]["state"] == "done", "the times tell it"
    assert "browse is needed" in found["second-pull"]["detail"]
    assert "search" not in found


def test_a_nexus_that_is_none(world: PracticeWorld, nexus: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    world.registry.throttle.speed = 30e6
    found = checks(run(f"{nexus}/{FREE_IMAGE}", *LOGIN, *proving(world, "--nexus", nobody)))
    assert list(found) == ORDER
    assert "could not ask Nexus" in found["second-pull"]["detail"]
    assert found["second-pull"]["state"] == "done", "the times tell it"


def test_what_is_pulled_by_digest(world: PracticeWorld, nexus: str) -> None:
    digest = a_pull(nexus).digest
    asked = proving(world, "--nexus", world.info.nexus_url)
    found = checks(run(f"{nexus}/{FREE_IMAGE}@{digest}", *LOGIN, *asked))
    assert "of tags, not of digests" in found["second-pull"]["detail"]


def test_unclear_times_name_the_option(world: PracticeWorld, nexus: str) -> None:
    assert run(f"{nexus}/{FREE_IMAGE}", *LOGIN).returncode == 0
    finished = a_pull(nexus)

    def again() -> Finished:
        return msgspec.structs.replace(finished, seconds=finished.seconds * 0.9)

    fact = second_pull(world, nexus, None, finished, again)
    assert fact.state == "warning"
    assert "--nexus" in fact.detail


def test_what_nexus_fetched_again_is_told(world: PracticeWorld, nexus: str) -> None:
    def from_an_empty_cache() -> Finished:
        remove_repository(world, "chainguard")
        add_repository(world, port=int(nexus.rpartition(":")[2]))
        return a_pull(nexus)

    with NexusClient(world.info.nexus_url, CREDENTIALS) as client:
        kept = second_pull(world, nexus, client, a_pull(nexus), lambda: a_pull(nexus))
        assert "not refetched by chainguard" in kept.detail
        gone = second_pull(world, nexus, client, a_pull(nexus), from_an_empty_cache)
    assert (kept.state, gone.state) == ("done", "warning")
    assert "fetched it again" in gone.detail


def a_pull(nexus: str) -> Finished:
    with Registry(f"http://{nexus}", CREDENTIALS) as registry:
        return pull(registry, Reference.parse(f"{nexus}/{FREE_IMAGE}"))


def second_pull(
    world: PracticeWorld,
    nexus: str,
    client: NexusClient | None,
    finished: Finished,
    again: Callable[[], Finished],
) -> CheckResult:
    reference = Reference.parse(f"{nexus}/{FREE_IMAGE}:latest")
    verification = Verification(
        PullChecks(reference, finished, Cancel()),
        lambda: Registry(f"http://{nexus}", CREDENTIALS),
        lambda: Registry(world.info.registry_url),
        False,
        client,
        again,
    )
    found = {check.id: check for check in verification.results()}
    return found["second-pull"]


def test_stopped_while_nexus_does_not_answer(world: PracticeWorld, nexus: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [
            PROGRAM,
            "pull",
            f"{nexus}/{FREE_IMAGE}",
            *LOGIN,
            *proving(world, "--nexus", url),
        ]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin
            process.stdin.write(ADMIN_PASSWORD)
            process.stdin.close()
            silent.settimeout(20)
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            assert process.wait(timeout=20) == 130
            took = time.monotonic() - began
            connection.close()
            assert process.stdout
            assert json.loads(process.stdout.read().splitlines()[-1])["code"] == "cancelled"
    assert took < 3
