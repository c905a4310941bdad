"""The commands on the screen of Finish: as they can be pasted, at any width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cgwizard.app import Wizard
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.command_list import CommandList
from tests.screens.test_screens import drive, until_key
from tests.support.guide import session_of, walk

SIZES = ((40, 24), (60, 24), (80, 24), (99, 24), (100, 30), (140, 40), (200, 50))


def lines(app: Wizard, selector: str) -> list[str]:
    """The rows that a widget draws."""
    widget = app.screen.query_one(selector)
    return ["".join(s.text for s in widget.render_line(y)) for y in range(widget.size.height)]


def test_no_row_is_broken_and_no_digest_split(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session)
    digests = {proof.finished.digest for proof in session.proofs}

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        app.show_step(session.steps.finish)
        await until_key(app, pilot, "done, leave")
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            width = app.screen.query_one(CommandList).size.width
            shown = lines(app, "CommandList") + lines(app, "#proved")
            assert len(shown) > 30, size
            assert all(len(row) <= width for row in shown), size
            for row in shown:
                for found in re.findall(r"sha256:[0-9a-f]*…?", row):
                    assert found in digests or found.endswith("…"), (size, row)
                if row.startswith("    ") and not row.strip().startswith(("capab", "config_")):
                    before = shown[shown.index(row) - 1].rstrip()
                    assert before.endswith(" \\"), (size, before, row)

    drive(session, play)


@pytest.mark.parametrize("columns", [80, 200])
def test_the_whole_command_is_in_the_copy(
    world: PracticeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.chdir(tmp_path)  # the copy is also a file
    session = session_of(world)
    walk(session)
    copied: list[str] = []

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        app.show_step(session.steps.finish)
        await until_key(app, pilot, "f5")
        await pilot.press("f5")
        await pilot.pause()
        copied.append(app.clipboard)

    drive(session, play, (columns, 24))
    for group in session.steps.finish.commands():
        assert all(line in copied[0] for line in group.lines)
