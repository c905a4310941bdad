"""Practice servers for all tests of a module, and clients of the registry."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from cgwizard.practice.cgr.server import PracticeRegistry
from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import ADMIN_AUTH, add_repository
from tests.support.practice_nexus import Nexus, nexus
from tests.support.practice_registry import Client, serving


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeRegistry]:
    with serving(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def free(registry: PracticeRegistry) -> Client:
    """A client without a pull token."""
    return Client(registry)


@pytest.fixture
def owner(registry: PracticeRegistry) -> Client:
    """A client with the organization's pull token."""
    return Client(registry, registry.pull_token)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nexus]:
    with nexus(tmp_path_factory.mktemp("nexus")) as running:
        yield running


@pytest.fixture
def client(world: PracticeWorld) -> Iterator[httpx.Client]:
    """Speaks to the connector of a proxy that has the organization's pull token."""
    url = add_repository(world, token=world.info.pull_token)
    with httpx.Client(base_url=url, auth=ADMIN_AUTH) as client:
        yield client
