"""A freshly made repository to compare with: made under a throw-away name, removed after."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.changes import change as changes
from cgwizard.diagnosis.connector import Connector, connector_of
from cgwizard.diagnosis.model import (
    Finding,
    Started,
    Subject,
    Target,
    ok,
    problem,
    skipped,
    told,
    warning,
)
from cgwizard.diagnosis.names import reference_of, wrong_name
from cgwizard.diagnosis.probe import Probe, probe
from cgwizard.diagnosis.repository import settings
from cgwizard.diagnosis.server import account
from cgwizard.errors import Cancelled, Code, WizardError

if TYPE_CHECKING:
    from cgwizard.nexus.models import DockerProxy, Repository
    from cgwizard.registry.client import Registry

PREFIX = "cgwizard-compare-"
CHECK = "fresh-repository"
LABEL = "A freshly made repository serves the same image"
EXPLANATION = (
    f"This changes Nexus: a docker (proxy) named {PREFIX}... is created on a free port, asked "
    "for the same images, and removed again. Other repositories are not touched."
)
CONNECTOR_SECONDS = 10.0
POLL_SECONDS = 0.1

Report = Callable[[Finding | Started], None]


def compare_with_fresh(subject: Subject, report: Report, cancel: Cancel) -> list[Finding]:
    """Make a repository with Nexus's own settings, ask it for the same images, remove it.

    It writes to Nexus: ask the user first. It is removed in every case, also when cancelled;
    should Nexus die in between, its name tells what it is. Raises Cancelled.
    """
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        finding = msgspec.structs.replace(
            finding, check=CHECK, slug=finding.slug or CHECK, label=finding.label or LABEL
        )
        found.append(finding)
        report(finding)

    report(Started(CHECK, LABEL))
    try:
        with subject.stopped_by(cancel):
            _compare(subject, tell, cancel)
    except WizardError as error:
        tell(told(error.problem))
    return found


def _compare(subject: Subject, tell: Callable[[Finding], None], cancel: Cancel) -> None:
    if subject.nexus is None or subject.connector is None or subject.journal is None:
        tell(skipped("needs the step Connect to be done"))
        return
    account(subject)
    repositories = subject.nexus.repositories()
    for repository in repositories:
        if repository.name.startswith(PREFIX):
            tell(_left_behind(repository.name))
    wanted = cancel.run(lambda: _wanted(subject, repositories))
    with _made(subject, wanted, tell):
        make = subject.connector
        port = wanted.docker.http_port or 0
        with make(port, "http") as registry:
            _wait(registry, cancel)
            for target in subject.targets:
                verdict = partial(_verdict, subject, target, registry, wanted)
                tell(cancel.run(verdict, partial(_abort, subject, registry)))


def _abort(subject: Subject, fresh: Registry) -> None:
    fresh.abort()
    subject.abort()


def _wanted(subject: Subject, repositories: list[Repository]) -> DockerProxy:
    from cgwizard.nexus.models import DockerProxy
    from cgwizard.nexus.ports import connectors, propose

    address = urlsplit(subject.client.base_url)
    port = propose(
        connectors(repositories),
        own_port=address.port or (443 if address.scheme == "https" else 80),
        listening=lambda port: _listening(subject.host.strip("[]"), port),
    )
    token = subject.pull_token if subject.private else None
    # It asks everybody to sign in, so that it shows private images to nobody else meanwhile.
    return DockerProxy.new(
        f"{PREFIX}{secrets.token_hex(4)}",
        port,
        blob_store=_blob_store(subject),
        credentials=token.credentials if token else None,
    )


def _listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def _blob_store(subject: Subject) -> str:
    for target in subject.repositories:
        if (found := settings(subject, target)) is not None:
            return found.storage.blob_store_name
    return "default"


@contextmanager
def _made(subject: Subject, wanted: DockerProxy, tell: Callable[[Finding], None]) -> Iterator[None]:
    journal = subject.journal
    if journal is None:
        raise RuntimeError("a comparison without a journal")
    change = changes.CreateProxy(wanted)
    made, undo = False, changes.take_back
    try:
        changes.apply(change, subject.client, journal)
        made = True
        yield
    except Cancelled:
        made, undo = journal.tried(wanted.name), changes.take_back_soon
        raise
    finally:
        if made:
            try:
                undo(change, subject.client, journal)
            except WizardError as error:
                if error.code != Code.NEXUS_NOT_FOUND:
                    tell(_left_behind(wanted.name, error.problem.came_back))


def _left_behind(name: str, why: str = "") -> Finding:
    return warning(
        Code.COMPARE_LEFT_BEHIND,
        f"there is a repository {name}" + (f": {why}" if why else ""),
        "it was made for such a comparison and could not be removed then",
        f"delete {name} in Nexus; nobody needs it",
        label=f"The throw-away repository {name}",
    )


def _wait(registry: Registry, cancel: Cancel) -> None:
    """Nexus answers before the connector is open."""
    deadline = time.monotonic() + CONNECTOR_SECONDS
    while True:
        try:
            cancel.run(registry.ping, registry.abort)
            return
        except WizardError:
            if time.monotonic() > deadline:
                raise
        cancel.wait(POLL_SECONDS)


def _verdict(subject: Subject, target: Target, registry: Registry, fresh: DockerProxy) -> Finding:
    label = f"A freshly made repository serves {target.image}"
    if wrong_name(subject, target):
        return skipped("its name is not a possible one", label=label)
    reference = reference_of(target)
    new = probe(registry, reference.repository, reference.target)
    old = _old(subject, target)
    if old is None:
        finding = ok(new.evidence) if new.error is None else told(new.error.problem)
    elif new.error is None and old.error is not None:
        finding = problem(
            Code.COMPARE_ONLY_FRESH_WORKS,
            f"{target.repository}: {old.error.problem.came_back}; the fresh one: {new.evidence}",
            _difference(subject, target, fresh),
            f"make {target.repository} anew, or give it the settings of a new one",
        )
    elif new.error is not None and old.error is not None:
        finding = problem(
            Code.COMPARE_BOTH_FAIL,
            f"{target.repository}: {old.error.problem.came_back}; "
            f"the fresh one: {new.error.problem.came_back}",
            f"it is not {target.repository} that is wrong, but what both need: Nexus's way to the "
            "registry, the pull token or the image's name",
            "look at the network, the token and the name",
        )
    elif new.error is not None:
        finding = warning(
            Code.COMPARE_ONLY_FRESH_FAILS,
            f"the fresh one: {new.error.problem.came_back}",
            f"{target.repository} serves what it has cached, or has something that a new one lacks",
            "look whether images that were never pulled arrive",
        )
    else:
        finding = ok(f"both serve it; {new.evidence}")
    return msgspec.structs.replace(finding, label=label)


def _old(subject: Subject, target: Target) -> Probe | None:
    """The same, asked of the repository that is compared; None where there is none."""
    found: Connector | None = connector_of(subject, target)
    if found is None or subject.connector is None:
        return None
    make = subject.connector
    registry = subject.registry(f"connector {found}", lambda: make(found.port, found.scheme))
    reference = reference_of(target)
    return probe(registry, reference.repository, reference.target)


def _difference(subject: Subject, target: Target, fresh: DockerProxy) -> str:
    found = settings(subject, target)
    own = {"docker.httpPort", "docker.httpsPort"}
    differences = [
        f"{member} is {is_}, in a new one {wanted}"
        for member, is_, wanted in (found.differences(fresh) if found else [])
        if member not in own
    ]
    if differences:
        return f"settings: {'; '.join(differences)}"
    return "its settings are those of a new one: what it remembers of earlier failures is the cause"
