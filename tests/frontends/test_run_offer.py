"""The question whether to go on, on a terminal that shows no screens: every way out of it."""

from __future__ import annotations

from pathlib import Path

from cgwizard.errors import ExitCode
from cgwizard.guide.guide import Guide
from cgwizard.plan.model import Connect, Plan
from cgwizard.runs import saved
from tests.frontends.test_plain import dialog
from tests.whole.test_going_on import command
from tests.whole.test_streams import run

OFFERED = "A run did not come to its end"


def left_open(own_folders: Path) -> Path:
    """A run that was left after Connect."""
    session = Guide()
    session.plan = Plan(connect=Connect("http://127.0.0.1:9", "admin"))
    session.steps.connect.state = "done"
    folder = own_folders / "state" / "cgwizard" / "runs"
    assert saved.save(session, folder, 0.0)
    return folder


def test_an_option_that_others_begin_with_can_be_typed(own_folders: Path) -> None:
    folder = left_open(own_folders)
    told = command("--plain", typed="begin\nbegin anew\n").stdout
    assert told.count("a number from 1 to 3") == 1, told
    assert "Nexus URL (" in told
    assert list(folder.iterdir()) != []


def test_bytes_that_are_no_text_do_not_end_it(own_folders: Path) -> None:
    left_open(own_folders)
    done = run("exec $W --plain", b"caf\xe9\n1\n", PYTHONIOENCODING="utf-8:strict")
    assert b"bytes that are not utf-8" in done.stdout
    assert b"Nexus URL [http://127.0.0.1:9]" in done.stdout, done.stderr


def test_the_end_of_the_input_is_told(own_folders: Path) -> None:
    left_open(own_folders)
    done = command("--plain")
    assert done.returncode == ExitCode.UNFINISHED
    assert OFFERED in done.stdout
    assert done.stdout.endswith("\nThe input ended before the guide did.\n")


def test_ctrl_c_leaves_as_at_every_question(own_folders: Path) -> None:
    left_open(own_folders)
    with dialog("--plain") as talk:
        talk.until("Choice [1]")
        assert talk.interrupted() == ExitCode.CANCELLED
