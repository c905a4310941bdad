"""What must change in Nexus to reach the plan: previewed, applied, verified, undone.

Every change is computed against what Nexus says now, so that doing it twice changes nothing
the second time: what is already as wanted gives no change at all.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import msgspec

from cgwizard.errors import WizardError

if TYPE_CHECKING:
    from cgwizard.journal import Journal
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import DockerProxy

PROXIES_PATH = "/service/rest/v1/repositories/docker/proxy"


class Change(ABC):
    """One request that changes Nexus, with the way back."""

    def __init__(self, wanted: DockerProxy) -> None:
        self.wanted = wanted

    @property
    def repository(self) -> str:
        return self.wanted.name

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, as an order: "create the docker proxy chainguard"."""

    @abstractmethod
    def request_line(self, base_url: str) -> str: ...

    def body(self, version: str | None) -> dict[str, Any]:
        """What is sent, passwords replaced."""
        return self.wanted.redacted_request(version)

    def preview(self, base_url: str, version: str | None) -> tuple[str, ...]:
        """The exact request as lines, the JSON body indented, passwords replaced."""
        text = msgspec.json.format(msgspec.json.encode(self.body(version)), indent=2).decode()
        return (
            self.request_line(base_url),
            "Content-Type: application/json",
            "",
            *text.split("\n"),
        )

    @abstractmethod
    def apply(self, client: NexusClient) -> None: ...

    @abstractmethod
    def undo(self, client: NexusClient) -> None: ...


class CreateProxy(Change):
    @property
    def title(self) -> str:
        return f"create the docker proxy {self.repository}"

    def request_line(self, base_url: str) -> str:
        return f"POST {base_url}{PROXIES_PATH}"

    def apply(self, client: NexusClient) -> None:
        client.create_docker_proxy(self.wanted)

    def undo(self, client: NexusClient) -> None:
        client.delete_repository(self.repository)


class UpdateProxy(Change):
    def __init__(self, before: DockerProxy, wanted: DockerProxy) -> None:
        super().__init__(wanted)
        self.before = before

    @property
    def title(self) -> str:
        return f"change the docker proxy {self.repository}"

    def request_line(self, base_url: str) -> str:
        return f"PUT {base_url}{PROXIES_PATH}/{self.repository}"

    def apply(self, client: NexusClient) -> None:
        client.update_docker_proxy(self.wanted)

    def undo(self, client: NexusClient) -> None:
        client.update_docker_proxy(self.before)


def change_for(wanted: DockerProxy, existing: DockerProxy | None) -> Change | None:
    """The change that leads from ``existing`` to ``wanted``; None when there is nothing to do."""
    if existing is None:
        return CreateProxy(wanted)
    if not existing.differences(wanted):
        return None
    return UpdateProxy(existing, wanted)


def apply(change: Change, client: NexusClient, journal: Journal) -> None:
    """Make the change and read it back. Raises WizardError with nothing half-made left behind."""
    version = client.version
    before = change.before.redacted_request(version) if isinstance(change, UpdateProxy) else None
    after = change.body(version)
    journal.write(change.title, change.repository, "begun", before=before, after=after)
    try:
        change.apply(client)
    except WizardError:
        journal.write(change.title, change.repository, "failed")
        raise
    journal.write(change.title, change.repository, "applied", before=before, after=after)
    try:
        verify(change, client)
    except WizardError:
        with contextlib.suppress(WizardError):  # the first failure is the one to tell
            take_back(change, client, journal)
        raise


def verify(change: Change, client: NexusClient) -> None:
    """Read the repository back and compare. Raises WizardError when it is not as wanted."""
    found = client.docker_proxy(change.repository)
    tried = f"reading back the repository {change.repository}"
    if found is None:
        raise WizardError(
            "repository-not-found-after-change",
            tried=tried,
            came_back="Nexus does not know it",
            cause="someone removed it meanwhile, or this user may not see it",
            next_step="give the user the right to read docker repositories, then try again",
        )
    differences = found.differences(change.wanted)
    if differences:
        told = "; ".join(f"{member} is {is_}, not {wanted}" for member, is_, wanted in differences)
        raise WizardError(
            "repository-not-as-sent",
            tried=tried,
            came_back=told,
            cause="Nexus changed what was sent, or someone else edited it meanwhile",
            next_step="look at the repository in Nexus, then try again",
        )


def take_back(change: Change, client: NexusClient, journal: Journal) -> None:
    change.undo(client)
    journal.write(change.title, change.repository, "undone")
