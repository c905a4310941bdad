"""What several checks need to know. Each fact is found once in a run; a failure is kept as well.

All functions here raise WizardError where Nexus does not answer as it should.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.errors import Problem, WizardError

if TYPE_CHECKING:
    from cgwizard.nexus.models import Account, DockerProxy, RemoteStatus, Server
    from cgwizard.registry.client import Registry


class ConnectorPort(NamedTuple):
    port: int
    scheme: str  # "http", "https"


def server(subject: Subject) -> Server:
    """What answers where Nexus should be."""

    def work() -> Server:
        if subject.nexus is not None:
            return subject.nexus.server()
        from cgwizard.nexus.discovery import find

        with find(subject.url, None, subject.trust, lambda _url: None) as client:
            return client.server()

    return subject.fact("server", work)


def account(subject: Subject) -> Account:
    """The user's sign-in to Nexus. Nexus locks a user out after a few wrong passwords, so a
    password that was refused is not sent again."""

    def work() -> Account:
        if subject.refusal is not None:
            raise not_sent_again(subject.refusal)
        server(subject)
        return subject.client.sign_in()

    return subject.fact("account", work)


def not_sent_again(refusal: Problem) -> WizardError:
    came_back = f"{refusal.came_back} (a moment ago; not sent again)"
    return WizardError.of(refusal).but(came_back=came_back)


def settings(subject: Subject, image: WantedImage) -> DockerProxy | None:
    """The image's repository as Nexus has it; None where there is none."""
    name = image.repository
    return subject.fact(f"settings {name}", lambda: subject.client.docker_proxy(name))


def existing(subject: Subject) -> Iterator[tuple[WantedImage, DockerProxy]]:
    """The repositories that are there, with their settings."""
    for image in subject.repositories:
        found = settings(subject, image)
        if found is not None:
            yield image, found


def remote_status(subject: Subject, image: WantedImage) -> RemoteStatus | None:
    """What Nexus thinks of the repository's remote; None where it does not tell."""
    name = image.repository
    return subject.fact(f"status {name}", lambda: subject.client.remote_status(name))


def connector_of(subject: Subject, image: WantedImage) -> ConnectorPort | None:
    """The connector that the repository's settings name; None where it has none."""
    found = settings(subject, image)
    if found is None:
        return None
    if found.docker.http_port:
        return ConnectorPort(found.docker.http_port, "http")
    if found.docker.https_port:
        return ConnectorPort(found.docker.https_port, "https")
    return None


def signed_in_client(subject: Subject, image: WantedImage) -> Registry | None:
    """A client of the repository's connector that signs in as the user; None where the
    repository has no connector, or it cannot be asked. Raises WizardError where Nexus refused
    the sign-in, also at another connector."""
    account(subject)
    if subject.refusal is not None:
        raise not_sent_again(subject.refusal)
    make, found = subject.connector, connector_of(subject, image)
    if make is None or found is None:
        return None
    return subject.registry(f"connector {found}", lambda: make(*found))


def anonymous_client(subject: Subject, image: WantedImage) -> Registry | None:
    """The same, without a sign-in."""
    make, found = subject.anonymous, connector_of(subject, image)
    if make is None or found is None:
        return None
    return subject.registry(f"anonymous {found}", lambda: make(*found))


def upstream_client(subject: Subject) -> Registry:
    """A client of Chainguard's registry that does not sign in."""
    make = subject.upstream
    if make is None:
        raise RuntimeError("a check that needs the registry ran without it")
    return subject.registry("upstream", lambda: make(None))
