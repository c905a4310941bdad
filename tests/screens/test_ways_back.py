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
        await until_key(app, pilot, "f7 skip")
        await pilot.press("f7")
        await until_key(app, pilot, "enter pull")
        await pilot.press("escape")
        await until_key(app, pilot, "f7 add a token")
        assert "skipped" in session.steps.token.notes()[0]
        await pilot.press("f7")
        await until_key(app, pilot, "enter check the token")
        await pilot.press("f7")
        await until_key(app, pilot, "enter pull")
        await pilot.press("enter")
        await until_key(app, pilot, "enter continue")
        await pilot.press("f2")
        await until_key(app, pilot, "ctrl+n compare")
        assert isinstance(app.screen, DiagnoseScreen)
        context = app.screen.query_one("#context", Static)
        assert "only look" in str(context.content)
        await pilot.press("ctrl+n")
        await until_key(app, pilot, "enter compare")
        await pilot.press("enter")
        await until_key(app, pilot, "enter look again")
        assert "freshly made repository serves chainguard/wolfi-base: both" in str(context.content)
        await pilot.press("escape")
        await until_key(app, pilot, "enter continue")
        await pilot.press("enter")
        await until_key(app, pilot, "enter done, leave")
        for told in ("f5 copy", "f1 help", "f8 undo", "pgdn more", "ctrl+p menu"):
            await until_key(app, pilot, told)
        await pilot.press("f8")
        await until_key(app, pilot, "f8 undo this")
        assert "enter keep everything" in keys(app)
        await pilot.press("f8")  # too soon: the key may repeat
        await pilot.press("escape")
        await until_key(app, pilot, "enter done, leave")
        assert isinstance(app.screen, FinishScreen)
        assert session.steps.finish.fix is None
        assert session.docker_proxy("chainguard") is not None
        await pilot.press("enter")

    drive(session, play)
    assert not session.steps.finish.undone
