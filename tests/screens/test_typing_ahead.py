"""What a password manager types, faster than the screen follows and with a tab between user and
password, arrives whole and in the right fields."""

from __future__ import annotations

import asyncio

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Choice, Field
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.form import FieldRow, Form
from tests.screens.test_screens import drive, field, keys, until


def at_once(app: Wizard, *texts: str) -> None:
    """Into the queue of the application, as a terminal's input comes; a tab between texts."""
    for number, text in enumerate(texts):
        if number:
            app.post_message(events.Key("tab", "\t"))
        for character in text:
            app.post_message(events.Key(character, character))


def test_a_tab_leads_to_the_next_field_at_once(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url)
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
    session = Guide(url=world.info.nexus_url, user="admin")
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
        assert field(app, "password") is password, "the row was made again"
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
    """Not what the step knew before: here the field was emptied just before Enter."""
    session = Guide(url=world.info.nexus_url, user="admin")

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


def press(app: Wizard, *names: str) -> None:
    """All of them at once; letters as themselves, other keys by their name."""
    for name in names:
        app.post_message(events.Key(name, name if len(name) == 1 else None))


def test_a_backspace_takes_the_letter_before_it(world: PracticeWorld) -> None:
    """And not a letter that was typed after it, or one in the next field."""
    session = Guide(url=world.info.nexus_url)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        step = session.steps.connect
        field(app, "user").focus()
        await pilot.pause()
        press(app, *"admim", "backspace", *"nn", "backspace", "tab", *"x", "ctrl+u", *"otter")
        await until(
            pilot,
            lambda: "password" in step.secrets and step.secrets["password"].reveal() == "otter",
            "the password",
        )
        assert step.values["user"] == "admin"

    drive(session, play)


def test_an_arrow_chooses_where_it_was_pressed(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for main in ("connect", "continue", "use port", "create", "continue", "check the token"):
            await until(pilot, lambda main=main: f"enter {main}" in keys(app), main)  # type: ignore[misc]
            if main != "check the token":
                await pilot.press("enter")
        step = session.steps.token
        field(app, "mode").focus()
        await pilot.pause()
        before = step.values["port"]
        press(app, "right", "right", "right", "tab")
        await until(pilot, lambda: step.values["mode"] == "add", "the choice")
        assert step.values["port"] == before

    drive(session, play)


def test_what_is_told_of_a_wrong_answer_is_about_what_stands_there(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        for main in ("connect", "continue"):
            await until(pilot, lambda main=main: f"enter {main}" in keys(app), main)  # type: ignore[misc]
            await pilot.press("enter")
        await until(pilot, lambda: "enter use port" in keys(app), "the port")
        field(app, "port").focus()
        await pilot.pause()
        press(app, "ctrl+u", *"99999", "enter")
        await until(pilot, lambda: session.steps.routing.values["port"] == "99999", "the answer")
        await until(pilot, lambda: "check the fields" in keys(app), "what it would do")

    drive(session, play)


def test_a_row_that_comes_changes_no_way_of_the_tab(world: PracticeWorld) -> None:
    """At the moment at which it is mounted and has no place yet."""
    session = Guide(url=world.info.nexus_url, user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        form = app.screen.query_one(Form)
        new = FieldRow(Field("late", "Late", kind="choice", choices=(Choice("a", "a"),)), None)
        field(app, "url").focus()
        await pilot.pause()
        form.mount(new)  # not awaited: it is composed while the keys come
        while not new.query(ChoiceInput):
            await asyncio.sleep(0)
        assert not new.region
        order = [w for w in app.screen.focus_chain if isinstance(w, Input | ChoiceInput)]
        assert order[:3] == [field(app, name) for name in ("url", "user", "password")]
        assert order[-1] is new.input

    drive(session, play)


def test_what_a_choice_brings_is_there_for_the_tab_after_it(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url, user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        field(app, "keep").focus()
        await pilot.pause()
        press(app, "down", "tab", *"words", "tab", *"again")
        step = session.steps.connect
        await until(pilot, lambda: "passphrase_again" in step.secrets, "the last answer")
        await until(pilot, lambda: step.secrets["passphrase_again"].reveal() == "again", "it")
        assert step.secrets["passphrase"].reveal() == "words"

    drive(session, play)


def test_a_row_that_comes_while_the_program_ends_is_no_crash(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url, user="admin")
    ended: list[str] = []

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "enter connect" in keys(app), "the main action")
        form = app.screen.query_one(Form)
        fields = (*session.steps.connect.fields(), Field("late", "Late"))
        came = asyncio.create_task(form.sync(fields, {}, locked=False))
        while not any(row.field.id == "late" for row in form.query(FieldRow)):
            await asyncio.sleep(0)
        app.exit(0)
        await came
        ended.append("late")

    drive(session, play)
    assert ended == ["late"]
