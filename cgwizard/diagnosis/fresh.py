"""Compares with a freshly made repository, which has a throw-away name and is removed after."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cgwizard.cancel import Cancel
from cgwizard.changes import change as changes
from cgwizard.diagnosis.facts import account, existing, not_sent_again, settings, signed_in_client
from cgwizard.diagnosis.finding import (
    Finding,
    Listener,
    Started,
    failure,
    ok,
    problem,
    skipped,
    warning,
)
from cgwizard.diagnosis.names import reference_of, wrong_name
from cgwizard.diagnosis.probe import Probe, probe
from cgwizard.diagnosis.subject import Subject, WantedImage
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


def compare_with_fresh(subject: Subject, report: Listener, cancel: Cancel) -> list[Finding]:
    """Make a repository with Nexus's own settings, ask it for the same images, remove it.

    This changes Nexus: ask the user first. The repository is removed in every case, also when
    the user cancels. Where Nexus dies before that, its name tells what it is. Raises Cancelled.
    """
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        finding = finding.of_check(CHECK, LABEL)
        found.append(finding)
        report(finding)

    report(Started(CHECK, LABEL))
    try:
        with subject.stopped_by(cancel):
            _compare(subject, tell, cancel)
    except WizardError as error:
        tell(failure(error.problem))
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
            for image in subject.images:
                verdict = partial(_verdict, subject, image, registry, wanted)
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
    # It demands a sign-in, so that nobody else can pull private images from it meanwhile.
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
    return next((found.storage.blob_store_name for _, found in existing(subject)), "default")


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
    """Nexus answers the request that made the repository before the connector is open."""
    deadline = time.monotonic() + CONNECTOR_SECONDS
    while True:
        try:
            cancel.run(registry.ping, registry.abort)
            return
        except WizardError:
            if time.monotonic() > deadline:
                raise
        cancel.wait(POLL_SECONDS)


def _verdict(
    subject: Subject, image: WantedImage, registry: Registry, fresh: DockerProxy
) -> Finding:
    label = f"A freshly made repository serves {image.name}"
    if wrong_name(subject, image):
        return skipped("its name is not a possible one", label=label)
    reference = reference_of(image)
    if subject.refusal is not None:
        raise not_sent_again(subject.refusal)
    new = probe(registry, reference.repository, reference.target)
    subject.heed(new.problem)
    old = _old(subject, image)
    if old is None:
        finding = ok(new.evidence) if new.error is None else failure(new.error.problem)
    elif new.error is None and old.error is not None:
        finding = problem(
            Code.COMPARE_ONLY_FRESH_WORKS,
            f"{image.repository}: {old.error.problem.came_back}; the fresh one: {new.evidence}",
            _difference(subject, image, fresh),
            f"make {image.repository} anew, or give it the settings of a new one",
        )
    elif new.error is not None and old.error is not None:
        finding = problem(
            Code.COMPARE_BOTH_FAIL,
            f"{image.repository}: {old.error.problem.came_back}; "
            f"the fresh one: {new.error.problem.came_back}",
            f"it is not {image.repository} that is wrong, but what both need: Nexus's way to the "
            "registry, the pull token or the image's name",
        )
    elif new.error is not None:
        finding = warning(
            Code.COMPARE_ONLY_FRESH_FAILS,
            f"the fresh one: {new.error.problem.came_back}",
            f"{image.repository} serves what it has cached, or has something that a new one lacks",
        )
    else:
        finding = ok(f"both serve it; {new.evidence}")
    return finding.labeled(label)


def _old(subject: Subject, image: WantedImage) -> Probe | None:
    """The same from the repository that is compared; None where there is none."""
    registry = signed_in_client(subject, image)
    if registry is None:
        return None
    reference = reference_of(image)
    found = probe(registry, reference.repository, reference.target)
    subject.heed(found.problem)
    return found


def _difference(subject: Subject, image: WantedImage, fresh: DockerProxy) -> str:
    found = settings(subject, image)
    own = {"docker.httpPort", "docker.httpsPort"}
    differences = [
        f"{member} is {is_}, in a new one {wanted}"
        for member, is_, wanted in (found.differences(fresh) if found else [])
        if member not in own
    ]
    if differences:
        return f"settings: {'; '.join(differences)}"
    return "its settings are those of a new one: what it remembers of earlier failures is the cause"
