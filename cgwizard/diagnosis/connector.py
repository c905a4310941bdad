"""Check of the connectors: does a registry answer on the repository's own port, and is it Nexus?"""

from __future__ import annotations

from collections.abc import Iterator

from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.facts import (
    ConnectorPort,
    anonymous_client,
    connector_of,
    existing,
    server,
    settings,
)
from cgwizard.diagnosis.finding import Finding, ok, problem, warning
from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.errors import Code, WizardError
from cgwizard.text.sanitize import shortened

NO_ANSWER = frozenset({Code.REGISTRY_REFUSED, Code.REGISTRY_TIMEOUT, Code.REGISTRY_UNREACHABLE})
# The port accepts connections, and then something comes that no registry says.
ANOTHER_PROGRAM = frozenset(
    {
        Code.REGISTRY_CUT,
        Code.REGISTRY_ANSWER,
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        Code.REGISTRY_NO_ANSWER,
        Code.REGISTRY_STALLED,
    }
)


@check("connector", "The connector answers", needs=("signed_in", "free", "connector"))
def answers(subject: Subject) -> Iterator[Finding]:
    for image, _ in existing(subject):
        label = f"The connector of {image.repository} answers"
        found = connector_of(subject, image)
        wrong = connector_fault(subject, image)
        if wrong is not None:
            yield wrong.labeled(label)
        elif found is not None:
            yield ok(f"port {found.port}, {found.scheme.upper()}", label=label)


def connector_fault(subject: Subject, image: WantedImage) -> Finding | None:
    """What is wrong with the repository's connector; None where it answers as Nexus's do."""
    return subject.fact(f"connector {image.repository}", lambda: _look(subject, image))


def _look(subject: Subject, image: WantedImage) -> Finding | None:
    found, registry = connector_of(subject, image), anonymous_client(subject, image)
    if found is None or registry is None:
        return _without_port(subject, image)
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


def _without_port(subject: Subject, image: WantedImage) -> Finding:
    found = settings(subject, image)
    path = found is not None and found.docker.path_enabled
    return warning(
        Code.REPOSITORY_WITHOUT_CONNECTOR,
        f"{image.repository} has no port of its own" + (", and is reached by path" if path else ""),
    )


def _another_program(found: ConnectorPort, evidence: str) -> Finding:
    return problem(
        Code.CONNECTOR_OTHER_SERVICE,
        evidence,
        "another program listens on this port, so that Nexus could not open it (it only logs that)",
        f"stop that program and restart Nexus, or choose another port than {found.port}",
    )


def _unanswered(error: WizardError, found: ConnectorPort, where: str) -> Finding:
    evidence = f"GET /v2/ at {where}: {error.problem.came_back}"
    if error.code in ANOTHER_PROGRAM:
        return _another_program(found, evidence)
    if error.code not in NO_ANSWER:
        return problem(error.code, evidence, error.problem.cause, error.problem.next_step)
    if error.code == Code.REGISTRY_TIMEOUT:
        code = Code.CONNECTOR_FIREWALLED
        cause = "a firewall drops connections to this port"
        step = f"ask for TCP port {found.port} of the Nexus server to be opened"
    elif found.scheme == "https":
        code = Code.CONNECTOR_HTTPS_WITHOUT_KEYSTORE
        cause = "Nexus has no HTTPS keystore (it only logs that), or the port is not published"
        step = "give the repository an HTTP port instead, or Nexus a keystore"
    elif found.port < 1024:
        code = Code.CONNECTOR_PRIVILEGED_PORT
        cause = "Nexus runs as a user that may not open ports below 1024"
        step = "give the repository a port above 1023"
    else:
        code = Code.CONNECTOR_NOT_PUBLISHED
        cause = "the container does not publish the port, or Nexus could not open it (see its log)"
        step = f"publish it (docker run ... -p {found.port}:{found.port}), or choose another port"
    return problem(code, evidence, cause, step)
