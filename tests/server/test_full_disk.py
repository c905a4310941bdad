"""A disk that is really full: a small file system of its own, filled up at every stage."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard import journal
from cgwizard.runs import saved
from tests.helpers_points import Outcome, Runner, everywhere, make_room, quiet

STEPS = ("", "routing", "developer", "token", "pull")  # where the next start goes on
NO_ROOM = "No space left on device"


@contextlib.contextmanager
def mounted(folder: Path, size: str = "256k", files: int = 60) -> Iterator[Path]:
    """A tmpfs on ``folder``; skips where this user may not mount, as in a closed container."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},nr_inodes={files},mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "cgwizard", str(folder)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


class Worker:
    """A runner with a disk of its own."""

    def __init__(self, disk: Path) -> None:
        self.runner, self.disk, self.program = Runner(disk), disk, disk / "cgwizard"
        self.start = self.runner.nexus()
        self.effects = self.runner.run(only_files=True).effects
        self.reached = self.runner.nexus()
        self.undo()

    def undo(self) -> None:
        undone = self.runner.run(task="undo")
        assert self.runner.nexus() == self.start, undone.output
        shutil.rmtree(self.program)


def test_a_run_on_a_disk_that_gets_full_at_any_stage(tmp_path: Path) -> None:
    """The guide goes on without saving, or stops before a change that no line could tell of;
    with room again, the next start comes to the end."""
    stops: list[str] = []

    def check(worker: Worker, point: int) -> None:
        runner, program = worker.runner, worker.program
        outcome = runner.run(at=point, fault="fill", only_files=True)
        stops.append(outcome.stopped)
        told_what_is_wrong(outcome)
        whole_on_the_disk(program)
        there = runner.nexus()["repositories"].keys() - worker.start["repositories"].keys()
        assert there == changed(program), "what is there, and what the journal tells of"
        make_room(worker.disk)
        again = runner.run()
        assert again.verified == [True, True], again
        confirmed = len([i for i in replaced if i < point])
        if 0 < confirmed < len(STEPS) and (outcome.warnings or outcome.problem):
            assert again.resumed_at in STEPS[confirmed:], "what was saved before is still there"
        assert not again.warnings
        assert runner.nexus() == worker.reached
        worker.undo()

    with (
        quiet(),
        mounted(tmp_path / "one") as one,
        mounted(tmp_path / "two") as two,
    ):
        workers = [Worker(one), Worker(two)]
        effects = workers[0].effects
        replaced = [i for i, e in enumerate(effects, 1) if e.startswith("replace /cgwizard/runs")]
        try:
            everywhere(workers, list(range(1, len(effects) + 1)), check)
        finally:
            for worker in workers:
                worker.runner.close()
    assert set(stops) == {"", "developer", "token"}


def told_what_is_wrong(outcome: Outcome) -> None:
    if outcome.problem:
        assert outcome.problem == "journal-not-written", outcome
        assert NO_ROOM in outcome.told, outcome
    else:
        assert outcome.verified == [True, True], outcome
    assert all(NO_ROOM in warning for warning in outcome.warnings), outcome


def whole_on_the_disk(program: Path) -> None:
    """What was written is whole, and there is nothing half-written beside it."""
    for path in program.glob("runs/*"):
        assert path.suffix == ".json"
        saved.read(path)
    for path in program.glob("journal/*"):
        journal.read(path)


def changed(program: Path) -> set[str]:
    """Which repositories the journal tells of, as begun at least."""
    return {e.repository for path in program.glob("journal/*") for e in journal.read(path)}
