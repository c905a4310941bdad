"""At the end, the answers can be saved in any front end, and `apply` takes the file."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from cgwizard.app import Wizard
from cgwizard.errors import ExitCode
from cgwizard.frontends.plain import Plain
from cgwizard.guide.finish import ANSWERS
from cgwizard.guide.guide import Guide
from cgwizard.plan import answers_file
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.footer import Keys
from tests.conftest import leaks
from tests.support.front_ends import applied
from tests.support.guide import session_of, walk


@pytest.fixture
def session(world: PracticeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guide:
    """At Finish, in a separate folder."""
    monkeypatch.chdir(tmp_path)
    made = session_of(world)
    walk(made, until="pull")
    return made


def by_prompts(session: Guide) -> str:
    out = io.StringIO()
    typed = io.StringIO("save the answers\n\n")
    assert Plain(session, out, source=typed).walk() == ExitCode.DONE
    return out.getvalue()


def by_screens(session: Guide) -> str:
    async def drive() -> str:
        app = Wizard(session)
        async with app.run_test(size=(120, 40)) as pilot:
            app.show_step(session.steps.finish)
            for _ in range(300):
                await pilot.pause(0.02)
                if "ctrl+o answers" in str(app.screen.query_one(Keys).content):
                    break
            await pilot.press("ctrl+o")
            for _ in range(300):
                await pilot.pause(0.02)
                if any(c.state == "done" for c in session.steps.finish.checks.values()):
                    break
        return "\n".join(check.detail for check in session.steps.finish.checks.values())

    return asyncio.run(drive())


@pytest.mark.parametrize("way", [by_prompts, by_screens])
def test_the_answers_are_saved_and_apply_finds_nothing_to_change(
    session: Guide, world: PracticeWorld, tmp_path: Path, way: Callable[[Guide], str]
) -> None:
    told = way(session)
    path = tmp_path / ANSWERS
    assert f"cgwizard apply {ANSWERS}" in told
    assert not leaks(path.read_bytes())
    assert world.info.pull_token.password.reveal().encode() not in path.read_bytes()
    found = answers_file.parse(answers_file.text_of(path))
    assert found.plan == session.plan
    code, events, again = applied(world, found.plan)
    assert code == ExitCode.DONE, events
    assert again.journal.made() == []
