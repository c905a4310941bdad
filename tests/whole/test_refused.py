"""The command itself where nobody can be asked, nothing was kept, or a file gets in the way."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cgwizard.changes.journal import Journal
from cgwizard.errors import ExitCode, WizardError
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs import forget, saved
from cgwizard.secrets import systemd_creds
from tests.support.systemd_key import HOST_KEY_OF_ITS_OWN, systemd_works
from tests.whole.test_full_disk import mounted
from tests.whole.test_going_on import RING, command

NEXUS = "https://nexus.example.com"
OTHER = "https://other.example.com"


@pytest.fixture
def state(own_folders: Path) -> Path:
    return own_folders / "state" / "cgwizard"


@pytest.fixture
def ring(tmp_path: Path) -> dict[str, str]:
    """The environment of a keyring in a file of this test, with nothing in it."""
    (tmp_path / "filering.py").write_text(RING)
    return {
        "PYTHON_KEYRING_BACKEND": "filering.Ring",
        "PYTHONPATH": str(tmp_path),
        "RING": str(tmp_path / "ring.json"),
    }


def changed(state: Path, nexus: str) -> None:
    """A change that stands, by the journal."""
    Journal(state / "journal", nexus).write("create docker proxy x", "x", "applied", after={})


def refused(done: subprocess.CompletedProcess[str], code: str, word: str) -> None:
    assert done.returncode == ExitCode.USAGE, done.stdout + done.stderr
    assert done.stderr.splitlines()[0] == f"cgwizard: {code}"
    assert word in done.stderr


def test_what_nobody_can_answer_is_named(state: Path) -> None:
    changed(state, NEXUS)
    code = "nobody-to-ask"
    refused(command("undo"), code, f"asking for the user for {NEXUS}")
    refused(command("undo", "--user", "admin"), code, "asking for the password of admin@")
    refused(command("forget", "--journal"), code, "asking whether to remove 1 thing\n")
    assert len(list((state / "journal").iterdir())) == 1


def test_which_nexus_is_meant_must_be_said(state: Path) -> None:
    changed(state, NEXUS)
    changed(state, OTHER)
    done = command("undo", "--yes")
    refused(done, "nexus-not-named", "the journal names 2: ")
    assert NEXUS in done.stderr
    assert OTHER in done.stderr
    refused(command("undo", OTHER, "--yes"), "nobody-to-ask", f"the user for {OTHER}")


def test_a_keyring_without_it(state: Path, ring: dict[str, str]) -> None:
    changed(state, NEXUS)
    done = command("undo", "--user", "admin", "--password-from", "keyring", **ring)
    refused(done, "secret-not-in-keyring", f"the Nexus password for admin@{NEXUS} in the keyring")
    assert "there is none" in done.stderr


@systemd_works()
def test_systemd_creds_without_it(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOST_KEY_OF_ITS_OWN, str(tmp_path / "credential.secret"))
    subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True, timeout=30)
    changed(state, NEXUS)
    done = command("undo", "--user", "admin", "--password-from", "systemd-creds")
    refused(done, "secret-not-in-systemd-creds", f"for admin@{NEXUS} in systemd-creds")
    assert "there is none" in done.stderr


def test_what_cannot_be_removed_stays_and_the_rest_goes(state: Path) -> None:
    stuck = state / "runs" / "stuck.json"
    stuck.mkdir(parents=True)
    (state / "runs" / "other.json").touch()
    done = command("forget", "--yes")
    assert done.returncode == ExitCode.FAILED
    assert done.stdout.endswith("1 removed.\n")
    assert "saved run stuck stays.\n  problem: not-forgotten\n" in done.stderr
    assert f"remove it yourself: rm {stuck}" in done.stderr
    assert [path.name for path in stuck.parent.iterdir()] == ["stuck.json"]
    with pytest.raises(WizardError) as caught:
        forget.remove(forget.Trace("run", "stuck", str(stuck)))
    assert caught.value.code == "not-forgotten"
    assert str(stuck) in caught.value.problem.tried
    systemd_creds.path_of("nexus-password", "x").mkdir(parents=True)
    with pytest.raises(WizardError) as caught:
        systemd_creds.forget("nexus-password", "x")
    assert caught.value.code == "not-forgotten"


def cut_off(world: PracticeWorld) -> None:
    """A saved run that can be resumed."""
    password = world.info.password.reveal()
    command("--plain", typed=f"{world.info.nexus_url}\nadmin\n{password}\n\n\n")


def test_a_saved_run_on_a_disk_that_takes_no_writes(world: PracticeWorld, state: Path) -> None:
    with mounted(state / "runs"):
        cut_off(world)
        (run,) = saved.unfinished(state / "runs")
        remount = ["mount", "-o", "remount,ro", str(state / "runs")]
        subprocess.run(remount, check=True, capture_output=True)
        told = command("--plain", typed="3\n").stdout  # begin again and forget
        assert "problem: not-forgotten" in told
        assert "Read-only file system" in told
        assert saved.unfinished(state / "runs") == [run]


def test_a_journal_of_another_form_is_told_before_it_is_gone_on_with(
    world: PracticeWorld, state: Path
) -> None:
    cut_off(world)
    (run,) = saved.unfinished(state / "runs")
    journal = state / "journal" / f"{run.run}.jsonl"
    journal.parent.mkdir(exist_ok=True)
    journal.write_text('{"run": 2}\n')
    done = command("--plain", typed="1\n")
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("cgwizard: journal-unreadable\n")
    assert f"reading the journal {journal}" in done.stderr
    assert "$.run" in done.stderr, "what is wrong with it"
    assert journal.read_text() == '{"run": 2}\n'
