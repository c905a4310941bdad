"""A disk that is really full: a small separate file system, filled up at every stage."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.changes import journal, undo
from cgwizard.errors import WizardError
from cgwizard.guide.saving import save
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs import saved
from tests.support import pull
from tests.support.crash_points import FILLER, Outcome, fill, make_room
from tests.support.crash_runner import Runner, everywhere, quiet
from tests.support.practice_docker import FREE_IMAGE, PRIVATE_IMAGE, add_repository
from tests.support.practice_world import ADMIN_PASSWORD

STEPS = ("", "routing", "developer", "token", "pull")  # where the next start goes on
KINDS = {"repository": "repositories", "role": "roles", "user": "users"}  # as `Runner.nexus` has
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
    """A runner with its own disk."""

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
    """The guide goes on without saving, or stops before a change that no line could record;
    with room again, the next start comes to the end."""
    stops: list[str] = []

    def check(worker: Worker, point: int) -> None:
        runner, program = worker.runner, worker.program
        outcome = runner.run(at=point, fault="fill", only_files=True)
        stops.append(outcome.stopped)
        told_what_is_wrong(outcome)
        whole_on_the_disk(program)
        now = runner.nexus()
        for kind, key in KINDS.items():
            there = set(now[key]) - set(worker.start[key])
            told = changed(program, kind)
            assert there <= told, "what is there, and what the journal tells of"
            # That something was taken back again may have found no room: undo sees it gone.
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


def changed(program: Path, kind: str) -> set[str]:
    """The names of one kind that the journal has, as begun at least, and not as taken back."""
    entries = [e for path in program.glob("journal/*") for e in journal.read(path)]
    return {name for its, name in undo.standing(entries) if its == kind}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def nexus(world: PracticeWorld) -> str:
    """HOST:PORT of a connector."""
    return add_repository(world).removeprefix("http://")


def no_room(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1
    code, *lines = done.stderr.splitlines()
    assert code == "cgwizard: output-failed"
    assert [line.partition(":")[0].strip() for line in lines] == [
        *("tried", "came back", "likely cause", "next step")
    ]
    assert NO_ROOM in lines[1]


@pytest.mark.parametrize("there", ["nothing", "an empty folder"])
def test_an_image_that_does_not_fit_leaves_nothing(nexus: str, disk: Path, there: str) -> None:
    out = disk / "image"
    if there != "nothing":
        out.mkdir()
    left = set(disk.rglob("*"))
    no_room(pull.run(f"{nexus}/{FREE_IMAGE}", *pull.LOGIN, "--output", str(out)))
    assert set(disk.rglob("*")) == left, "in the middle of a layer"
    fill(disk)
    left = set(disk.rglob("*"))
    no_room(pull.run(f"{nexus}/{FREE_IMAGE}", *pull.LOGIN, "--output", str(out)))
    assert set(disk.rglob("*")) == left, "not even a folder could be made"


def test_the_images_that_a_layout_has_stay_whole(
    nexus: str, world: PracticeWorld, tmp_path: Path
) -> None:
    second = add_repository(world, "second", token=world.info.pull_token).removeprefix("http://")
    with mounted(tmp_path / "layout", "16m", 60) as disk:
        out = disk / "image"
        done = pull.run(f"{nexus}/{FREE_IMAGE}", *pull.LOGIN, "--output", str(out))
        assert done.returncode == 0, done.stderr
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        for room in (2**20, 64 << 10, 0):
            fill(disk)
            (disk / FILLER).write_bytes(b"x" * ((disk / FILLER).stat().st_size - room))
            for path in disk.glob(f"{FILLER}-*[02468]"):  # files can be made, but not for long
                if room:
                    path.unlink()
            no_room(pull.run(f"{second}/{PRIVATE_IMAGE}", *pull.LOGIN, "--output", str(out)))
            after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
            assert after == before
            make_room(disk)
        done = pull.run(f"{second}/{PRIVATE_IMAGE}", *pull.LOGIN, "--output", str(out))
        assert done.returncode == 0, done.stderr


def test_a_debug_log_without_room_ends_and_the_pull_does_not(nexus: str, disk: Path) -> None:
    log = disk / "log.txt"
    log.write_text("before\n")
    fill(disk)
    done = pull.run(f"{nexus}/{FREE_IMAGE}", *pull.LOGIN, "--debug-log", str(log))
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"cgwizard: the debug log {log} is not whole: {NO_ROOM}\n"
    assert "digest sha256:" in done.stdout
    assert log.read_text().startswith("before\n")


BROKEN = (
    "from cgwizard.guide.guide import Guide\n"
    "def broken(*_, **__): raise KeyError('x')\n"
    "Guide.__init__ = broken\n"
    "import sys; sys.argv = ['cgwizard', '--plain']\n"
    "from cgwizard.cli import main; main()\n"
)


def test_a_crash_without_room_for_its_report_is_told(disk: Path) -> None:
    fill(disk)
    left = set(disk.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], check=False, capture_output=True, text=True,
        env={**os.environ, "XDG_STATE_HOME": str(disk)}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "an error of its own (KeyError)" in done.stderr
    assert "No report could be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert set(disk.rglob("*")) == left


def test_commands_that_cannot_be_saved_leave_no_half_of_them(disk: Path) -> None:
    fill(disk)
    next(disk.glob(f"{FILLER}-*")).unlink()  # the file can be made, and nothing put into it
    with pytest.raises(WizardError) as caught:
        save("docker pull\n", disk, "cgwizard-commands.txt")
    assert caught.value.code == "file-not-saved"
    assert caught.value.problem.came_back == NO_ROOM
    assert not list(disk.glob("cgwizard-commands*"))


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["--version", "--help", "practice", "undo", "pull"])
def test_standard_output_that_takes_no_more_is_told(
    nexus: str, tmp_path: Path, command: str, unbuffered: str
) -> None:
    words = [command, f"{nexus}/{FREE_IMAGE}", *pull.LOGIN] if command == "pull" else [command]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cgwizard", *words], check=False, stdout=full,
            stderr=subprocess.PIPE, text=True, env=environment, timeout=60,
            input=ADMIN_PASSWORD if command == "pull" else "",
        )  # fmt: skip
    told = done.stderr.splitlines()
    if command == "pull":  # it was stopped by it, and says what is left
        assert told.pop(0).startswith("cgwizard: stopped; nothing of")
    assert done.returncode == 1
    assert told[0] == "cgwizard: standard-output-failed"
    assert NO_ROOM in told[2]
    assert not list(tmp_path.rglob("crashes"))
