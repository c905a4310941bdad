"""A practice Nexus whose answers a test can spoil, and what stands in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.nexus.state import NexusState
from cgwizard.practice.world import PracticeWorld
from tests.support.practice_world import practice_world

REST = "/service/rest"


@contextlib.contextmanager
def faulty_world(middleware: FaultMiddleware, preset: str = "3.96") -> Iterator[PracticeWorld]:
    """A practice world whose Nexus is reached through ``middleware``."""
    with practice_world(preset=preset, middleware=middleware) as world:
        world.state.search_lag = 0.05
        yield world


def names(world: PracticeWorld) -> set[str]:
    """The repositories that Nexus has, asked inside it."""
    return set(world.call(lambda: dict(world.state.repositories)))


def put(world: PracticeWorld, *repositories: Repository) -> None:
    """Into Nexus, as another user would have made them."""

    async def work(state: NexusState) -> None:
        state.repositories |= {r.name: r for r in repositories}
        await state.repositories_changed()

    world.call(work, world.state)
