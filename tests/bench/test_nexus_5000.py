"""Machine time of the first two steps against a Nexus with 5,000 repositories: at most 2 s."""

from __future__ import annotations

import time

import pytest

from cgwizard.nexus.discovery import find
from cgwizard.nexus.ports import connectors, propose
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials
from tests.support.practice_settings import fill

REPOSITORIES = 5_000
MAX_SECONDS = 2.0


@pytest.mark.bench
def test_connect_and_choose_a_port(world: PracticeWorld) -> None:
    fill(world, REPOSITORIES)
    admin = Credentials(world.info.username, world.info.password)
    wall, machine = time.perf_counter(), time.thread_time()
    with find(world.info.nexus_url, admin) as client:
        client.writable()
        client.sign_in()
        client.docker_supported()
        client.blob_stores()
        port = propose(connectors(client.repositories()), own_port=8081)
    machine = time.thread_time() - machine
    wall = time.perf_counter() - wall
    print(
        f"\n{REPOSITORIES} repositories: connect and port {port} took {machine:.2f} s of the"
        f" wizard's machine time ({machine / MAX_SECONDS:.2f} of the {MAX_SECONDS:.0f} s it may"
        f" take), {wall:.2f} s on the clock with the practice Nexus in the same process"
    )
    assert machine < MAX_SECONDS
