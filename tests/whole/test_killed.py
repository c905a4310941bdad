"""kill -9 before and after everything that a run does outside of itself: files and requests.

Whatever it was in the middle of, a new process goes on and ends with the same Nexus as a run that
nothing stopped, and the journal takes all of it back.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cgwizard.changes import journal
from cgwizard.runs import saved
from tests.support.crash_points import Outcome
from tests.support.crash_runner import Runner, everywhere, quiet
from tests.support.programs import needs

WORKERS = 2


class Worker:
    """A runner, what its Nexus has at the start, and after a run that nothing stopped."""

    def __init__(self, state: Path) -> None:
        self.runner = Runner(state)
        self.start = self.runner.nexus()
        self.whole: dict[str, dict[str, Any]] = {}
        self.effects: dict[str, list[str]] = {}
        for mode in ("separate", "add"):
            outcome = self.runner.run(mode=mode)
            assert outcome.verified == [True, True], outcome
            self.whole[mode], self.effects[mode] = self.runner.nexus(), outcome.effects
            self.undo()

    @property
    def journals(self) -> Path:
        return self.runner.state / "cgwizard" / "journal"

    def entries(self) -> list[journal.Entry]:
        return [entry for path in self.journals.glob("*") for entry in journal.read(path)]

    def go_on(self, mode: str) -> Outcome:
        """A new process comes to the end, with the same Nexus as if nothing had happened."""
        known = {entry.repository for entry in self.entries()}
        there = self.runner.nexus()
        made = there["repositories"].keys() - self.start["repositories"].keys()
        assert made <= known, "Nexus has what no line of the journal tells of"
        outcome = self.runner.run(mode=mode)
        assert not outcome.problem, (outcome.problem, outcome.told)
        assert outcome.verified == [True, True], outcome
        assert self.runner.nexus() == self.whole[mode]
        assert not saved.unfinished(self.runner.state / "cgwizard" / "runs")
        return outcome

    def undo(self) -> None:
        """Nexus is as at the start, and so is the folder."""
        undone = self.runner.run(task="undo")
        assert self.runner.nexus() == self.start, undone.output
        shutil.rmtree(self.runner.state / "cgwizard")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Worker]]:
    with quiet():
        found = [Worker(tmp_path_factory.mktemp("state")) for _ in range(WORKERS)]
        yield found
        for worker in found:
            worker.runner.close()


def test_the_effects_are_those_that_matter(workers: list[Worker]) -> None:
    """The loops below go over what a run says about itself: here is what must be among it."""
    effects = workers[0].effects["separate"]
    for part, times in (
        ("write /cgwizard/journal", 4),  # two changes, begun and applied
        ("fsync /cgwizard/journal", 4),
        ("write /cgwizard/runs", 5),  # after each step
        ("fsync /cgwizard/runs/.", 5),
        ("replace /cgwizard/runs", 5),
        ("POST /service/rest/v1/repositories/docker/proxy", 2),
        ("GET /v2/chainguard/wolfi-base/blobs/", 10),
    ):
        assert len([e for e in effects if e.startswith(part)]) >= times, part


@needs("strace")
def test_the_effects_on_files_are_all_that_the_kernel_sees(
    workers: list[Worker], tmp_path: Path
) -> None:
    worker = workers[0]
    calls = Counter(call.partition("(")[0] for call in worker.runner.traced(tmp_path / "trace"))
    told = Counter(e.split()[0] for e in worker.effects["separate"] if " /cgwizard" in e)
    names = {"open": "openat", "pwrite": "pwrite64", "replace": "rename"}
    assert calls == {names.get(name, name): times for name, times in told.items()}
    worker.undo()


def test_a_run_that_is_killed_anywhere_is_gone_on_with_and_undone(workers: list[Worker]) -> None:
    def check(worker: Worker, point: int) -> None:
        cut = worker.runner.run(at=point)
        # The pull's threads do not ask in the same order, nor always as often.
        assert cut.killed or point > most - 10
        gone_on = worker.go_on("separate")
        if cut.killed and point <= most - 20:
            confirmed = len([i for i in replaced if i < point])
            assert gone_on.resumed_at == ("", "routing", "developer", "token", "pull")[confirmed]
        applied = [
            e.repository
            for e in worker.entries()
            if e.state == "applied" and not e.repository.startswith("cgwizard-proof-")
        ]
        # A user whose password was lost with the process is made again.
        assert sorted(set(applied)) == [
            "chainguard",
            "chainguard-private",
            "chainguard-private-pull",
            "pull-chainguard-private",
        ]
        assert len(applied) - len(set(applied)) <= applied.count("pull-chainguard-private") - 1
        worker.undo()

    effects = min((worker.effects["separate"] for worker in workers), key=len)
    most = len(effects)
    replaced = [i for i, e in enumerate(effects, 1) if e.startswith("replace /cgwizard/runs")]
    everywhere(workers, list(range(1, most + 1)), check)


def test_a_token_that_is_added_to_a_repository_likewise(workers: list[Worker]) -> None:
    """The change of what is there already, from its preparation to where it is saved."""
    effects = workers[0].effects["add"]
    put = next(i for i, effect in enumerate(effects) if effect.startswith("PUT "))
    end = next(i for i in range(put, len(effects)) if effects[i].startswith("fsync /cgwizard/runs"))

    def check(worker: Worker, point: int) -> None:
        assert worker.runner.run(mode="add", at=point).killed
        worker.go_on("add")
        worker.undo()

    everywhere(workers, list(range(put - 8, end + 2)), check)


def test_going_on_may_be_killed_as_often_as_one_likes(workers: list[Worker]) -> None:
    """Killed a little later each time, until it is through."""
    worker = workers[0]
    for point in range(1, 200):
        outcome = worker.runner.run(at=point * 2)
        if not outcome.killed:
            assert not outcome.problem, outcome
            break
    else:
        pytest.fail("it never came to its end")
    assert worker.runner.nexus() == worker.whole["separate"]
    worker.undo()


@pytest.mark.parametrize("mode", ["separate", "add"])
def test_an_undo_that_is_killed_anywhere_is_done_by_the_next(
    workers: list[Worker], mode: str
) -> None:
    def check(worker: Worker, point: int) -> None:
        assert not worker.runner.run(mode=mode, until="token").problem
        assert len(worker.entries()) == {"separate": 8, "add": 4}[mode]
        assert worker.runner.run(task="undo", at=point).killed
        worker.undo()

    workers[0].runner.run(mode=mode, until="token")
    effects = workers[0].runner.run(task="undo").effects
    assert "There is nothing to undo" in workers[0].runner.run(task="undo").output
    workers[0].undo()
    assert any(effect.startswith("write /cgwizard/journal") for effect in effects)
    everywhere(workers, list(range(1, len(effects) + 1)), check)
