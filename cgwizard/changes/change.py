"""What must change in Nexus to reach the plan: previewed, applied, verified, undone.

Every change is computed against what Nexus says now, so that doing it twice changes nothing
the second time: what is already as wanted gives no change at all.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.changes.read_back import NOT_KNOWN, read_back
from cgwizard.errors import Cancelled, Code, WizardError

if TYPE_CHECKING:
    from cgwizard.changes.journal import EntryKind, EntryState, Journal
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import DockerProxy

PROXIES_PATH = "/service/rest/v1/repositories/docker/proxy"
SOON_SECONDS = 3.0
# Failures after which Nexus, or what stands before it, may have done what was asked all the same.
MAYBE_DONE = {
    Code.CLIENT_PROXY_IN_THE_WAY,
    Code.NEXUS_ANSWER_BROKEN,
    Code.NEXUS_ANSWER_TOO_BIG,
    Code.NEXUS_ANSWER_UNEXPECTED,
    Code.NEXUS_NO_ANSWER,
    Code.NEXUS_REDIRECTED,
    Code.NEXUS_SERVER_ERROR,
    Code.NEXUS_TOO_SLOW,
    Code.NEXUS_UNAVAILABLE,
}


class Change(ABC):
    """One request that changes Nexus, with the way back."""

    kind: ClassVar[EntryKind]
    creates: ClassVar[bool] = True  # else it changes what is there

    @property
    @abstractmethod
    def name(self) -> str:
        """Of the repository, role or user."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, as an order: "create the docker proxy chainguard"."""

    @abstractmethod
    def request_line(self, base_url: str) -> str: ...

    @abstractmethod
    def body(self, version: str | None) -> dict[str, Any]:
        """What is sent, passwords replaced."""

    def settings_before(self, version: str | None) -> dict[str, Any] | None:
        """For the journal, in the form of `body`; None where nothing was there."""
        return None

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

    @abstractmethod
    def is_done(self, client: NexusClient) -> bool:
        """Whether Nexus has it, after a request whose answer was lost. Raises WizardError."""

    @abstractmethod
    def verify(self, client: NexusClient) -> None:
        """Read it back and compare. Raises WizardError when it is not as wanted."""


class ProxyChange(Change):
    kind = "repository"

    def __init__(self, wanted: DockerProxy) -> None:
        self.wanted = wanted

    @property
    def name(self) -> str:
        return self.wanted.name

    @property
    def repository(self) -> str:
        return self.wanted.name

    def body(self, version: str | None) -> dict[str, Any]:
        return self.wanted.redacted_request(version)

    def verify(self, client: NexusClient) -> None:
        verify(self, client)


class CreateProxy(ProxyChange):
    @property
    def title(self) -> str:
        return f"create the docker proxy {self.repository}"

    def request_line(self, base_url: str) -> str:
        return f"POST {base_url}{PROXIES_PATH}"

    def apply(self, client: NexusClient) -> None:
        client.create_docker_proxy(self.wanted)

    def undo(self, client: NexusClient) -> None:
        try:
            client.delete_repository(self.repository)
        except WizardError as error:
            if error.code != Code.NEXUS_NOT_FOUND:  # gone already is as good
                raise

    def is_done(self, client: NexusClient) -> bool:
        found = client.docker_proxy(self.repository)
        return found is not None and not found.differences(self.wanted)


class UpdateProxy(ProxyChange):
    creates = False

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

    def preview(self, base_url: str, version: str | None) -> tuple[str, ...]:
        """With who stops working by it."""
        was, wanted = self.before.docker.ports, self.wanted.docker.ports
        new = f"until they use {' or '.join(map(str, wanted))}" if wanted else "through it"
        lost = [f"Clients that use port {p} stop working {new}." for p in was if p not in wanted]
        return (*lost, *([""] if lost else []), *super().preview(base_url, version))

    def undo(self, client: NexusClient) -> None:
        """Raises WizardError("change-not-undone") where the former password is not known."""
        if self.before.credentials_needed:
            raise WizardError(
                Code.CHANGE_NOT_UNDONE,
                tried=f"restoring {self.repository} as it was",
                came_back="its former password is not known: Nexus never tells a stored one",
                cause="a change replaces the whole repository, its password included",
                next_step="set its upstream credentials again in Nexus, if they should come back",
            )
        client.update_docker_proxy(self.before)

    def is_done(self, client: NexusClient) -> bool:
        self.apply(client)  # doing it twice is doing it once, and a password is not told
        return True

    def settings_before(self, version: str | None) -> dict[str, Any] | None:
        return self.before.redacted_request(version)


def change_for(wanted: DockerProxy, existing: DockerProxy | None) -> ProxyChange | None:
    """The change that leads from ``existing`` to ``wanted``; None when there is nothing to do."""
    if existing is None:
        return CreateProxy(wanted)
    if not existing.differences(wanted):
        return None
    return UpdateProxy(existing, wanted)


def apply(change: Change, client: NexusClient, journal: Journal) -> None:
    """Make the change and read it back. Raises WizardError with nothing half-made left behind;
    where Nexus could not be asked or told any more, the error says what may be left. What Nexus
    took and then does not know stays in the journal as ``applied``: nothing is deleted for that.

    Raises Cancelled: while the request is under way the journal's last word is ``begun`` and
    Nexus must be asked what became of it; after it, ``applied``, and the caller takes it back.
    """
    version = client.version
    before, after = change.settings_before(version), change.body(version)

    def note(state: EntryState) -> None:
        settings = {} if state == "failed" else {"before": before, "after": after}
        journal.write(change.title, change.name, state, kind=change.kind, **settings)

    note("begun")
    try:
        change.apply(client)
    except WizardError as error:
        if error.code not in MAYBE_DONE:
            note("failed")
            raise
        if not _done_after_all(change, client, error):
            raise
    note("applied")
    try:
        read_back(change, client)
    except WizardError as error:
        if error.code in NOT_KNOWN:
            # Another node may have it: it is not deleted, and undo finds it in the journal.
            raise
        try:
            take_back(change, client, journal)
        except WizardError as left:
            raise left_behind(change, error, left) from error
        raise


def _done_after_all(change: Change, client: NexusClient, error: WizardError) -> bool:
    """Whether a request whose answer was lost did its work, by what Nexus says now."""
    try:
        return change.is_done(client)
    except WizardError as silent:
        raise WizardError(
            Code.CHANGE_UNKNOWN,
            tried=f"to {change.title}",
            came_back=f"{error.problem.came_back}; then {silent.problem.came_back}",
        ) from error


def left_behind(change: Change, error: WizardError | None, left: WizardError) -> WizardError:
    """``error`` (None: the user cancelled) with what could not be taken back after it."""
    how = "as it was made" if change.creates else "as changed"
    stays = f"{change.name} stays in Nexus {how}"
    if error is None:
        return left.but(
            Code.CHANGE_NOT_UNDONE,
            tried=f"undoing what was cancelled: {change.title}",
            next_step=f"{stays}; Enter here goes on from there",
        )
    return error.but(next_step=f"{stays} ({left.code}); {error.problem.next_step}")


def verify(change: ProxyChange, client: NexusClient) -> None:
    """Read the repository back and compare. Raises WizardError when it is not as wanted."""
    found = client.docker_proxy(change.repository)
    tried = f"reading back the repository {change.repository}"
    if found is None:
        raise WizardError(
            Code.REPOSITORY_NOT_FOUND_AFTER_CHANGE, tried=tried, came_back="Nexus does not know it"
        )
    differences = found.differences(change.wanted)
    if differences:
        told = "; ".join(f"{member} is {is_}, not {wanted}" for member, is_, wanted in differences)
        raise WizardError(Code.REPOSITORY_NOT_AS_SENT, tried=tried, came_back=told)


def take_back(change: Change, client: NexusClient, journal: Journal) -> None:
    change.undo(client)
    journal.write(change.title, change.name, "undone", kind=change.kind)


def take_back_soon(
    change: Change, client: NexusClient, journal: Journal, until: float | None = None
) -> None:
    """After the user cancelled, who has waited enough: in a few seconds, or not at all.
    ``until``: by the monotonic clock, where several changes share those seconds.
    Raises WizardError."""
    limit, before = Cancel(), client.cancel
    seconds = SOON_SECONDS if until is None else max(0.0, until - time.monotonic())
    timer = threading.Timer(seconds, limit.set)
    timer.daemon = True
    client.cancel = limit
    timer.start()
    try:
        take_back(change, client, journal)
    except Cancelled as late:
        raise WizardError(
            Code.NEXUS_NO_ANSWER,
            tried=f"undoing: {change.title}",
            came_back=f"nothing from {client.base_url} within {SOON_SECONDS:.0f} s",
            cause="Nexus is overloaded or gone",
            next_step="try again when it answers",
        ) from late
    finally:
        timer.cancel()
        client.cancel = before
