"""What is typed faster than the screen follows arrives whole, and in the field that was meant:
as a password manager types, with a tab between user and password."""

from __future__ import annotations

import asyncio

from textual import events
from textual.pilot import Pilot

from cgwizard.app import Wizard
from cgwizard.guide.session import Session
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.form import Form
from tests.screens.test_screens import drive, field, keys, until


def at_once(app: Wizard, *texts: str) -> None:
    """Into the queue of the application, as a terminal's input comes; a tab between texts."""
    for number, text in enumerate(texts):
        if number:
            app.post_message(events.Key("tab", "\t"))
        for character in text:
            app.post_message(events.Key(character, character))


def test_a_tab_leads_to_the_next_field_at_once(world: PracticeWorld) -> None:
    session = Session(url=world.info.nexus_url)
    user, password = "deploy-user-of-this-nexus", "long-password-of-this-user"

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        field(app, "user").focus()
        await pilot.pause()
        at_once(app, user, password)
        await until(
            pilot,
            lambda: (
                session.steps.connect.values["user"] == user
                and session.steps.connect.secrets["password"].reveal() == password
            ),
            "both answers",
        )

    drive(session, play)


def test_rows_that_come_and_go_leave_what_is_being_typed_alone(world: PracticeWorld) -> None:
    session = Session(url=world.info.nexus_url, user="admin")
    passphrase = "four-random-words-here"

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        step = session.steps.connect
        password = field(app, "password")
        password.focus()
        await pilot.pause()
        at_once(app, "typed-while")
        step.set("keep", "secrets-file")  # another row's answer brings two rows
        await asyncio.gather(app.screen.show(), pilot.pause())  # type: ignore[attr-defined]
        assert field(app, "password") is password, "the row was made anew"
        at_once(app, "-rows-came", "", passphrase, passphrase)
        await until(
            pilot,
            lambda: (
                step.secrets.get("passphrase_again") is not None
                and step.secrets["passphrase_again"].reveal() == passphrase
            ),
            "the last answer",
        )
        assert step.secrets["password"].reveal() == "typed-while-rows-came"
        assert step.secrets["passphrase"].reveal() == passphrase
        shown = [row.field.id for row in app.screen.query_one(Form).rows()]
        assert shown == ["url", "user", "password", "keep", "passphrase", "passphrase_again"]

    drive(session, play)


def test_enter_means_what_stands_in_the_fields_then(world: PracticeWorld) -> None:
    """Not what the step was told last: here the field was emptied just before."""
    session = Session(url=world.info.nexus_url, user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        step = session.steps.connect
        field(app, "password").focus()
        await pilot.pause()
        at_once(app, "a-wrong-one")
        await until(pilot, lambda: "password" in step.secrets, "the first answer")
        await pilot.pause()
        for key in ("ctrl+u", "enter"):
            app.post_message(events.Key(key, None))
        await until(pilot, lambda: not step.secrets["password"], "the second answer")
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        assert step.checks == {}, "it was sent"

    drive(session, play)
