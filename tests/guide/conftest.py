"""A practice Nexus whose search knows soon what was pulled."""

from __future__ import annotations

import pytest

from cgwizard.practice.world import PracticeWorld


@pytest.fixture
def world(world: PracticeWorld) -> PracticeWorld:
    world.state.search_lag = 0.05
    return world
