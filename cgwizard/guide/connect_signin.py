"""Signing in to Nexus, which locks a user out after a few wrong passwords: none is sent twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.guide.step import Fix, Step

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.models import Account
    from cgwizard.secrets.secret import Credentials

LOCKED_SECONDS = 15 * 60.0


class SignIn:
    """Remembers what Nexus refused, by its URL."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, Credentials]] = set()
        self._locked: dict[tuple[str, str], float] = {}  # when Nexus said so, by URL and user

    def sign_in(
        self, step: Step, client: NexusClient, credentials: Credentials, where: str
    ) -> Account:
        """Once. ``where`` the password was found; empty for one that was typed. Raises
        WizardError, also for what is not sent, and may give the step a fix."""
        self._refuse_again(step, client.base_url, credentials)
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

    def _refuse_again(self, step: Step, url: str, credentials: Credentials) -> None:
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

            def unlock() -> None:
                self._locked.pop((url, user), None)

            step.fix = Fix("sign in all the same", unlock)
            raise WizardError(
                Code.NEXUS_LOCKED_OUT,
                tried=tried,
                came_back=f"not sent: about {left // 60 + 1:.0f} of the 15 minutes are left",
                cause="each try while a name is locked starts its 15 minutes anew",
                next_step="wait; where Nexus was restarted since, Enter sends it now",
            )


def _outdated(error: WizardError, where: str) -> WizardError:
    """A refused sign-in whose password was kept."""
    return WizardError(
        Code.LOGIN_WRONG,
        tried=f"{error.problem.tried}, with the password from {where}",
        came_back=error.problem.came_back,
        cause="the password was changed since it was saved, or the account is disabled",
        next_step="type the password; it then replaces the one there",
    )
