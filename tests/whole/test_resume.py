"""The offer to go on with an unfinished run, the first thing that is shown where there is one."""

from __future__ import annotations

import re
import time
from pathlib import Path

import msgspec
import pytest

from cgwizard.plan import model as plan
from cgwizard.plan.model import enc_hook
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.runs import saved
from cgwizard.system import files
from tests.conftest import leaks
from tests.support.other_process import holding
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs
from tests.support.terminal import Terminal, take_away, until_gone, wizard

pytestmark = needs("tmux")

HEADING = "A run did not come to its end"
RUNS = (
    ("https://nexus.example.com", "deploy", "pull", 300),
    ("http://127.0.0.1:9", "admin", "developer", 7200),
    ("https://a-very-long-name.of.some.company.example.com/nexus", "svc-deploy", "token", 90000),
)


@pytest.fixture
def folder(own_folders: Path) -> Path:
    return own_folders / "state" / "cgwizard" / "runs"


@pytest.fixture
def runs(folder: Path) -> list[Path]:
    """Three saved runs, the newest first."""
    paths = []
    for number, (url, user, step, ago) in enumerate(RUNS):
        then = time.time() - ago
        run = saved.SavedRun(
            1, f"run-{number}", url, user, then, then, step,
            plan.Plan(connect=plan.Connect(url, user)),
        )  # fmt: skip
        paths.append(saved.file_of(folder, run.run))
        files.write_whole(paths[-1], msgspec.json.encode(run, enc_hook=enc_hook))
    return paths


def start(width: int = 80, height: int = 24, *arguments: str) -> Terminal:
    return Terminal(*wizard(*arguments), width=width, height=height)


def row(screen: str, text: str) -> int:
    return next(i for i, line in enumerate(screen.split("\n")) if text in line)


def on_the_line_of(terminal: Terminal, text: str) -> None:
    chosen = re.compile(rf"▸ (https?://)?{re.escape(text)}")
    screen = terminal.until_true(lambda screen: bool(chosen.search(screen)), text)
    place = row(screen, "▸ ")
    terminal.until_true(lambda _: terminal.cursor()[1] == place, "the cursor on it")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12), (120, 40)])
def test_each_run_is_a_line_and_the_cursor_is_on_the_chosen_one(
    runs: list[Path], width: int, height: int
) -> None:
    with start(width, height) as terminal:
        screen = terminal.until(HEADING, "▸ ", "5 Test pull", "enter go on", "ctrl+p menu")
        lines = [line for line in screen.split("\n") if "Test pull" in line or "oxy" in line]
        assert "nexus.example.com" in lines[0]
        if width >= 80:
            assert "deploy" in lines[0]
            assert "5 minutes ago" in lines[0]
            assert lines[0].index("5 Test pull") == lines[1].index("3 Developer proxy"), screen
        for text in ("nexus.example.com", "127.0.0.1:9", "a-very-long"):
            on_the_line_of(terminal, text)
            terminal.keys("Down")
        if width < 120:  # what does not fit into its line is shown below
            terminal.until_true(lambda s: "svc-deploy" in s or "▸ a-very" in s, "the whole")
        terminal.keys("C-q")
        terminal.until("EXIT 130")


def test_one_that_is_open_elsewhere_says_where(runs: list[Path], folder: Path) -> None:
    with holding(folder.parent / "locks", nexus=RUNS[1][0]) as process:
        with start() as terminal:
            screen = terminal.until(HEADING, "open on ", "enter go on")
            (line,) = (line for line in screen.split("\n") if "open on" in line)
            assert "127.0.0.1:9" in line
            terminal.keys("C-q")
            terminal.until("EXIT 130")
        with Terminal(*wizard("--plain"), width=120) as terminal:
            screen = terminal.until("Choice", f"(process {process.pid})")
            assert screen.replace("\n", "").count("open now: ") == 1


def test_resizing_brings_back_what_did_not_fit(runs: list[Path]) -> None:
    with start(40, 12) as terminal:
        screen = terminal.until(HEADING, "enter go on")
        assert "minutes ago" not in screen.split("▸ ")[1].split("\n")[0]
        terminal.resize(120, 40)
        terminal.until("▸ https://nexus.example.com", "deploy", "5 minutes ago", "f1 help")


def test_enter_goes_on_with_the_chosen_one(runs: list[Path]) -> None:
    with start() as terminal:
        terminal.until(HEADING, "enter go on")
        terminal.keys("Down")
        terminal.until_true(lambda s: "▸ http://127.0.0.1:9" in s or "▸ 127.0.0.1:9" in s, "it")
        terminal.keys("Enter")
        screen = terminal.until("Connect to Nexus", "http://127.0.0.1:9")
        assert HEADING not in screen
        place = row(terminal.until("Password"), "Password")
        terminal.until_true(lambda _: terminal.cursor()[1] == place, "the cursor in the password")


@pytest.mark.parametrize("key", ["Escape", "C-q"])
def test_leaving_leaves_everything_as_it_was(runs: list[Path], key: str) -> None:
    before = [path.read_bytes() for path in runs]
    with start() as terminal:
        terminal.until(HEADING, "enter go on")
        terminal.keys(key)
        terminal.until("EXIT 130")
    assert [path.read_bytes() for path in runs] == before


def test_a_run_is_forgotten_only_when_that_is_confirmed(runs: list[Path]) -> None:
    with start() as terminal:
        terminal.until(HEADING, "enter go on")
        terminal.keys("F8")
        terminal.until("Forget this run?", "f8 forget it", "esc keep it")
        terminal.until_true(
            lambda screen: "Forget" in screen.split("\n")[terminal.cursor()[1]],
            "the cursor on the question",
        )
        terminal.keys("Escape")
        terminal.until("enter go on")
        assert all(path.exists() for path in runs)
        for left in (2, 1):
            terminal.keys("F8")
            take_away(terminal, "forget it")
            terminal.until("enter go on")
            assert [path.exists() for path in runs].count(True) == left
        screen = terminal.screen()
        assert "a-very-long" in screen
        assert "Test pull" not in screen
        terminal.keys("F8")
        take_away(terminal, "forget it")
        terminal.until("Connect to Nexus", "enter connect")  # nothing is left to go on with
        assert not any(path.exists() for path in runs)


def test_one_that_cannot_be_gone_on_with_says_why_and_leaves_the_others(
    runs: list[Path], own_folders: Path
) -> None:
    journal = own_folders / "state" / "cgwizard" / "journal" / "run-0.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text('{"of": "another version"}\n')
    with start() as terminal:
        terminal.until(HEADING, "enter go on")
        terminal.keys("Enter")
        terminal.until("reading the journal", "begin a new run", "enter go on")
        terminal.keys("Down", "Enter")
        terminal.until("Connect to Nexus", "http://127.0.0.1:9")


def test_only_the_runs_of_the_nexus_that_was_named(runs: list[Path]) -> None:
    with start(80, 24, "http://127.0.0.1:9") as terminal:
        screen = terminal.until(HEADING, "enter go on")
        assert "nexus.example.com" not in screen
        terminal.keys("F1")
        terminal.until("Going on", "Start a new run")
        terminal.keys("Escape")
        terminal.until("enter go on")
        terminal.keys("C-n")
        terminal.until("Connect to Nexus", "http://127.0.0.1:9")
    with start(80, 24, "http://127.0.0.2:9") as terminal:
        assert HEADING not in terminal.until("Connect to Nexus", "enter connect")


def test_a_terminal_that_goes_away_and_the_run_is_gone_on_with_to_its_end(
    world: PracticeWorld, folder: Path
) -> None:
    arguments = (world.info.nexus_url, "--user", ADMIN)
    with start(80, 24, *arguments) as terminal:
        connect(terminal)
        for action in ("continue", "use port", "create chainguard"):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        terminal.until("created chainguard", "enter continue")
        process = terminal.wizard_process()
    until_gone(process)  # else the next one would see it, and ask whether to take over
    with start(80, 24, *arguments) as terminal:
        terminal.until(HEADING, "4 Add token auth", "enter go on")
        terminal.keys("Enter")
        connect(terminal)
        terminal.until("enter continue")
        terminal.keys("Enter")
        terminal.until("4 Add token auth", "skip")  # steps 2 and 3 are not asked again
        assert not leaks(terminal.screen().encode())
        terminal.keys("Escape")
        terminal.until("3 Developer proxy", "enter continue")
        terminal.keys("C-q")
        terminal.until("EXIT 130")
    assert len(list(folder.glob("*.json"))) == 1


def connect(terminal: Terminal) -> None:
    terminal.until("Password", "enter connect")
    terminal.type(ADMIN_PASSWORD)
    terminal.until("•" * len(ADMIN_PASSWORD))
    terminal.keys("Enter")


def test_no_question_where_there_is_nothing_to_go_on_with() -> None:
    with Terminal(*wizard()) as terminal:
        assert HEADING not in terminal.until("Connect to Nexus", "enter connect")
