"""Connectors: which ports docker repositories use, and which one is free. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from cgwizard.errors import Code, ExitCode, Problem, WizardError
from cgwizard.nexus.models import Repository
from cgwizard.text.sanitize import printable

# Sonatype's advice ("Docker Registry", "Docker Reverse Proxy Strategies"): each connector has
# its own threads. The server does not count them: warn, never refuse.
ADVISED_CONNECTORS = 20
FIRST_PORT = 5051
HIGHEST_PORT = 65535
FIRST_UNPRIVILEGED = 1024  # the official image runs Nexus as uid 200


class Connector(NamedTuple):
    port: int
    scheme: Literal["http", "https"]
    repository: str


def connectors(repositories: Iterable[Repository]) -> list[Connector]:
    """By port; the ports of repositories that the user may not administer are not among them."""
    found = []
    for repository in repositories:
        if repository.docker is not None:
            if repository.docker.http_port:
                found.append(Connector(repository.docker.http_port, "http", repository.name))
            if repository.docker.https_port:
                found.append(Connector(repository.docker.https_port, "https", repository.name))
    return sorted(found)


def propose(
    connectors: Iterable[Connector],
    *,
    own_port: int,
    listening: Callable[[int], bool | None] = lambda _port: None,
    start: int = FIRST_PORT,
    attempts: int = 50,
) -> int:
    """The first port from ``start`` that no connector, not Nexus itself and nothing else uses.

    ``listening`` says whether something answers there (None: not known, the port counts as free);
    it is asked for at most ``attempts`` ports. Raises WizardError("connector-no-free-port").
    """
    taken = {connector.port for connector in connectors} | {own_port}
    asked = 0
    for port in range(start, HIGHEST_PORT + 1):
        if port in taken:
            continue
        if asked == attempts:
            break
        asked += 1
        if not listening(port):
            return port
    raise WizardError(
        Code.CONNECTOR_NO_FREE_PORT,
        tried=f"ports from {start} on",
        came_back=f"{len(taken)} used by Nexus; something else answers on {asked} more",
    )


def validate_port(
    text: str,
    connectors: Iterable[Connector] = (),
    *,
    own_port: int | None = None,
    repository: str | None = None,
) -> int:
    """The port that ``text`` names, if a connector of ``repository`` may use it.

    Raises WizardError: connector-port-invalid, connector-port-of-nexus,
    connector-port-of-other-repository.
    """
    digits = text.strip(" \t\r\n\xa0")  # no more than `int` takes as well
    shown = printable(digits[:12])
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 5 else 0
    if not 1 <= number <= HIGHEST_PORT:
        raise _refused(
            Code.CONNECTOR_PORT_INVALID,
            shown or "nothing",
            "it is not a port",
            "ports are whole numbers from 1 to 65535",
            f"type a free port, such as {FIRST_PORT}",
        )
    if number == own_port:
        raise _refused(
            Code.CONNECTOR_PORT_OF_NEXUS,
            shown,
            "Nexus's own port",
            "the address of this Nexus has this port, so it cannot be a connector's, too",
            f"choose another, such as {FIRST_PORT}",
        )
    for connector in connectors:
        if connector.port == number and connector.repository != repository:
            raise _refused(
                Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY,
                shown,
                f"in use by the repository {connector.repository} ({connector.scheme})",
                "each connector needs a port of its own",
                "choose another port",
            )
    return number


def cautions(port: int, connectors: Iterable[Connector]) -> list[Problem]:
    """What to tell before ``port`` is used; nothing of it is a reason to refuse."""
    found = []
    if port < FIRST_UNPRIVILEGED:
        found.append(
            Problem(
                Code.CONNECTOR_PRIVILEGED_PORT,
                tried=f"port {port} for a connector",
                came_back="a port below 1024",
                cause="Nexus runs as an ordinary user and often may not open these; "
                "it would save the repository and only log the failure",
                next_step=f"choose a port from 1024 on, such as {FIRST_PORT}",
            )
        )
    used = {connector.port for connector in connectors}
    if len(used | {port}) > ADVISED_CONNECTORS:
        found.append(
            Problem(
                Code.CONNECTOR_MANY,
                tried=f"port {port} for a further connector",
                came_back=f"{len(used)} connectors are in use",
                cause=f"Nexus advises at most {ADVISED_CONNECTORS}: each has threads of its own; "
                "the server does not enforce it",
                next_step="go on, or free connectors (path-based routing, a reverse proxy)",
            )
        )
    return found


def unread(repositories: Iterable[Repository]) -> list[Problem]:
    """For repositories whose port has a form that cannot be read: it may be the same."""
    return [
        Problem(
            Code.CONNECTOR_PORT_UNREAD,
            tried=f"reading the port of the repository {printable(each.name[:60])}",
            came_back="Nexus tells it in a form that cannot be read",
            cause=Code.CONNECTOR_PORT_UNREAD.usual_cause,
            next_step=Code.CONNECTOR_PORT_UNREAD.usual_next_step,
        )
        for each in repositories
        if each.port_unread
    ]


def _refused(code: Code, shown: str, came_back: str, cause: str, next_step: str) -> WizardError:
    return WizardError(
        code,
        tried=f"{shown} as the port of a connector",
        came_back=came_back,
        cause=cause,
        next_step=next_step,
        exit_code=ExitCode.USAGE,
    )
