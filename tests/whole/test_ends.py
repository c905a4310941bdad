"""Every way out: the terminal goes away, a signal, a mistake of ours."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs
from tests.support.terminal import Terminal, until_gone, wizard

pytestmark = needs("tmux")


def folders(home: Path) -> list[Path]:
    return list(home.glob("cgwizard-practice-*"))


def start(home: Path, *arguments: str) -> Terminal:
    return Terminal(*wizard("practice", *arguments), env={"TMPDIR": str(home)})


@pytest.mark.parametrize("when", ["idle", "pulling"])
def test_a_terminal_that_goes_away_ends_it_and_leaves_nothing(tmp_path: Path, when: str) -> None:
    with start(tmp_path, "--speed", "0.2") as terminal:
        terminal.until("enter connect")
        process = terminal.wizard_process()
        if when == "pulling":
            for action in ("connect", "continue", "use port", "create", "continue"):
                terminal.until(f"enter {action}")
                terminal.keys("Enter")
            terminal.until("skip")
            terminal.keys("F7")
            terminal.until("enter pull")
            terminal.keys("Enter")
            terminal.until("left", "total")
        assert folders(tmp_path)
        terminal.close()
        until_gone(process)
        assert not folders(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path) as terminal:
        terminal.until("enter connect")
        os.kill(terminal.wizard_process(), number)
        screen = terminal.until(f"EXIT {128 + number}")
        assert "Connect to Nexus" not in screen, "the screens are gone"
        assert not folders(tmp_path)


def test_a_mistake_of_ours_shows_no_traceback_and_says_where_the_report_is(
    tmp_path: Path,
) -> None:
    broken = (
        "import sys; from cgwizard.guide.connect import ConnectStep;"
        "ConnectStep.act = lambda self, report, cancel: {}['otter-harbour-42'];"
        "sys.argv[1:] = ['practice', '--password-from', 'env:PW'];"
        "from cgwizard.cli import main; main()"
    )
    python = str(Path(wizard()[0]).with_name("python"))
    env = {"TMPDIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    env |= {"PW": ADMIN_PASSWORD}
    with Terminal(python, "-c", broken, env=env) as terminal:
        terminal.until("enter connect")
        terminal.keys("Enter")
        screen = terminal.until("EXIT 1", "an error of its own", "The report is in")
        assert "Traceback" not in screen
        assert "otter-harbour" not in screen
    reports = list((tmp_path / "state").rglob("*.txt"))
    assert len(reports) == 1
    text = reports[0].read_text()
    assert "otter-harbour-42" not in text
    assert "KeyError" in text
