"""A practice Nexus with a door before it, at which a test lets requests come to grief."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cgwizard.practice.world import PracticeWorld
from tests.support.door import Door, world_behind


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def world(door: Door) -> Iterator[PracticeWorld]:
    with world_behind(door) as practice:
        yield practice
