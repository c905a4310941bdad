"""Check of the connectors: does a registry answer on the repository's own port, and is it Nexus?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cgwizard.diagnosis.model import Finding, Subject, Target, ok, problem, warning
from cgwizard.diagnosis.repository import settings
from cgwizard.diagnosis.runner import check
from cgwizard.diagnosis.server import server
from cgwizard.errors import Code, WizardError
from cgwizard.text.sanitize import shortened

NO_ANSWER = {Code.REGISTRY_REFUSED, Code.REGISTRY_TIMEOUT, Code.REGISTRY_UNREACHABLE}
# The port takes connections, and what then comes is nothing that a registry says.
ANOTHER_PROGRAM = {
    Code.REGISTRY_CUT,
    Code.REGISTRY_ANSWER,
    Code.REGISTRY_NO_ANSWER,
    Code.REGISTRY_STALLED,
}


class Connector(NamedTuple):
    port: int
    scheme: str  # "http", "https"


def connector_of(subject: Subject, target: Target) -> Connector | None:
    """The connector that Nexus's settings name; None where the repository has none."""
    found = settings(subject, target)
    if found is None:
        return None
    if found.docker.http_port:
        return Connector(found.docker.http_port, "http")
    if found.docker.https_port:
        return Connector(found.docker.https_port, "https")
    return None


def answer(subject: Subject, target: Target) -> Finding | None:
    """None where the connector answers as one of Nexus's; else what is wrong with it."""
    return subject.fact(f"connector {target.repository}", lambda: _look(subject, target))


def _look(subject: Subject, target: Target) -> Finding | None:
    found = connector_of(subject, target)
    if found is None or subject.anonymous is None:
        return _without_port(subject, target)
    make = subject.anonymous
    registry = subject.registry(f"anonymous {found}", lambda: make(found.port, found.scheme))
    try:
        ping = registry.ping()
    except WizardError as error:
        return _unanswered(error, found, registry.name)
    theirs, ours = shortened(ping.server), server(subject).header
    another = ours.startswith("Nexus/") and theirs != ours
    if not ping.api_version.startswith("registry/") or another:
        return _another_program(
            found, f"{ping.status} from {theirs or 'something'} at {registry.name}"
        )
    return None


@check("connector", "The connector answers", needs=("signed_in", "free", "connector"))
def answers(subject: Subject) -> Iterator[Finding]:
    for target in subject.repositories:
        if settings(subject, target) is None:
            continue
        label = f"The connector of {target.repository} answers"
        found = connector_of(subject, target)
        wrong = answer(subject, target)
        if wrong is not None:
            yield Finding(
                wrong.slug, "", label, wrong.verdict, wrong.evidence, wrong.cause, wrong.next_step
            )
        elif found is not None:
            yield ok(f"port {found.port}, {found.scheme.upper()}", label=label)


def _without_port(subject: Subject, target: Target) -> Finding:
    found = settings(subject, target)
    path = found is not None and found.docker.path_enabled
    return warning(
        Code.REPOSITORY_WITHOUT_CONNECTOR,
        f"{target.repository} has no port of its own"
        + (", and is reached by path" if path else ""),
        "clients reach it by path, by a group or by a reverse proxy, which is not checked here",
        "give it a port to have it checked",
    )


def _another_program(found: Connector, evidence: str) -> Finding:
    return problem(
        Code.CONNECTOR_OTHER_SERVICE,
        evidence,
        "another program listens on this port, so that Nexus could not open it (it only logs that)",
        f"stop that program and restart Nexus, or choose another port than {found.port}",
    )


def _unanswered(error: WizardError, found: Connector, where: str) -> Finding:
    evidence = f"GET /v2/ at {where}: {error.problem.came_back}"
    if error.code in ANOTHER_PROGRAM:
        return _another_program(found, evidence)
    if error.code not in NO_ANSWER:
        return problem(error.code, evidence, error.problem.cause, error.problem.next_step)
    if error.code == Code.REGISTRY_TIMEOUT:
        slug = Code.CONNECTOR_FIREWALLED
        cause = "a firewall drops connections to this port"
        step = f"ask for TCP port {found.port} of the Nexus server to be opened"
    elif found.scheme == "https":
        slug = Code.CONNECTOR_HTTPS_WITHOUT_KEYSTORE
        cause = "Nexus has no HTTPS keystore (it only logs that), or the port is not published"
        step = "give the repository an HTTP port instead, or Nexus a keystore"
    elif found.port < 1024:
        slug = Code.CONNECTOR_PRIVILEGED_PORT
        cause = "Nexus runs as a user that may not open ports below 1024"
        step = "give the repository a port above 1023"
    else:
        slug = Code.CONNECTOR_NOT_PUBLISHED
        cause = "the container does not publish the port, or Nexus could not open it (see its log)"
        step = f"publish it (docker run ... -p {found.port}:{found.port}), or choose another port"
    return problem(slug, evidence, cause, step)
