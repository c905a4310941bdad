"""A practice Nexus with very many repositories, or with settings that cgwizard never changes."""

from __future__ import annotations

import httpx
import msgspec

from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.models import DockerProxy
from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.world import PracticeWorld


def fill(world: PracticeWorld, count: int) -> None:
    """``count`` repositories of which a hundred are docker ones with connectors 5051 to 5150,
    as the server would list them; no connector is opened for them."""

    def add() -> None:
        template = DockerProxy.new("x", None).to_request("3.96.3-01")
        for number in range(count):
            name = f"r{number:04}"
            settings = msgspec.json.decode(msgspec.json.encode(template | {"name": name}))
            if number < 100:
                settings["docker"] |= {"httpPort": 5051 + number}
            world.state.repositories[name] = Repository(name, "docker", "proxy", settings)

    world.call(add)


def put_security(client: NexusClient, what: str, body: object) -> None:
    """Set ``realms/active`` or ``anonymous``, which cgwizard itself only reads."""
    credentials = client.credentials
    assert credentials is not None
    url = f"{client.base_url}/service/rest/v1/security/{what}"
    admin = (credentials.username, credentials.password.reveal())
    httpx.put(url, json=msgspec.to_builtins(body), auth=admin).raise_for_status()
