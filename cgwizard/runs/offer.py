"""The question whether to go on with a run that did not come to its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cgwizard.errors import WizardError
from cgwizard.runs import saved
from cgwizard.runs.lock import Lock
from cgwizard.text.units import ago

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.runs.lock import Holder
    from cgwizard.runs.saved import SavedRun

MAX_OFFERED = 5  # a user who left more open begins again anyway
HEADING = "A run did not come to its end"


class Row(NamedTuple):
    """A run for a list."""

    nexus: str
    user: str
    step: str  # "5 Test pull"
    when: str  # "5 minutes ago"; of one that is at work elsewhere, where: "open on pts/3"


class Offer:
    """The runs that can be resumed, newest first; ``folder`` is the state folder."""

    def __init__(self, session: Session, folder: Path, url: str) -> None:
        self.session = session
        self.folder = folder
        self.runs = offered(folder, url)

    def row(self, run: SavedRun) -> Row:
        steps = enumerate(self.session.steps, 1)
        step = next((f"{n} {s.title}" for n, s in steps if s.id == run.step), run.step)
        holder = self.at_work(run)
        when = f"open on {holder.where}" if holder else ago(run.saved)
        return Row(run.nexus, run.user, step, when)

    def words(self, run: SavedRun) -> str:
        """One line that tells all."""
        holder = self.at_work(run)
        return f"{run.words}; open now: {holder.words}" if holder else run.words

    def at_work(self, run: SavedRun) -> Holder | None:
        """Who has its Nexus now."""
        return Lock(self.folder / "locks", run.nexus, run.run).at_work()

    def go_on(self, run: SavedRun) -> None:
        """Fill in its answers and go on with its journal. Raises WizardError."""
        from cgwizard.runs import resume
        from cgwizard.runs.run import Run

        resume.begin(self.session, run, self.folder / "journal")
        self.session.run = Run(self.session, self.folder, run)

    def forget(self, run: SavedRun) -> None:
        """Remove it from the offer. What it made stays in Nexus, and its journal stays for `undo`.
        Raises WizardError ``not-forgotten``, or ``run-in-use`` where it is open elsewhere."""
        from cgwizard.runs import forget

        path = saved.file_of(self.folder / "runs", run.run)
        forget.remove(forget.Trace("run", f"saved run {run.run}", str(path)))
        self.runs.remove(run)


def offered(folder: Path, url: str) -> list[SavedRun]:
    """What can be resumed, newest first: of the Nexus at ``url``, or of all."""
    runs = saved.unfinished(folder / "runs")
    if url:
        from cgwizard.nexus import address

        try:
            meant = address.candidates(url)
        except WizardError:
            return []  # Connect tells what is wrong with it
        runs = [run for run in runs if run.nexus in meant]
    return runs[:MAX_OFFERED]
