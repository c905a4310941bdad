"""Stopping and removing a trial Nexus: explained, shown as commands, and done.

Each is named ``stop``, ``remove`` or ``remove-data``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.engines.containers import Containers
from cgwizard.guide.shown import Report
from cgwizard.guide.step import checking

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.engines.container_model import Container
    from cgwizard.engines.model import Engine


def explained(what: str, container: Container) -> tuple[str, str]:
    """The words for the action, and what it does."""
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


def run(what: str, engine: Engine, name: str, report: Report, cancel: Cancel) -> None:
    """Raises WizardError and Cancelled, before anything was removed."""
    verb, done = ("stop", "stopped") if what == "stop" else ("remove", "removed")
    detail = {"remove": "its data is kept", "remove-data": "with its data"}.get(what, "")

    def work() -> str:
        with Containers(engine) as containers:
            container = containers.find(name) if what != "stop" else None
            containers.stop(name, cancel)  # in order, because the database stays
            if container is not None:
                cancel.check()
                containers.remove(container.id)
                if what == "remove-data" and container.named_volume:
                    containers.remove_volume(container.volume)
        return detail

    checking(report, verb, f"{verb} {name}", work, done=f"{done} {name}")
