"""Waiting until a Nexus that was just started can be configured."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.net.failures import read_failure
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from cgwizard.cancel import Cancel
    from cgwizard.engines.container_model import Container
    from cgwizard.engines.containers import Containers

STATUS = "/service/rest/v1/status/writable"
UP_SECONDS = 600.0  # measured: 30 to 60; Sonatype says two to three minutes, slow disks more
POLL_SECONDS = 0.5
ANSWER_SECONDS = 5.0
TOLD_LINES = 3
TOLD_LENGTH = 160


def until_up(
    containers: Containers,
    id: str,
    url: str,
    cancel: Cancel,
    tell: Callable[[str], None],
    *,
    seconds: float = UP_SECONDS,
) -> None:
    """Returns when the Nexus at ``url`` accepts changes. ``tell`` is called with what is missing
    yet, whenever that changes.

    Raises WizardError `trial-exited` with the last lines of its log when the container ends,
    `trial-gone` when it was removed, `nexus-starting` after ``seconds``; and Cancelled.
    """
    from cgwizard.net.client import http_client

    deadline = time.monotonic() + seconds
    told = ""
    # A container of this machine is never behind a proxy.
    with http_client(url, read_seconds=ANSWER_SECONDS, proxies=False) as client:
        while (seen := _look(client)) != "":
            container = containers.find(id)
            if container is None:
                raise _removed(url)
            if not container.running:
                raise exited(containers, container)
            if time.monotonic() > deadline:
                raise _late(containers, container, url, seen, seconds)
            if seen != told:
                tell(seen)
                told = seen
            cancel.wait(POLL_SECONDS)


def _look(client: httpx.Client) -> str:
    """Why Nexus cannot be used yet; empty when it can."""
    import httpx

    try:
        with client.stream("GET", STATUS) as response:
            status = response.status_code
    except httpx.TransportError as error:
        if read_failure(error).kind.no_connection:
            return "its port is not open yet"
        # The engine takes the connection although nobody is behind it.
        return "its port is open, no answer yet"
    if status == 200:
        return ""
    return f"it answers {status}: still starting"


def _last_words(containers: Containers, container: Container) -> str:
    lines = containers.log(container.id)[-TOLD_LINES:]
    return " / ".join(shortened(line, TOLD_LENGTH) for line in lines) or "nothing"


def exited(containers: Containers, container: Container) -> WizardError:
    """Why a container that should run does not."""
    cause = "its last lines say why"
    logs = f"{containers.engine.name} logs {container.name}"
    next_step = f"if that is not enough, start it by the command that is shown and read: {logs}"
    if container.out_of_memory or container.exit_code == 137:
        cause = "it was killed, most likely because the memory did not suffice"
        next_step = "give the engine 4 GB of memory or more for Nexus, then try again"
    came_back = f"it is {container.status}, exit code {container.exit_code}"
    if container.error:
        came_back += f", {shortened(container.error)}"
    return WizardError(
        Code.TRIAL_EXITED,
        tried=f"waiting for Nexus in the container {container.name}",
        came_back=f"{came_back}; it wrote: {_last_words(containers, container)}",
        cause=cause,
        next_step=next_step,
    )


def _late(
    containers: Containers, container: Container, url: str, seen: str, seconds: float
) -> WizardError:
    return WizardError(
        Code.NEXUS_STARTING,
        tried=f"waiting {seconds:.0f} seconds for Nexus at {url}",
        came_back=f"{seen}; it wrote: {_last_words(containers, container)}",
    )


def _removed(url: str) -> WizardError:
    return WizardError(
        Code.TRIAL_GONE,
        tried=f"waiting for Nexus at {url}",
        came_back="the container is not there any more",
        next_step="start it again",
    )
