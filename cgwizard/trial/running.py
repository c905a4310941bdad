"""Starting a trial Nexus, or using one that is there.

A run that fails or is cancelled removes what it made. The image stays: it took the longest and
is useful without the container.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

from cgwizard.engines.container_model import NEXUS_PORT, Container
from cgwizard.engines.containers import Containers, name_taken
from cgwizard.engines.published_ports import unpublished
from cgwizard.errors import Code, WizardError
from cgwizard.events import OnEvent, ignore
from cgwizard.guide.shown import Check, Report
from cgwizard.secrets.secret import Secret
from cgwizard.trial.model import PASSWORD_FILE, USER, TrialNexus, TrialSpec
from cgwizard.trial.waiting import UP_SECONDS, exited, until_up

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.engines.model import Engine
    from cgwizard.registry.reference import Reference

LOCAL = ("127.", "localhost", "[::1]")
PASSWORD_SECONDS = 10.0  # of a first start, in which the file is written
PASSWORD_POLL_SECONDS = 0.5
PORT_SECONDS = 1.0


def start(
    engine: Engine,
    spec: TrialSpec,
    report: Report,
    cancel: Cancel,
    *,
    on_event: OnEvent = ignore,
    seconds: float = UP_SECONDS,
) -> TrialNexus:
    """Do the same as ``spec.run_line()`` and wait until Nexus is up; blocks.

    Raises WizardError (`trial-port-taken`, `trial-name-taken`, `trial-not-started`, those of
    `until_up` and of the engine's pull) and Cancelled, after removing what it made.
    """
    from cgwizard.registry.reference import Reference

    reference = Reference.parse(spec.image)
    with Containers(engine) as containers, contextlib.ExitStack() as undo:
        there = containers.find(spec.name)
        if there is not None:
            tried = f"looking whether a container is called {spec.name}"
            raise name_taken(spec.name, tried, f"there is one, of {there.image}")
        _ports_free(spec, report)
        _image(containers, reference, report, cancel, on_event)
        cancel.check()
        label = f"start the container {spec.name}"
        report(Check("container", label, "running"))
        # A folder belongs to a user: its database must be closed in order.
        fresh = not spec.in_folder and not containers.has_volume(spec.data_volume)
        try:
            id = containers.create(spec, reference)
        except WizardError as error:
            if error.code != Code.TRIAL_NAME_TAKEN:  # that container belongs to somebody else
                _undo(containers, spec, report, fresh=fresh)
            raise
        undo.callback(_undo, containers, spec, report, fresh=fresh)
        containers.start(id)
        kind = "folder" if spec.in_folder else "volume"
        data = "made" if fresh else "was there, with its data"
        label = f"started the container {spec.name}"
        report(Check("container", label, "done", f"{kind} {spec.data_volume} {data}"))
        trial = _arrive(containers, id, spec.port, report, cancel, fresh=fresh, seconds=seconds)
        undo.pop_all()
        return trial


def use(
    engine: Engine,
    name: str,
    report: Report,
    cancel: Cancel,
    *,
    port: int = NEXUS_PORT,
    seconds: float = UP_SECONDS,
) -> TrialNexus:
    """Use the container ``name``; start it if it does not run. ``port``: that of Nexus on the host
    network. Raises as `start`, after stopping a container that was stopped before."""
    with Containers(engine) as containers, contextlib.ExitStack() as undo:
        container = containers.find(name)
        if container is None:
            raise _absent(name)
        label = f"use the container {name}"
        report(Check("container", label, "running"))
        if not container.url(port):
            raise _no_port(container)
        if container.status == "paused":
            containers.unpause(container.id)
        elif not container.running:
            undo.callback(_stop_again, containers, container, report)
            containers.start(container.id)
        told = "it runs" if container.running else "started"
        report(Check("container", label, "done", told))
        trial = _arrive(containers, container.id, port, report, cancel, seconds=seconds)
        _connectors(trial.container, report)
        undo.pop_all()
        return trial


def local(reference: Reference) -> bool:
    """Whether the registry is on this machine. Docker then allows plain HTTP; Podman needs the
    option."""
    return reference.host.startswith(LOCAL)


def _ports_free(spec: TrialSpec, report: Report) -> None:
    ports = (spec.port, *(() if spec.host_network else spec.connectors))
    label = "ports " + ", ".join(map(str, ports))
    report(Check("ports", label, "running"))
    for port in ports:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=PORT_SECONDS).close()
            raise WizardError(
                Code.TRIAL_PORT_TAKEN,
                tried=f"connecting to 127.0.0.1:{port}",
                came_back="something answers there",
            )
    report(Check("ports", label, "done", "free"))


def _image(
    containers: Containers,
    reference: Reference,
    report: Report,
    cancel: Cancel,
    on_event: OnEvent,
) -> None:
    label = f"pull {reference}"
    if containers.has_image(reference):
        report(Check("image", f"image {reference}", "done", "is here already"))
        return
    report(Check("image", label, "running"))
    finished = containers.engine.pull(
        reference, on_event=on_event, cancel=cancel, plain_http=local(reference)
    )
    report(Check("image", f"pulled {reference}", "done", f"in {finished.seconds:.0f} s"))


def _arrive(
    containers: Containers,
    id: str,
    port: int,
    report: Report,
    cancel: Cancel,
    *,
    seconds: float,
    fresh: bool = False,
) -> TrialNexus:
    """Wait until the Nexus in a started container accepts a sign-in."""
    container = containers.find(id)
    if container is None or not container.running:
        raise _died(containers, container)
    url = container.url(port)
    label = f"wait for Nexus at {url}"
    report(Check("up", label, "running"))

    def tell(seen: str) -> None:
        report(Check("up", label, "running", seen))

    until_up(containers, id, url, cancel, tell, seconds=seconds)
    report(Check("up", f"Nexus is up at {url}", "done"))
    password = _password(containers, id, report, cancel, fresh=fresh)
    return TrialNexus(url, USER, password, container, containers.engine)


def _password(
    containers: Containers, id: str, report: Report, cancel: Cancel, *, fresh: bool
) -> Secret | None:
    label = "its first password"
    report(Check("password", label, "running"))
    deadline = time.monotonic() + (PASSWORD_SECONDS if fresh else 0.0)
    while (found := containers.read(id, PASSWORD_FILE)) is None and time.monotonic() < deadline:
        cancel.wait(PASSWORD_POLL_SECONDS)
    text = (found or b"").decode("utf-8", "replace").strip()
    if not text:
        told = "there is none: it was changed before. Type the one that is valid now"
        report(Check("password", label, "warning", told))
        return None
    report(Check("password", label, "done", "read from the container, for this run"))
    return Secret(text)


def _connectors(container: Container, report: Report) -> None:
    """No engine publishes another port later, so that the user learns it before the guide needs
    one."""
    label = "ports for connectors"
    if container.host_network:
        report(Check("connectors", label, "done", "all of them: it is on the host network"))
    elif container.connectors:
        told = ", ".join(map(str, container.connectors))
        report(Check("connectors", label, "done", f"{told} published"))
    else:
        report(Check("connectors", label, "warning", "none", unpublished(container)))


def _undo(containers: Containers, spec: TrialSpec, report: Report, *, fresh: bool) -> None:
    """Runs while an exception is raised, which no other one may replace."""
    label, told = f"the container {spec.name}", "removed again"
    try:
        container = containers.find(spec.name)
        if container is not None:
            if not fresh:  # data that was there: its database must be closed in order
                report(Check("undone", label, "running", "it is stopped again"))
                containers.stop(container.id)
            containers.remove(container.id)
        if fresh:
            containers.remove_volume(spec.data_volume)
    except WizardError as error:
        told = f"could not be removed: {error.problem.came_back}"
    report(Check("undone", label, "skipped", told))


def _stop_again(containers: Containers, container: Container, report: Report) -> None:
    label, told = f"the container {container.name}", "stopped again"
    report(Check("undone", label, "running", "it is stopped again"))  # up to a minute
    try:
        containers.stop(container.id)
    except WizardError as error:
        told = f"could not be stopped: {error.problem.came_back}"
    report(Check("undone", label, "skipped", told))


def _died(containers: Containers, container: Container | None) -> WizardError:
    return exited(containers, container) if container else _absent("that was started")


def _absent(name: str) -> WizardError:
    return WizardError(
        Code.TRIAL_GONE,
        tried=f"looking for the container {name}",
        came_back="there is none",
    )


def _no_port(container: Container) -> WizardError:
    return WizardError(
        Code.TRIAL_NOT_PUBLISHED,
        tried=f"looking where the container {container.name} is reached",
        came_back=f"its port {NEXUS_PORT} is not published",
        next_step=f"remove the container, which keeps the volume {container.volume or 'it has'}, "
        "and start a new one",
    )
