"""A real registry; for pulls that something harms, an image in it and its parts by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.practice.faults.proxy import FaultProxy, fault_proxy
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from tests.support.faulty_pull import AMD64, NAME, OTHER, Pull, Spot, spots
from tests.support.real_registry import Made, docker_registry, image, index, push

SIZE = 200_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    with Registry(url) as registry:
        yield registry


@pytest.fixture(scope="session")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Made]]:
    """A registry's URL, and the image in it that the tests pull: an index, a manifest, a config
    and three layers."""
    made = index((image([SIZE, SIZE, SIZE]), AMD64))
    with docker_registry(tmp_path_factory.mktemp("registry")) as url:
        push(url, NAME, made, "latest")
        push(url, OTHER, image([100]), "latest")
        yield url, made


@pytest.fixture(scope="session")
def layout(harmed: tuple[str, Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds another image."""
    folder = tmp_path_factory.mktemp("layout") / "out"
    reference = Reference.parse(f"{harmed[0].removeprefix('http://')}/{OTHER}")
    with Registry(harmed[0]) as registry:
        pull(registry, reference, sink=LayoutSink(folder))
    return folder


@pytest.fixture
def proxy(harmed: tuple[str, Made]) -> Iterator[FaultProxy]:
    with fault_proxy(harmed[0]) as proxy:
        yield proxy


@pytest.fixture
def faulty(proxy: FaultProxy, harmed: tuple[str, Made], layout: Path, tmp_path: Path) -> Pull:
    """The pull through ``proxy``, into a folder where another image is already."""
    return Pull(proxy, harmed[1], layout, tmp_path)


@pytest.fixture
def spot(request: pytest.FixtureRequest, harmed: tuple[str, Made]) -> Spot:
    """What the harm is done to: parametrized by name (`tests.support.faulty_pull`)."""
    return spots(harmed[1])[request.param]
