"""Runs that outlive their process: whatever ends it, the next start goes on at that step."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cgwizard.cancel import Cancel
from cgwizard.changes.journal import Journal
from cgwizard.errors import WizardError
from cgwizard.guide.guide import Guide, Steps
from cgwizard.guide.shown import Check
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs import resume, saved
from cgwizard.runs.lock import Lock
from cgwizard.runs.run import Run
from cgwizard.system import files
from tests.conftest import leaks
from tests.support.guide import act, enter, through, walk

STEPS = Steps._fields[:-1]


def begun(world: PracticeWorld, folder: Path, earlier: saved.SavedRun | None = None) -> Guide:
    session = Guide(practice=world.info, start_practice=world.start)
    session.journal = Journal(folder / "journal")
    if earlier is not None:
        resume.begin(session, earlier, folder / "journal")
    session.run = Run(session, folder, earlier)
    return session


def gone_on(world: PracticeWorld, folder: Path) -> Guide:
    (earlier,) = saved.unfinished(folder / "runs")
    session = begun(world, folder, earlier)
    session.steps.connect.set("password", world.info.password.reveal())
    through(session.steps.connect)
    return session


@pytest.mark.parametrize("until", STEPS)
def test_the_next_start_goes_on_at_that_step(
    world: PracticeWorld, tmp_path: Path, until: str
) -> None:
    first = begun(world, tmp_path)
    walk(first, until=until)
    assert first.run is not None
    first.run.close()  # the process is gone
    if until == STEPS[-1]:
        assert saved.unfinished(tmp_path / "runs") == []
        return
    again = gone_on(world, tmp_path)
    steps = list(again.steps)
    following = again.next_to(again.steps.connect, 1)
    assert following is steps[STEPS.index(until) + 1]
    assert again.journal.run == first.journal.run
    assert len(again.journal.made()) == len(first.journal.made())
    for step in steps[steps.index(following) :]:
        through(step)
    assert [proof.verified for proof in again.proofs] in ([True, True], [True])
    made = [entry.repository for entry in again.journal.made()]
    assert made[:2] == ["chainguard", "chainguard-private"]
    assert made[2:] == ["chainguard-private-pull", "pull-chainguard-private"]


def test_the_registry_that_is_asked_stays_the_same(world: PracticeWorld, tmp_path: Path) -> None:
    chosen = plan.Registry("https://mirror.example.com")
    first = begun(world, tmp_path)
    first.plan = msgspec.structs.replace(first.plan, registry=chosen)
    walk(first, until="developer")
    assert first.run is not None
    first.run.close()
    assert gone_on(world, tmp_path).plan.registry == chosen


def test_what_is_saved_is_private_and_holds_no_secret(world: PracticeWorld, tmp_path: Path) -> None:
    session = begun(world, tmp_path)
    walk(session)
    (path,) = (tmp_path / "runs").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    held = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert not leaks(held)
    assert world.info.pull_token.password.reveal().encode() not in held
    run = saved.read(path)
    assert run.finished
    assert run.answers == session.plan
    assert [p.reference for p in run.proofs] == [p.reference for p in session.proofs]


def test_what_others_removed_meanwhile_is_made_again_and_shown_first(
    world: PracticeWorld, tmp_path: Path
) -> None:
    first = begun(world, tmp_path)
    walk(first, until="token")
    first.nexus.delete_repository("chainguard-private")
    assert first.run is not None
    first.run.close()
    again = gone_on(world, tmp_path)
    assert again.next_to(again.steps.connect, 1) is again.steps.token
    first.nexus.delete_repository("chainguard")
    assert again.run is not None
    again.run.close()
    third = gone_on(world, tmp_path)
    assert third.next_to(third.steps.connect, 1) is third.steps.developer
    assert any("POST" in line for line in third.steps.developer.preview())


def test_a_change_that_was_cut_off_is_settled_by_what_nexus_says(
    world: PracticeWorld, tmp_path: Path
) -> None:
    first = begun(world, tmp_path)
    walk(first, until="developer")
    path = first.journal.path
    assert path is not None
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + b'{"cut')
    assert first.run is not None
    first.run.close()
    again = gone_on(world, tmp_path)
    assert again.next_to(again.steps.connect, 1) is again.steps.token
    assert [e.state for e in again.journal.entries] == ["begun", "applied"]


def test_a_second_one_sees_the_first_takes_over_or_only_looks(
    world: PracticeWorld, tmp_path: Path
) -> None:
    first = Lock(tmp_path / "locks", world.info.nexus_url, "another")
    first.acquire()
    session = begun(world, tmp_path)
    connect = session.steps.connect
    enter(connect)
    act(connect)
    assert connect.problem is not None
    assert connect.problem.code == "run-in-use"
    assert connect.action().label == "take over"
    assert [other.id for other in connect.others()] == ["look"]
    connect.do("look", lambda _check: None, Cancel())
    assert connect.state == "done"
    through(session.steps.routing)
    enter(session.steps.developer)
    act(session.steps.developer)
    assert session.steps.developer.problem is not None
    assert session.steps.developer.problem.code == "looking-only"
    assert session.journal.entries == []
    assert saved.unfinished(tmp_path / "runs") == []
    first.release()  # as when the other one ended
    session.steps.connect.reset()
    assert session.run is not None
    session.run.take_over(world.info.nexus_url)
    walk(session, until="developer")
    assert session.journal.made() != []


FULL = """
import resource, signal, sys
from pathlib import Path
from cgwizard.system import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
files.write_whole(path, b"old")
resource.setrlimit(resource.RLIMIT_FSIZE, (2, 2))
try:
    files.write_whole(path, b"new and longer")
except OSError as error:
    print("refused", error.errno)
"""


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        check=True, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stdout.startswith("refused")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "no draft is left behind"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2


def test_that_it_cannot_be_saved_is_told_and_does_not_stop_the_guide(
    world: PracticeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    session = begun(world, tmp_path)
    monkeypatch.setattr(files, "write_whole", full)
    enter(session.steps.connect)
    told: list[Check] = act(session.steps.connect)
    assert session.steps.connect.state == "done"
    (check,) = (c for c in told if c.id == "saved")
    assert check.state == "warning"
    assert "No space left" in check.detail
    assert check.problem is not None
    assert check.problem.code == "run-not-saved"


@pytest.mark.parametrize(("name", "what"), [("runs", "how far"), ("locks", "who is at work")])
def test_a_place_where_nothing_can_be_written_is_told(
    world: PracticeWorld, tmp_path: Path, name: str, what: str
) -> None:
    (tmp_path / name).touch()  # where the folder would be
    session = begun(world, tmp_path)
    walk(session, until="connect")
    assert session.run is not None
    with pytest.raises(WizardError) as caught:
        session.run.save()
    assert caught.value.code == "run-not-saved"
    assert caught.value.problem.came_back == "File exists"
    assert f"writing {what}" in caught.value.problem.tried
    assert str(tmp_path / name) in caught.value.problem.tried


@pytest.mark.parametrize("name", ["../elsewhere", "x-2"])
def test_a_file_that_is_of_another_run_is_passed_over_and_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.json"
    run = saved.SavedRun(1, name, "http://127.0.0.1:9", "admin", 1.0, 1.0, "pull", plan.Plan())
    path.write_bytes(msgspec.json.encode(run))
    assert saved.unfinished(tmp_path) == []
    with pytest.raises(WizardError, match="run-unreadable"):
        saved.read(path)


def test_a_run_of_a_newer_version_is_passed_over_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(msgspec.json.encode({"version": 2, "run": "x"}))
    assert saved.unfinished(tmp_path) == []
    with pytest.raises(WizardError) as caught:
        saved.read(path)
    assert caught.value.code == "run-unreadable"
    assert str(path) in caught.value.problem.next_step
    assert plan.Plan().version == 1


def test_finish_tells_when_the_token_ends_after_a_resume(
    world: PracticeWorld, tmp_path: Path
) -> None:
    """The token itself is not saved, and no store has it."""
    session = begun(world, tmp_path)
    walk(session, until="token")
    told = session.steps.finish.context
    assert "The pull token ends on" in told
    session.close()
    assert session.run is not None
    session.run.close()
    again = gone_on(world, tmp_path)
    assert again.steps.token.state == "done"
    again.pull_token = None
    assert again.steps.finish.context == told
    again.close()
