"""`cgwizard undo` asked for another run or Nexus, with a damaged journal, and every way out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cgwizard.changes.journal import Journal
from cgwizard.errors import ExitCode
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs import forget
from tests.conftest import leaks
from tests.frontends.test_plain import dialog
from tests.support.front_ends import applied
from tests.support.terminal import wizard

NOTHING = "the journal names no change that stands"


@pytest.fixture
def journals(own_folders: Path) -> Path:
    return own_folders / "state" / "cgwizard" / "journal"


def made(world: PracticeWorld, journals: Path) -> Path:
    """A journal that one run left."""
    code, events, session = applied(world, plan.Plan(token=plan.Token()), journals=journals)
    assert code == 0, events
    assert session.journal.path
    return session.journal.path


def undone(world: PracticeWorld, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    given = {"NEXUS_PW": world.info.password.reveal(), **env}
    return subprocess.run(
        [*wizard("undo"), *options, "--password-from", "env:NEXUS_PW"],
        check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={**os.environ, **given},
    )  # fmt: skip


@pytest.mark.parametrize("option", ["--run=nope", "http://localhost:1"])
def test_who_names_another_run_or_nexus_is_told_where_changes_stand(
    world: PracticeWorld, journals: Path, option: str
) -> None:
    run = made(world, journals).stem
    done = undone(world, option)
    assert done.returncode == 0, done.stderr
    assert NOTHING in done.stdout
    assert option.removeprefix("--run=") in done.stdout
    assert f"Changes stand in {world.info.nexus_url} (run {run})." in done.stdout


def test_a_journal_that_cannot_be_read_is_no_journal_without_changes(
    world: PracticeWorld, journals: Path
) -> None:
    path = made(world, journals)
    whole = path.read_bytes()
    path.write_bytes(b'{"run": 5}\n')
    done = undone(world, "--yes", "--user", "admin")
    assert done.returncode == ExitCode.FAILED
    assert str(path) in done.stderr
    path.rename(path.with_stem("damaged"))
    path.write_bytes(whole)
    done = undone(world, "--yes", "--user", "admin")
    assert done.returncode == ExitCode.UNFINISHED, "the other one may hold more"
    assert "removed chainguard" in done.stdout


def test_a_journal_folder_that_cannot_be_listed_is_told(
    world: PracticeWorld, journals: Path
) -> None:
    journals.parent.mkdir(parents=True)
    journals.write_bytes(b"")  # as one of another user's: root, who runs tests, may list those
    done = undone(world, "--yes")
    assert done.returncode == ExitCode.FAILED
    assert str(journals) in done.stderr


def test_a_password_that_is_not_utf8_is_refused_before_it_is_sent(
    world: PracticeWorld, journals: Path
) -> None:
    made(world, journals)
    done = undone(world, "--dry-run", "--user", "admin", NEXUS_PW="otter-harb\udcf6r")
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith("cgwizard: login-wrong\n")
    assert "not UTF-8" in done.stderr
    assert "otter-harb" not in done.stderr


@pytest.mark.parametrize("question", ["Password of", "[y/N]"])
def test_ctrl_c_at_a_question_leaves_and_undoes_nothing(
    world: PracticeWorld, journals: Path, question: str
) -> None:
    before = made(world, journals).read_bytes()
    with dialog("undo", "--user", "admin") as talk:
        talk.until("Password of")
        if question != "Password of":
            talk.type(f"{world.info.password.reveal()}\n")
            talk.until(question)
        assert talk.interrupted() == ExitCode.CANCELLED
        assert talk.told.rstrip().endswith("Stopped.")
        assert not leaks(talk.told.encode())
    assert next(journals.iterdir()).read_bytes() == before


def test_what_could_be_undone_is_counted_for_each_nexus(tmp_path: Path) -> None:
    for nexus in ("http://one:8081", "http://two:8081"):
        book = Journal(tmp_path / "journal", nexus)
        book.write("create docker proxy chainguard", "chainguard", "begun", after={})
        book.write("create docker proxy chainguard", "chainguard", "applied", after={})
    assert forget.standing(tmp_path) == 2


@pytest.mark.parametrize(
    ("nexus", "warned"),
    [("http://nexus.invalid:8081", True), ("https://nexus.invalid", False),
     ("http://localhost:1", False)],
)  # fmt: skip
def test_a_password_in_plain_http_is_said_first(
    world: PracticeWorld, journals: Path, nexus: str, warned: bool
) -> None:
    book = Journal(journals, nexus)
    book.write("create a", "a", "applied", after={"name": "a"})
    done = undone(world, nexus, "--user", "admin")
    assert done.returncode
    told = "warning: Plain HTTP to nexus.invalid: the password crosses the network unencrypted"
    assert [told] * warned == [line for line in done.stderr.splitlines() if "unencry" in line]
