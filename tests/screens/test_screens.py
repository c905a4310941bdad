"""What only a screen can get wrong: focus, keys, typed text, secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.footer import Keys, Notice
from cgwizard.screens.parts.form import Form, SecretInput
from tests.support.guide import session_of
from tests.support.practice_world import ADMIN_PASSWORD

WAIT_SECONDS = 15.0

Drive = Callable[[Wizard, Pilot[int]], Awaitable[None]]


def drive(session: Guide, play: Drive, size: tuple[int, int] = (80, 24)) -> Wizard:
    """Run the wizard without a terminal and let ``play`` press its keys."""
    app = Wizard(session)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await play(app, pilot)

    asyncio.run(run())
    return app


async def until(pilot: Pilot[int], true: Callable[[], bool], what: str) -> None:
    for _ in range(int(WAIT_SECONDS / 0.05)):
        if true():
            await pilot.pause()  # and what is true is drawn
            return
        await pilot.pause(0.05)
    told = f"the keys: {[found.content for found in pilot.app.screen.query(Keys)]}"
    raise AssertionError(f"not within {WAIT_SECONDS:.0f} s: {what}; {told}")


def keys(app: Wizard) -> str:
    found = app.screen.query(Keys)
    return str(found.first().content) if found else ""  # not composed yet


async def until_key(app: Wizard, pilot: Pilot[int], text: str) -> None:
    await until(pilot, lambda: text in keys(app), f"{text!r} among the keys")


def notice(app: Wizard) -> str:
    """The row above the keys."""
    found = app.screen.query(Notice)
    return str(found.first().content) if found and found.first().display else ""


def field(app: Wizard, name: str) -> Input | ChoiceInput:
    return next(row.input for row in app.screen.query_one(Form).rows() if row.field.id == name)


def test_letters_typed_at_once_all_arrive(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url, user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        await pilot.press(*"abcdefghijklmnopqrstuvwxyz")
        await pilot.pause()
        assert field(app, "password").value == "abcdefghijklmnopqrstuvwxyz"
        assert session.steps.connect.secrets["password"].reveal() == "abcdefghijklmnopqrstuvwxyz"

    drive(session, play)


def test_letters_only_ever_type(world: PracticeWorld) -> None:
    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        assert "f2 find cause" in keys(app)
        before = field(app, "url").value
        await pilot.press(*"dstrmaunxlckv")
        await pilot.pause()
        assert type(app.screen).__name__ == "ConnectScreen"
        assert field(app, "url").value == before
        assert "Letters type only in a field" in notice(app)
        await pilot.press("tab")
        await pilot.pause()
        assert "f2 find cause" in keys(app)
        await pilot.press("end", "d")
        await pilot.pause()
        assert str(field(app, "url").value).endswith("d"), "d is a letter in a field"
        await pilot.press("f2")
        await until(pilot, lambda: type(app.screen).__name__ == "DiagnoseScreen", "diagnosis")
        await pilot.press("escape", "escape")
        await until_key(app, pilot, "enter check the fields")

    drive(session_of(world), play)


def test_a_secret_is_masked_shown_on_demand_and_never_copied(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url, user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        await pilot.press(*ADMIN_PASSWORD)
        found = field(app, "password")
        assert isinstance(found, SecretInput)
        assert found.password
        await pilot.press("f3")
        assert not found.password
        await pilot.press("shift+home", "ctrl+c", "ctrl+x")
        await pilot.pause()
        assert ADMIN_PASSWORD not in app.clipboard
        assert found.value == ADMIN_PASSWORD, "cut takes nothing away"
        await pilot.press("tab")
        await pilot.pause()
        assert found.password, "hidden again when the focus leaves"

    drive(session, play)


def test_a_choice_moves_by_arrows_and_confirms_by_enter(world: PracticeWorld) -> None:
    session = session_of(world)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for action in ("connect", "continue"):
            await until_key(app, pilot, f"enter {action}")
            await pilot.press("enter")
        await until_key(app, pilot, "enter use port")
        await pilot.press("tab", "tab")
        await until(pilot, lambda: isinstance(app.focused, ChoiceInput), "focus on the choice")
        await pilot.press("right")
        await until(pilot, lambda: session.steps.routing.values["scheme"] == "https", "HTTPS")
        await pilot.press("left", "enter")
        await until_key(app, pilot, "enter create chainguard")
        assert session.plan.routing is not None
        assert session.plan.routing.scheme == "http"

    drive(session, play)


def test_enter_before_the_step_knows_what_it_would_do_does_nothing(world: PracticeWorld) -> None:
    session = session_of(world)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for action in ("connect", "continue", "use port"):
            await until_key(app, pilot, f"enter {action}")
            await pilot.press("enter")
        for _ in range(5):  # while the next screen still looks
            await pilot.press("enter")
            if "enter create" in keys(app):
                break
        await until(pilot, lambda: "enter" in keys(app), "a main action")
        assert session.nexus.docker_proxy("chainguard") is None or session.steps.developer.checks

    drive(session, play)


def test_a_long_paste_stays_whole(world: PracticeWorld) -> None:
    session = session_of(world)
    pasted = "\n".join("x" * 79 for _ in range(26))

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for action in ("connect", "continue", "use port", "create chainguard", "continue"):
            await until_key(app, pilot, f"enter {action}")
            await pilot.press("enter")
        await until_key(app, pilot, "enter check the token")
        field(app, "token").focus()
        await pilot.pause()
        app.post_message(Paste(pasted))
        secrets = session.steps.token.secrets
        await until(pilot, lambda: "token" in secrets and secrets["token"].reveal() == pasted, "it")

    drive(session, play)


@pytest.mark.parametrize("size", [(40, 12), (60, 15), (80, 24), (200, 60)])
def test_every_size_is_survived(world: PracticeWorld, size: tuple[int, int]) -> None:
    session = session_of(world)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter")
        await pilot.press("enter")
        await until(pilot, lambda: session.steps.connect.state == "done", "connected at any size")
        await pilot.resize_terminal(80, 24)
        await until_key(app, pilot, "enter continue")

    drive(session, play, size)


def test_cancelling_a_pull_keeps_the_answers(world: PracticeWorld) -> None:
    session = session_of(world)
    world.registry.throttle.speed = 400_000.0

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for action in ("connect", "continue", "use port", "create chainguard", "continue"):
            await until_key(app, pilot, f"enter {action}")
            await pilot.press("enter")
        await until_key(app, pilot, "skip")
        await pilot.press("f7")
        await until_key(app, pilot, "enter pull")
        await pilot.press("enter")
        await until(pilot, lambda: session.steps.pull.progress.totals is not None, "bytes come")
        await pilot.press("escape")
        await until_key(app, pilot, "enter pull")
        assert "Canceled" in notice(app)
        assert session.steps.pull.values["free_image"] == "chainguard/wolfi-base"
        assert session.steps.pull.problem is None

    drive(session, play)
