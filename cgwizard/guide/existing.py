"""A repository that is there already: what can be done with it, and what works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.changes import change as changes
from cgwizard.errors import Code, WizardError
from cgwizard.guide import connector, docker_proxy, routing
from cgwizard.guide.shown import Check, Choice, Report
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.nexus.docker_proxy import DockerProxy

USE = Choice("use", "use it as it is")
CHANGE = Choice("change", "change it as shown")
# What a change sets right; what an administrator took out of use stays so.
CHANGEABLE = frozenset({Code.REMOTE_URL_PATH, Code.REPOSITORY_WITHOUT_CONNECTOR})


def choices(session: Session, there: DockerProxy | None) -> tuple[Choice, ...]:
    """The first one is proposed: it works, and it changes nothing that others made."""
    if there is None:
        return ()
    unusable = docker_proxy.unusable(there)
    if unusable is None:
        return USE, CHANGE
    leave = Choice("leave", f"leave it, create {other_name(session, there.name)}")
    return (leave, CHANGE) if unusable.code in CHANGEABLE else (leave,)


def other_name(session: Session, name: str) -> str:
    """``name`` with the first number that makes it one that no repository has."""
    taken = {repository.name.lower() for repository in session.repositories}
    number = 2
    while (found := f"{name[: plan.MAX_NAME - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return found


def adjusted(session: Session, there: DockerProxy) -> DockerProxy:
    """``there`` as the answers want it; all else of it stays."""
    routing = session.routing
    https = routing.scheme == "https"
    return there.adjusted(remote_url=plan.REMOTE_URL, port=routing.port, https=https)


def use(
    session: Session, there: DockerProxy | None, report: Report, cancel: Cancel
) -> plan.Routing:
    """Take the repository as it is; returns its own connector. Raises WizardError and
    Cancelled."""
    if there is None:  # no change and nothing there: `change_for` never says so
        raise RuntimeError("there is nothing to use")
    name = there.name
    report(Check("apply", f"use {name} as it is", "running"))
    if refusal := docker_proxy.unusable(there):
        raise refusal
    docker = there.docker
    port = docker.http_port or docker.https_port or 0
    scheme: plan.Scheme = "http" if docker.http_port else "https"
    report(Check("apply", f"use {name} as it is", "done"))
    connector.wait_for_connector(session, port, scheme, report, cancel)
    return plan.Routing(port, scheme)


def refuse_lost_credentials(change: changes.ProxyChange) -> None:
    """Nexus never tells a stored password and a PUT replaces everything. Raises WizardError."""
    if isinstance(change, changes.UpdateProxy) and change.before.has_credentials:
        raise WizardError(
            Code.CREDENTIALS_WOULD_BE_LOST,
            tried=f"preparing the change of {change.repository}",
            came_back="it holds upstream credentials, which Nexus does not tell",
        )


def refuse_taken_port(session: Session, there: DockerProxy | None, report: Report) -> None:
    """Nexus saves a repository whose port is taken, and only logs that it has no connector.
    Raises WizardError where the port is not that of ``there``."""
    port = session.routing.port
    docker = there.docker if there else None
    if docker is None or port not in {docker.http_port, docker.https_port}:
        report(Check("apply", f"port {port}", "running"))
        routing.refuse_taken(session, port)
