"""What is said of containers of real engines that are gone, out of reach or not to be made."""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.engines.containers import Containers
from cgwizard.engines.find import get
from cgwizard.engines.model import Engine
from cgwizard.errors import WizardError
from cgwizard.registry.reference import Reference
from cgwizard.trial import running
from cgwizard.trial.model import TrialSpec
from cgwizard.trial.waiting import until_up
from tests.support.nexus_image import docker_daemon, podman_service
from tests.support.ports import free_port
from tests.support.programs import needs

NAME = "cgw-nexus"
IMAGE = Reference.parse("localhost/empty:latest")

pytestmark = needs("dockerd", "podman", "runc")


@pytest.fixture(scope="module", params=["docker", "podman"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """It has one image, of which no container could run."""
    kind, host = request.param, {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
    with contextlib.ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix="cgw-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(name))
        service = docker_daemon(folder, "") if kind == "docker" else podman_service(folder)
        found = get(kind, {host[kind]: stack.enter_context(service)})
        with Containers(found) as containers:
            path = "/images/create?fromSrc=-&repo=localhost/empty&tag=latest"
            containers._client.post(path, content=archive(), timeout=60).raise_for_status()
        yield found


def archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    return out.getvalue()


@pytest.fixture
def containers(engine: Engine) -> Iterator[Containers]:
    with Containers(engine) as containers:
        yield containers
        containers.remove(NAME)
        containers.remove_volume(f"{NAME}-data")


def made_without_ports(containers: Containers) -> str:
    """As ``create`` without ``-p``; its id."""
    body = {"Image": str(IMAGE), "Cmd": ["/nothing"]}
    response = containers._send("POST", "/containers/create", {"name": NAME}, body)
    assert response.status_code == 201, response.text
    return str(response.json()["Id"])


def use(engine: Engine) -> WizardError:
    with pytest.raises(WizardError) as caught:
        running.use(engine, NAME, lambda _check: None, Cancel())
    return caught.value


def test_a_container_that_somebody_removed(containers: Containers, engine: Engine) -> None:
    error = use(engine)
    assert error.code == "trial-gone"
    assert NAME in error.problem.tried
    assert "removed it" in error.problem.cause


def test_a_container_that_is_removed_while_it_is_waited_for(containers: Containers) -> None:
    id = made_without_ports(containers)
    containers.remove(id)
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(WizardError) as caught:
        until_up(containers, id, url, Cancel(), lambda _told: None, seconds=5)
    assert caught.value.code == "trial-gone"
    assert url in caught.value.problem.tried
    assert "not there any more" in caught.value.problem.came_back


def test_a_container_whose_port_is_not_published(containers: Containers, engine: Engine) -> None:
    id = made_without_ports(containers)
    error = use(engine)
    assert error.code == "trial-not-published"
    assert "8081 is not published" in error.problem.came_back
    assert "start a new one" in error.problem.next_step
    found = containers.find(NAME)
    assert found is not None
    assert (found.id, found.status) == (id, "created"), "it is left as it was"


def test_an_image_that_is_not_there_any_more(containers: Containers) -> None:
    gone = Reference.parse("localhost/gone:latest")
    with pytest.raises(WizardError) as caught:
        containers.create(TrialSpec(str(gone), NAME), gone)
    assert caught.value.code == "trial-not-started"
    assert "no such image" in caught.value.problem.came_back.lower()
    assert f"creating the container {NAME}" in caught.value.problem.tried


def test_a_container_that_the_engine_cannot_start(containers: Containers) -> None:
    id = made_without_ports(containers)
    with pytest.raises(WizardError) as caught:
        containers.start(id)
    assert caught.value.code == "trial-not-started"
    assert "/nothing" in caught.value.problem.came_back
    assert "look at the log" in caught.value.problem.next_step
