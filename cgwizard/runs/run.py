"""`Run`: what ties a session to its saved file and to the lock on its Nexus."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.runs import saved
from cgwizard.runs.lock import Lock
from cgwizard.runs.saved import SavedRun

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.guide.session import Session
    from cgwizard.guide.shown import Report
    from cgwizard.guide.step import Step


class Run:
    """Made with the session; ``folder`` is the program's state folder.

    ``resumed``: the run to resume: its answers are filled in and its journal continues.
    """

    def __init__(self, session: Session, folder: Path, resumed: SavedRun | None = None) -> None:
        self.session = session
        self.folder = folder
        self.resumed = resumed
        self.looking = False  # another cgwizard has this Nexus: nothing is changed, nothing saved
        self.started = resumed.started if resumed else time.time()
        self._lock: Lock | None = None

    def claim(self, nexus: str) -> None:
        """Be the one run for ``nexus``. Raises WizardError ``run-in-use``. On a full disk nobody
        can be kept out: `save` tells so and tries again."""
        lock = self._lock_of(nexus)
        if self.looking:
            return
        try:
            lock.acquire()
        except WizardError as error:
            if error.code != Code.RUN_NOT_SAVED:
                raise

    def take_over(self, nexus: str) -> None:
        """End the other run in order and be the one. Raises WizardError."""
        self._lock_of(nexus).take_over()
        self.looking = False

    def taken_by(self) -> str:
        """Who took this run over and ended this process; empty where nobody did."""
        return self._lock.taken_by() if self._lock is not None else ""

    def look(self) -> None:
        """Leave it to the other one: look, and change nothing."""
        self.looking = True

    def save(self) -> None:
        """After each confirmed step. Raises WizardError ``run-not-saved``: the guide goes on; and
        ``run-in-use`` where another one began while there was no room for a lock."""
        if self.looking or self._lock is None:
            return
        try:
            self._lock.acquire()
        except WizardError as error:
            self.looking = error.code == Code.RUN_IN_USE
            raise
        saved.save(self.session, self.folder / "runs", self.started)

    def go_on(self, report: Report, cancel: Cancel) -> Step | None:
        """After Connect: the step with which the resumed run goes on; None where there is none,
        or where it belongs to another Nexus."""
        from cgwizard.runs import resume

        earlier, nexus = self.resumed, self.session.nexus.base_url
        if earlier is None or earlier.nexus != nexus:
            return None
        if self.session.other_registry is None:
            chosen = msgspec.structs.replace(self.session.plan, registry=earlier.answers.registry)
            self.session.plan = chosen
        step = resume.go_on(self.session, earlier, report, cancel)
        self.resumed = None
        return step

    def close(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _lock_of(self, nexus: str) -> Lock:
        if self._lock is None or self._lock.nexus != nexus:
            self.close()
            self._lock = Lock(self.folder / "locks", nexus, self.session.journal.run)
        return self._lock
