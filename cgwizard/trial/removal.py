"""What stopping and removing a trial Nexus means: told, and as commands, before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgwizard.engines.container_model import Container


def asked(what: str, container: Container) -> tuple[str, str]:
    """The words for the action and what they mean. ``what`` is ``stop``, ``remove`` or
    ``remove-data``."""
    name, volume = container.name, container.volume
    if what == "stop":
        return "stop it", f"Stops the container {name}. It stays, and can be started again."
    if what == "remove":
        if not volume:
            kept = "Its data is nowhere else and goes with it."
        elif container.named_volume:
            kept = f"Its data stays in the volume {volume}."
        else:
            kept = f"Its data stays in the folder {volume}."
        return "remove the container", f"Stops and removes the container {name}. {kept}"
    return (
        "remove it with its data",
        f"Stops and removes the container {name} and its volume {volume}: every setting and "
        "every image in this Nexus. That cannot be taken back.",
    )


def commands(what: str, container: Container) -> tuple[str, ...]:
    program, name = container.program, container.name
    lines = [f"{program} stop {name}"] if container.running or what == "stop" else []
    if what != "stop":
        lines.append(f"{program} rm {name}")
    if what == "remove-data":
        lines.append(f"{program} volume rm {container.volume}")
    return tuple(lines)
