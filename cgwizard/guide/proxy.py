"""Making or changing a docker (proxy): what steps 3 and 4 share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cgwizard import changes, plan
from cgwizard.errors import WizardError
from cgwizard.guide.step import Check, Report

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.models import DockerProxy
    from cgwizard.registry.client import Registry

CONNECTOR_SECONDS = 10.0
POLL_SECONDS = 0.1
# Nexus's own rule (NamePatternConstants); docker names are lower case from 3.89 on, and
# path-based routing needs them so: older servers are not given a name that ages badly.
NAME = re.compile(r"[a-z0-9-][a-z0-9_.-]*")


def name_problem(name: str) -> str | None:
    if not name:
        return "a name for the repository"
    if name != name.lower():
        return "lower case: docker repository names must be, from Nexus 3.89 on"
    if not NAME.fullmatch(name):
        return "letters, digits, - _ . and no _ or . at the beginning"
    return None


def existing_proxy(session: Session, name: str) -> DockerProxy | None:
    """The docker proxy of this name, None when the name is free. Raises WizardError when the
    name is taken by something else; names are unique ignoring case, over all formats."""
    taken = next((r for r in session.repositories if r.name.lower() == name.lower()), None)
    if taken is None:
        return None
    if (taken.format, taken.type) != ("docker", "proxy") or taken.name != name:
        raise WizardError(
            "repository-name-taken",
            tried=f"looking whether the name {name} is free",
            came_back=f"there is a repository {taken.name}, {taken.format} ({taken.type})",
            cause="names are unique over all formats, ignoring case",
            next_step="choose another name",
        )
    return session.nexus.docker_proxy(name)


def apply(session: Session, change: changes.Change, report: Report, cancel: Cancel) -> None:
    """Send the change, read it back, wait for the connector. Raises WizardError; a repository
    that was just created and whose connector does not answer is removed again."""
    verb = "create" if isinstance(change, changes.CreateProxy) else "change"
    report(Check("apply", f"{verb} {change.repository}", "running"))
    changes.apply(change, session.nexus, session.journal)
    done = f"{verb}d {change.repository}"
    report(Check("apply", done, "done", "read back: as sent"))
    session.refresh()
    docker = change.wanted.docker
    port = docker.http_port or docker.https_port
    if port is None:
        return
    scheme = "http" if docker.http_port else "https"
    try:
        wait_for_connector(session, port, scheme, report, cancel)
    except BaseException:  # also when cancelled: nothing half-made stays
        if isinstance(change, changes.CreateProxy):
            changes.take_back(change, session.nexus, session.journal)
            session.refresh()
            report(Check("apply", done, "skipped", "removed again"))
        raise


def wait_for_connector(
    session: Session, port: int, scheme: str, report: Report, cancel: Cancel
) -> None:
    """Nexus answers before the connector is open, and says nothing when it cannot open it."""
    import time

    address = session.address(port)
    report(Check("connector", f"the connector answers at {address}", "running"))
    deadline = time.monotonic() + CONNECTOR_SECONDS
    with session.connector(port, scheme) as registry:
        while True:
            try:
                _ping(registry, address)
                break
            except WizardError as error:
                if time.monotonic() > deadline or error.code == "connector-other-service":
                    raise _explained(error, session, port, scheme) from error
            cancel.wait(POLL_SECONDS)
    report(Check("connector", f"the connector answers at {address}", "done"))


def _ping(registry: Registry, address: str) -> None:
    ping = registry.ping()
    if not (ping.api_version or "").startswith("registry/"):
        raise WizardError(
            "connector-other-service",
            tried=f"GET /v2/ at {address}",
            came_back=f"{ping.status} from something that is no registry",
            cause="another program listens on this port, so Nexus could not open it",
            next_step="go back and choose another port",
        )


def _explained(error: WizardError, session: Session, port: int, scheme: str) -> WizardError:
    if error.code == "connector-other-service":
        return error
    address = session.address(port)
    if scheme == "https":
        code, cause = (
            "connector-https-without-keystore",
            "Nexus has no HTTPS keystore (it only logs that), or the port is not published",
        )
        step = "go back and choose HTTP, or give Nexus a keystore first"
    elif port < 1024:
        code, cause = "connector-privileged-port", "Nexus may not open ports below 1024"
        step = "go back and choose a port above 1023"
    else:
        code, cause = (
            "connector-not-published",
            "the port of the container is not published, or a firewall or another program has it",
        )
        step = f"publish the port (docker run ... -p {port}:{port}) or go back and choose another"
    return WizardError(
        code,
        tried=f"reaching the connector at {address} for {CONNECTOR_SECONDS:.0f} s",
        came_back=error.problem.came_back,
        cause=cause,
        next_step=step,
    )


def remote_problem(url: str) -> str | None:
    """Why ``url`` is not the remote storage that the guide needs; None when it is."""
    text = url.strip()
    if text == plan.REMOTE_URL:
        return None
    if text.rstrip("/") == plan.REMOTE_URL.rstrip("/"):
        return f"exactly {plan.REMOTE_URL}, with the slash at the end"
    if text.startswith(plan.REMOTE_URL):
        return f"exactly {plan.REMOTE_URL}: with a path every image is unknown"
    if text.startswith("http://"):
        return f"exactly {plan.REMOTE_URL}: the registry speaks HTTPS only"
    return f"exactly {plan.REMOTE_URL}: this guide makes a cache of that registry"
