"""What lets docker in without a sign-in, in all of Nexus: anonymous access and its realm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgwizard.changes.change import Change
from cgwizard.errors import Code, WizardError
from cgwizard.nexus.roles import ANONYMOUS, DOCKER_TOKEN, REALMS

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient

ANONYMOUS_NAME, REALMS_NAME = "anonymous access", "active realms"
DOCKER_USER = "anonymous"  # docker's way without a sign-in works with this user only


class SettingChange(Change):
    kind = "setting"
    creates = False

    def __init__(self, before: dict[str, Any]) -> None:
        self.before = before

    def body(self, version: str | None) -> dict[str, Any]:
        return self.wanted

    @property
    def wanted(self) -> dict[str, Any]:
        raise NotImplementedError

    def settings_before(self, version: str | None) -> dict[str, Any] | None:
        return self.before

    def apply(self, client: NexusClient) -> None:
        write(client, self.name, self.wanted)

    def undo(self, client: NexusClient) -> None:
        restore(client, self.name, self.before, self.wanted)

    def is_done(self, client: NexusClient) -> bool:
        return has(read(client, self.name), self.wanted)

    def verify(self, client: NexusClient) -> None:
        if not self.is_done(client):
            raise WizardError(
                Code.ROLE_OR_USER_NOT_AS_SENT,
                tried=f"reading back the setting {self.name}",
                came_back="Nexus has it as before",
            )


class OpenAnonymous(SettingChange):
    name = ANONYMOUS_NAME
    title = "switch anonymous access on"

    @property
    def wanted(self) -> dict[str, Any]:
        return self.before | {"enabled": True, "userId": DOCKER_USER}

    def request_line(self, base_url: str) -> str:
        return f"PUT {base_url}/service/rest{ANONYMOUS}"


class AddDockerRealm(SettingChange):
    name = REALMS_NAME
    title = f"add {DOCKER_TOKEN} to the active realms"

    @property
    def wanted(self) -> dict[str, Any]:
        return {"realms": [*self.before["realms"], DOCKER_TOKEN]}

    def request_line(self, base_url: str) -> str:
        return f"PUT {base_url}/service/rest{REALMS}"

    def preview(self, base_url: str, version: str | None) -> tuple[str, ...]:
        body = msgspec.json.encode(self.wanted["realms"]).decode()
        return (self.request_line(base_url), "Content-Type: application/json", "", body)


def read(client: NexusClient, name: str) -> dict[str, Any]:
    """Raises WizardError."""
    if name == ANONYMOUS_NAME:
        found: dict[str, Any] = msgspec.to_builtins(client.anonymous())
        return found
    return {"realms": client.active_realms()}


def write(client: NexusClient, name: str, settings: dict[str, Any]) -> None:
    if name == ANONYMOUS_NAME:
        client.security.set_anonymous(settings)
    else:
        client.security.set_realms(settings["realms"])


def has(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "realms" in wanted:
        return set(wanted["realms"]) <= set(found["realms"])
    return all(found.get(key) == value for key, value in wanted.items())


def restore(client: NexusClient, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Only what was changed, and only where it is as this program left it."""
    found = read(client, name)
    if not has(found, after):
        return
    if "realms" in after:
        added = set(after["realms"]) - set(before["realms"])
        before = {"realms": [realm for realm in found["realms"] if realm not in added]}
    write(client, name, before)
