"""One key for each action, whatever has the focus; what the keys do is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static

from cgwizard.app import Wizard
from cgwizard.guide.guide import Guide
from cgwizard.practice.world import PracticeWorld
from cgwizard.screens.menu import MenuScreen
from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.form import Form, SecretInput, refusal
from tests.screens.test_screens import drive, field, keys, notice, until, until_key
from tests.support.practice_world import ADMIN_PASSWORD

LETTERS = "dstrmaunxlckvq"


async def to_step(app: Wizard, pilot: Pilot[int], *actions: str) -> None:
    for action in actions:
        await until_key(app, pilot, f"enter {action}")
        await pilot.press("enter")


@pytest.mark.parametrize("tabs", range(5))
def test_letters_do_nothing_but_type_on_the_token_step(world: PracticeWorld, tabs: int) -> None:
    """Whatever has the focus: a field, a choice, nothing."""
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port", "create", "continue")
        await until_key(app, pilot, "enter check the token")
        await pilot.press(*["tab"] * tabs)
        before = {row.field.id: row.input.value for row in app.screen.query_one(Form).rows()}
        focused = app.focused
        await pilot.press(*LETTERS)
        await pilot.pause()
        assert session.steps.token.state == "todo"
        assert type(app.screen).__name__ == "TokenScreen"
        after = {row.field.id: row.input.value for row in app.screen.query_one(Form).rows()}
        changed = [name for name in before if before[name] != after.get(name)]
        if isinstance(focused, Input):
            assert len(changed) == 1
            assert isinstance(app.focused, Input)
        else:
            assert changed == []
            assert "Letters type only in a field" in notice(app)

    drive(session, play)


@pytest.mark.parametrize("tabs", range(4))
def test_f7_skips_whatever_has_the_focus(world: PracticeWorld, tabs: int) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port", "create", "continue")
        await until_key(app, pilot, "f7 skip")
        await pilot.press(*["tab"] * tabs, "f7")
        await until_key(app, pilot, "enter pull")
        assert session.steps.token.state == "skipped"

    drive(session, play)


@pytest.mark.parametrize("tabs", [0, 1, 2])
def test_digits_go_to_the_port(world: PracticeWorld, tabs: int) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue")
        await until_key(app, pilot, "enter use port 5051")
        await pilot.press(*["tab"] * tabs)
        if tabs == 1:  # in the field itself they are put in
            await pilot.press("ctrl+u")
        await pilot.press(*"5077")
        await until_key(app, pilot, "enter use port 5077")
        assert field(app, "port").value == "5077"
        await pilot.press("x")
        await until_key(app, pilot, "enter check the fields")

    drive(session, play)


def test_enter_typed_ahead_waits_where_it_would_change_nexus(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        for _ in range(8):
            app.post_message(Key("enter", "\r"))
        app.post_message(Key("f7", None))
        await until_key(app, pilot, "enter create chainguard")
        await until(pilot, lambda: "Enter waits" in notice(app), "it is said")
        assert "create chainguard" in notice(app)
        assert world.info.nexus_url
        assert session.nexus.docker_proxy("chainguard") is None
        await pilot.press("enter")
        await until_key(app, pilot, "enter continue")
        assert session.nexus.docker_proxy("chainguard") is not None

    drive(session, play)


def test_what_is_typed_during_work_that_fails_is_left_out_and_said(world: PracticeWorld) -> None:
    session = Guide(url="http://127.0.0.1:9", user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        for name in (*"secret", "enter", *"more", "tab", *"letters"):
            app.post_message(Key(name, name if len(name) == 1 else None))
        await until_key(app, pilot, "enter try again")
        await until(pilot, lambda: "left out" in notice(app), "it is said")
        assert field(app, "password").value == "secret"
        assert field(app, "user").value == "admin"
        assert field(app, "url").value == "http://127.0.0.1:9"

    drive(session, play)


def test_ctrl_c_says_what_leaves_and_copies_nothing(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        await pilot.press("tab", "shift+home", "ctrl+c")
        await until(pilot, lambda: "Ctrl+C again leaves" in notice(app), "it is said")
        assert app.clipboard == ""
        await pilot.press("right", "ctrl+c")  # another key between: it is said once more
        await until(pilot, lambda: "Ctrl+C again leaves" in notice(app), "it is said")
        await pilot.press("ctrl+c")

    assert drive(session, play).return_value == 130


def test_the_menu_has_every_action_by_word_and_by_key(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port", "create", "continue")
        await until_key(app, pilot, "f7 skip")
        offered = {offer.key for offer in app.screen.offers()}  # type: ignore[attr-defined]
        await pilot.press("f10")
        menu = app.screen
        assert isinstance(menu, MenuScreen)
        assert {action.key for action in menu.found} >= offered - {"ctrl+p", "pgdn"}
        await pilot.press(*"nothing of this name")
        assert menu.found == []
        await pilot.press("ctrl+u", *"f7")
        assert [action.key for action in menu.found] == ["f7"]
        await pilot.press("ctrl+u", *"skip", "enter")
        await until_key(app, pilot, "enter pull")
        assert session.steps.token.state == "skipped"

    drive(session, play)


def test_a_step_is_gone_to_and_the_record_is_shown(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port", "create")
        await until_key(app, pilot, "enter continue")
        await pilot.press("f6")
        await until(pilot, lambda: type(app.screen).__name__ == "RecordScreen", "the record")
        await pilot.press("escape")
        await until_key(app, pilot, "enter continue")
        await pilot.press("ctrl+g", *"port", "enter")
        await until(pilot, lambda: type(app.screen).__name__ == "RoutingScreen", "step 2")
        await pilot.press("ctrl+g", *"test pull")  # is not reached yet
        assert isinstance(app.screen, MenuScreen)
        assert app.screen.found == []

    drive(session, play)


def test_f6_has_what_nexus_was_asked_and_f4_its_bodies(
    world: PracticeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Guide(practice=world.info)
    monkeypatch.chdir(tmp_path)

    def shown(app: Wizard) -> str:
        return str(app.screen.query_one("#record", Static).content)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port", "create")
        await until_key(app, pilot, "enter continue")
        await pilot.press("f6")
        await until_key(app, pilot, "f4 bodies")
        text = shown(app)
        created = "POST    /service/rest/v1/repositories/docker/proxy  201"
        assert any(line.startswith("+ ") and created in line for line in text.splitlines())
        assert "changed Nexus" in text
        assert '"remoteUrl"' not in text
        await pilot.press("f4")
        await until(pilot, lambda: '"remoteUrl"' in shown(app), shown(app))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "Saved in" in notice(app), "the file")
        saved = (tmp_path / "cgwizard-record.txt").read_text()
        assert created in saved
        assert ADMIN_PASSWORD not in shown(app) + saved
        await pilot.press("f5")
        await until(pilot, lambda: "Sent to" in notice(app), "copied")

    drive(session, play)


def test_f4_shows_the_request_and_goes_back(world: PracticeWorld) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port")
        await until_key(app, pilot, "enter create")
        offered = {offer.key: offer for offer in app.screen.offers()}  # type: ignore[attr-defined]
        assert offered["f4"].words == "request"
        await pilot.press("f4")
        preview, body = app.screen.query_one("#preview"), app.screen.query_one("#body")
        await until(pilot, lambda: body.scroll_offset.y > 0, "it is scrolled to")
        assert preview.region.y < body.region.bottom
        await pilot.press("f4")
        await until(pilot, lambda: body.scroll_offset.y == 0, "the top")

    drive(session, play)


def test_a_login_command_in_a_field_is_neither_shown_nor_sent(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url)
    line = 'docker login "cgr.dev" --username "a/b" --password "eyJsecret"'

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        field(app, "user").focus()
        await pilot.pause()
        app.post_message(Paste(line))
        await pilot.pause(0.2)
        user = field(app, "user")
        assert user.value == ""
        assert "login command" in wrong(app, "user")
        await pilot.press(*line)  # letter by letter, from a terminal that marks no paste
        assert isinstance(user, Input)
        assert user.password
        await pilot.press("tab", *"pw", "enter")
        await until(pilot, lambda: "login command" in wrong(app, "user"), "it is said")
        step = session.steps.connect
        assert "eyJsecret" not in str(step.values)
        assert not step.checks
        user.focus()
        await pilot.press("ctrl+u", *"admin")
        await pilot.pause()
        assert not user.password
        assert wrong(app, "user") == ""
        assert step.values["user"] == "admin"

    drive(session, play)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("docker login cgr.dev --username u --password p", True),
        ("podman login -u u -p p cgr.dev", True),
        ("sudo docker login nexus:5051", False),
        ("skopeo login --password-stdin cgr.dev", False),
        ("echo x | skopeo login --password-stdin cgr.dev", True),  # it is in there all the same
        ("docker login --password-stdin cgr.dev <<< x", True),
        ("docker login -u u -pp cgr.dev", True),
        ('docker login "-p" "p" cgr.dev', True),
        ("docker login cgr.dev \\\n  --username u \\\n  --password p", True),
        ("DOCKER_CONFIG=/tmp/x docker login cgr.dev", True),
        ("sudo podman login -p=p cgr.dev", True),
        ("helm registry login cgr.dev -u u -p p", True),
        ("crane auth login cgr.dev -u u -p p", True),
        ("docker --config /x login -u u --password='p' cgr.dev", True),
        ("skopeo login --password=p cgr.dev", True),
        ("docker login", False),
        ("docker login cgr.dev", True),
        ("admin", False),
        ("login-admin", False),
        ("login-p", False),
        ("https://nexus.example.com/login-page", False),
        ("https://nexus.example.com/login?x=1", False),
    ],
)
def test_what_is_a_login_command(text: str, refused: bool) -> None:
    assert bool(refusal(text)) is refused


def wrong(app: Wizard, name: str) -> str:
    row = next(row for row in app.screen.query_one(Form).rows() if row.field.id == name)
    found = row.query_one(".wrong")
    return str(found.render()) if found.display else ""


def test_a_field_is_judged_when_it_is_left_and_the_word_goes_when_it_is_filled(
    world: PracticeWorld,
) -> None:
    session = Guide(url=world.info.nexus_url, user="admin")

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "enter connect")
        await pilot.press("enter")
        await until(pilot, lambda: wrong(app, "password") != "", "what is missing")
        await pilot.press("x")
        await until(pilot, lambda: wrong(app, "password") == "", "no word any more")
        field(app, "user").focus()
        await pilot.press(*":x")
        assert wrong(app, "user") == ""
        await pilot.press("tab")
        await until(pilot, lambda: "colon" in wrong(app, "user"), "it is judged")
        assert "enter check the fields" in keys(app)

    drive(session, play)


def test_f3_shows_a_secret_wherever_the_focus_is_and_hides_it_on_leaving(
    world: PracticeWorld,
) -> None:
    session = Guide(practice=world.info)

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await until_key(app, pilot, "f3 show")
        secret = field(app, "password")
        assert isinstance(secret, SecretInput)
        assert not isinstance(app.focused, Input | ChoiceInput)
        await pilot.press("f3")
        assert not secret.password
        await pilot.press("f1")
        await until(pilot, lambda: type(app.screen).__name__ == "HelpScreen", "help")
        assert secret.password

    drive(session, play)


@pytest.mark.parametrize("broken", [False, True])
def test_a_pasted_token_is_judged_at_once(world: PracticeWorld, broken: bool) -> None:
    session = Guide(practice=world.info)
    token = world.registry.tokens.issue(world.info.organization)
    text = f"{token.username} {token.password.reveal()}"
    text = text[: -len(text) // 3] if broken else text

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        await to_step(app, pilot, "connect", "continue", "use port", "create", "continue")
        await until_key(app, pilot, "enter check")
        field(app, "token").focus()
        await pilot.pause()
        assert wrong(app, "token") == ""
        app.post_message(Paste(text))
        told = "✗" if broken else "expires in"
        await until(pilot, lambda: told in wrong(app, "token"), "what it is")

    drive(session, play)
