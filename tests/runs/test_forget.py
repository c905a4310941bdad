"""`cgwizard forget` where something is in its way, and what a killed run left half written."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cgwizard.errors import WizardError
from cgwizard.plan import model as plan
from cgwizard.runs import forget
from cgwizard.runs.lock import Lock
from cgwizard.runs.saved import SavedRun
from cgwizard.secrets import index
from tests.whole.test_going_on import command

NEXUS = "http://127.0.0.1:9"


@pytest.fixture
def state(own_folders: Path) -> Path:
    return own_folders / "state" / "cgwizard"


def write_run(state: Path) -> Path:
    path = state / "runs" / "20260101T000000-abcdef.json"
    run = SavedRun(1, path.stem, NEXUS, "admin", 0.0, 0.0, "pull", plan.Plan())
    path.parent.mkdir(parents=True)
    path.write_bytes(msgspec.json.encode(run))
    return path


def test_what_a_killed_run_left_half_written_goes_too(state: Path) -> None:
    (state / "runs").mkdir(parents=True)
    drafts = [state / ".secrets.json.0a1b2c3d", state / "runs" / ".x.json.0a1b2c3d"]
    for draft in drafts:
        draft.touch()
    told = command("forget", "--yes").stdout
    assert "an unfinished write of secrets.json" in told
    assert "an unfinished write of x.json" in told
    assert not any(draft.exists() for draft in drafts)
    assert command("forget", "--yes").stdout == "There is nothing to forget.\n"


def test_the_journal_of_a_run_at_work_stays_with_it(state: Path) -> None:
    run = write_run(state)
    journal = state / "journal" / f"{run.stem}.jsonl"
    journal.parent.mkdir()
    journal.touch()
    lock = Lock(state / "locks", NEXUS, "")
    lock.acquire()
    try:
        done = command("forget", "--yes", "--journal")
    finally:
        lock.release()
    assert done.returncode == 1
    assert done.stderr.count("end that one, then: cgwizard forget") == 2
    assert run.exists()
    assert journal.exists()
    assert "2 removed" in command("forget", "--yes", "--journal").stdout
    assert not journal.exists()


def test_a_keyring_that_is_gone_is_told_with_a_way_on(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    index.note("nexus-password", f"admin@{NEXUS}")
    (trace,) = forget.traces(state)
    with pytest.raises(WizardError) as caught:
        forget.remove(trace)
    assert caught.value.code.startswith("keyring-")
    assert caught.value.problem.next_step.endswith("then: cgwizard forget")
