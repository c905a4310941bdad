"""A practice Nexus with a middleware before it, at which a test lets requests come to grief."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.world import PracticeWorld
from tests.support.faulty_nexus import faulty_world


@pytest.fixture
def middleware() -> FaultMiddleware:
    return FaultMiddleware()


@pytest.fixture
def world(middleware: FaultMiddleware) -> Iterator[PracticeWorld]:
    with faulty_world(middleware) as practice:
        yield practice
