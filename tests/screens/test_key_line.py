"""On every screen the key line has the way back, help, and the best offers of that moment."""

from __future__ import annotations

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.footer import KeyAction
from tests.screens.test_screens import drive, field, keys, until_key

NEVER_LEFT_OUT = ("enter", "escape", "f1", "f3", "f5", "f7")


def held(app: Wizard) -> None:
    """Every offer of `NEVER_LEFT_OUT`, and F2 after a problem, is in the line and fits into it."""
    line, width = keys(app), app.size.width - 2
    assert all(len(row) <= width for row in line.split("\n")), line
    offers: list[KeyAction] = app.screen.offers()  # type: ignore[attr-defined]
    for offer in offers:
        if offer.words and (offer.key in NEVER_LEFT_OUT or offer.place):
            assert f"{offer.name} " in line, f"{offer.name} is not in {line!r}"


@pytest.mark.parametrize("width", [80, 60])
def test_nothing_that_matters_is_left_out_of_the_key_line(world: PracticeWorld, width: int) -> None:
    session = Guide(practice=world.info)
    token = world.registry.tokens.issue(world.info.organization)

    async def enter(app: Wizard, pilot: Pilot[int], *actions: str) -> None:
        for action in actions:
            await until_key(app, pilot, f"enter {action}")
            held(app)
            for key, back in (("f1", "escape"), ("f6", "escape"), ("f10", "escape")):
                await pilot.press(key)
                await pilot.pause()
                held(app)
                await pilot.press(back)
                await pilot.pause()
            await until_key(app, pilot, f"enter {action}")
            await pilot.press("enter")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await enter(app, pilot, "connect", "continue", "use port", "create", "continue")
        await until_key(app, pilot, "enter check")
        held(app)
        field(app, "token").focus()
        await pilot.pause()
        app.post_message(Paste(f"{token.username} nonsense"))
        await pilot.pause(0.2)
        held(app)
        await pilot.press("ctrl+u")
        app.post_message(Paste(f"{token.username} {token.password.reveal()}"))
        await pilot.pause(0.2)
        held(app)
        await pilot.press("f7")
        await until_key(app, pilot, "enter pull")
        field(app, "free_image").focus()
        await pilot.press("ctrl+u", *"chainguard/no-such-image", "enter")
        await until_key(app, pilot, "f2 find cause")
        held(app)
        field(app, "free_image").focus()
        await pilot.press("ctrl+u", *"chainguard/wolfi-base", "enter")
        await until_key(app, pilot, "enter continue")
        await enter(app, pilot, "continue")
        await until_key(app, pilot, "enter done")
        held(app)

    drive(session, play, size=(width, 24))
