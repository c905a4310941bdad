"""`SavedRun`: how far a run came, without a secret, in one file that is whole or not there."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.plan.model import Plan, dec_hook, enc_hook
from cgwizard.proof.result import Proof
from cgwizard.system import files
from cgwizard.text import decode
from cgwizard.text.units import ago

if TYPE_CHECKING:
    from cgwizard.guide.session import Session


class SavedRun(msgspec.Struct, frozen=True):
    """Times are seconds since the epoch."""

    version: Literal[1]
    run: str  # the journal's name for it
    nexus: str  # base URL
    user: str
    started: float
    saved: float
    step: str  # where it goes on: "pull"
    answers: Plan  # what was confirmed
    proofs: tuple[Proof, ...] = ()
    finished: bool = False
    token_ends: datetime | None = None  # the pull token itself is not saved

    @property
    def words(self) -> str:
        """One line for the question whether to go on."""
        return f"{self.nexus} as {self.user}, at the step {self.step!r}, saved {ago(self.saved)}"


def save(session: Session, folder: Path, started: float) -> SavedRun | None:
    """Write how far ``session`` is; None before Connect is through: there is nothing to go on with.

    Raises WizardError ``run-not-saved``; the file of before is then still there.
    """
    connect = session.plan.connect
    if connect is None:
        return None
    open_step = next((step for step in session.steps if not step.through), session.last)
    found = SavedRun(
        version=1,
        run=session.journal.run,
        nexus=connect.url,
        user=connect.user,
        started=started,
        saved=time.time(),
        step=open_step.id,
        answers=session.plan,
        proofs=tuple(session.proofs),
        # The last step only sums up.
        finished=open_step is session.last,
        token_ends=session.token_ends,
    )
    path = file_of(folder, found.run)
    try:
        files.write_whole(path, msgspec.json.encode(found, enc_hook=enc_hook))
    except OSError as error:
        raise files.unwritable(Code.RUN_NOT_SAVED, "how far this run is", path, error) from error
    return found


def read(path: Path) -> SavedRun:
    """Raises WizardError ``run-unreadable``, also for one that a newer cgwizard wrote."""
    try:
        found = decode.json(path.read_bytes(), SavedRun, dec_hook)
        if found.run != path.stem:  # a copy; by this name other files are found
            raise decode.Unreadable(f"it is of the run {found.run[:40]!r}")
        decode.url(found.nexus)
        decode.url(found.answers.connect.url if found.answers.connect else "")
        return found
    except (OSError, decode.Unreadable) as error:
        raise WizardError(
            Code.RUN_UNREADABLE,
            tried=f"reading the saved run {path}",
            came_back=str(error),
            cause="another version of cgwizard wrote it, or the file was damaged",
            next_step=f"remove it (rm {path}): a new run asks Nexus what is there",
        ) from error


def unfinished(folder: Path, nexus: str = "") -> list[SavedRun]:
    """The runs that can go on, newest first; those of another version are passed over."""
    found = []
    for path in folder.glob("*.json"):
        try:
            run = read(path)
        except WizardError:
            continue
        if not run.finished and (not nexus or run.nexus == nexus.rstrip("/")):
            found.append(run)
    return sorted(found, key=lambda run: run.saved, reverse=True)


def forget(folder: Path, run: str) -> bool:
    """Whether there was one. Raises OSError."""
    return files.remove(file_of(folder, run))


def file_of(folder: Path, run: str) -> Path:
    return folder / f"{run}.json"
