"""Signing in to Nexus, which locks a user out after a few wrong passwords: none is sent twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import Account
    from cgwizard.secrets.secret import Credentials

LOCKED_SECONDS = 15 * 60.0


class HeldBack(WizardError):
    """A sign-in that was not sent, because Nexus has locked the user out for some minutes."""


class SignIn:
    """Remembers what Nexus refused, by its URL."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, Credentials]] = set()
        self._locked: dict[tuple[str, str], float] = {}  # when Nexus said so, by URL and user

    def sign_in(self, client: NexusClient, credentials: Credentials, where: str) -> Account:
        """Once. ``where`` the password was found; empty for one that was typed. Raises
        WizardError, also for what is not sent, and HeldBack."""
        self._refuse_again(client.base_url, credentials)
        client.credentials = credentials
        try:
            return client.sign_in()
        except WizardError as error:
            if error.code == Code.NEXUS_LOCKED_OUT:
                self._locked[client.base_url, credentials.username] = time.monotonic()
            if error.code != Code.LOGIN_WRONG:
                raise
            self._refused.add((client.base_url, credentials))
            if where:
                raise _outdated(error, where) from error
            raise

    def _refuse_again(self, url: str, credentials: Credentials) -> None:
        user = credentials.username
        tried = f"signing in as {user}"
        if (url, credentials) in self._refused:
            raise WizardError(
                Code.LOGIN_WRONG,
                tried=tried,
                came_back="not sent: Nexus refused this password a moment ago",
                cause="Nexus locks a user out after a few wrong passwords, so none is sent twice",
                next_step="type another password or another user",
            )
        left = LOCKED_SECONDS - (time.monotonic() - self._locked.get((url, user), -LOCKED_SECONDS))
        if left > 0:
            raise HeldBack(
                Code.NEXUS_LOCKED_OUT,
                tried=tried,
                came_back=f"not sent: about {left // 60 + 1:.0f} of the 15 minutes are left",
                cause="each try while a name is locked starts its 15 minutes anew",
                next_step="wait; where Nexus was restarted since, Enter sends it now",
            )

    def unlock(self, url: str, user: str) -> None:
        """Send the next one in any case."""
        self._locked.pop((url, user), None)


def _outdated(error: WizardError, where: str) -> WizardError:
    """A refused sign-in whose password was kept."""
    return error.but(
        tried=f"{error.problem.tried}, with the password from {where}",
        cause="the password was changed since it was saved, or the account is disabled",
        next_step="type the password; it then replaces the one there",
    )
