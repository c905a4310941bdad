"""What was chosen can be taken back, and the bottom line of 80 columns tells how."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Static

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.diagnose import DiagnoseScreen
from cgwizard.screens.finish import FinishScreen
from tests.screens.test_screens import drive, keys, until_key


def test_a_skipped_token_and_an_undo_that_is_not_wanted(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for main in ("connect", "continue", "use port", "create chainguard", "continue"):
            await until_key(app, pilot, f"enter {main}")
            await pilot.press("enter")
        await until_key(app, pilot, "s skip")
        await pilot.press("s")
        await until_key(app, pilot, "enter pull")
        await pilot.press("escape")
        await until_key(app, pilot, "t add a token after all")
        assert "skipped" in session.steps.token.notes()[0]
        await pilot.press("t")
        await until_key(app, pilot, "enter check the token")
        await pilot.press("s")
        await until_key(app, pilot, "enter pull")
        await pilot.press("enter")
        await until_key(app, pilot, "enter continue")
        await pilot.press("d")
        await until_key(app, pilot, "c compare")
        assert isinstance(app.screen, DiagnoseScreen)
        context = app.screen.query_one("#context", Static)
        assert "only look" in str(context.content)
        await pilot.press("c")
        await until_key(app, pilot, "enter compare")
        await pilot.press("enter")
        await until_key(app, pilot, "enter look again")
        assert "freshly made repository serves chainguard/wolfi-base: both" in str(context.content)
        await pilot.press("escape")
        await until_key(app, pilot, "enter continue")
        await pilot.press("enter")
        await until_key(app, pilot, "enter done, leave")
        for told in ("s save", "a answers", "u undo", "c copy", "pgdn more", "ctrl+q quit"):
            await until_key(app, pilot, told)
        await pilot.press("u")
        await until_key(app, pilot, "enter undo this")
        assert "u undo" not in keys(app)
        await pilot.press("escape")
        await until_key(app, pilot, "enter done, leave")
        assert isinstance(app.screen, FinishScreen)
        assert session.steps.finish.fix is None
        assert session.docker_proxy("chainguard") is not None
        await pilot.press("enter")

    drive(session, play)
    assert not session.steps.finish.undone
