"""A real registry; for pulls with faults, an image in it and its parts by name."""

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
def pushed_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Made]]:
    """A registry's URL, and the image in it that the tests pull: an index, a manifest, a config
    and three layers."""
    made = index((image([SIZE, SIZE, SIZE]), AMD64))
    with docker_registry(tmp_path_factory.mktemp("registry")) as url:
        push(url, NAME, made, "latest")
        push(url, OTHER, image([100]), "latest")
        yield url, made


@pytest.fixture(scope="session")
def layout(pushed_image: tuple[str, Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds another image."""
    folder = tmp_path_factory.mktemp("layout") / "out"
    reference = Reference.parse(f"{pushed_image[0].removeprefix('http://')}/{OTHER}")
    with Registry(pushed_image[0]) as registry:
        pull(registry, reference, sink=LayoutSink(folder))
    return folder


@pytest.fixture
def proxy(pushed_image: tuple[str, Made]) -> Iterator[FaultProxy]:
    with fault_proxy(pushed_image[0]) as proxy:
        yield proxy


@pytest.fixture
def faulty(proxy: FaultProxy, pushed_image: tuple[str, Made], layout: Path, tmp_path: Path) -> Pull:
    """The pull through ``proxy``, into a folder where another image is already."""
    return Pull(proxy, pushed_image[1], layout, tmp_path)


@pytest.fixture
def spot(request: pytest.FixtureRequest, pushed_image: tuple[str, Made]) -> Spot:
    """The part of the pull that the fault happens to, by name (`tests.support.faulty_pull`)."""
    return spots(pushed_image[1])[request.param]
