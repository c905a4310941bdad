"""The wizard live, in a real terminal, against a Nexus that it was not started with."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.practice.world import ADMIN, PracticeWorld
from tests.conftest import leaks
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs
from tests.support.terminal import Terminal, wizard

pytestmark = needs("tmux")


def connect(terminal: Terminal) -> str:
    terminal.until("Password", "enter connect")
    terminal.type(ADMIN_PASSWORD)
    terminal.until("•" * len(ADMIN_PASSWORD))
    terminal.keys("Enter")
    return terminal.until("enter continue")


def test_a_host_and_port_are_enough_and_free_images_need_no_token(world: PracticeWorld) -> None:
    address = world.info.nexus_url.removeprefix("http://")
    with Terminal(*wizard(address, "--user", ADMIN)) as terminal:
        screen = connect(terminal)
        assert world.info.nexus_url in screen
        assert "3.96.3-01 Community" in screen
        terminal.keys("Enter")
        terminal.until("enter use port")
        terminal.keys("Enter")
        terminal.until("enter create chainguard")
        terminal.keys("Enter")
        terminal.until("created chainguard", "enter continue")
        terminal.keys("Enter")
        terminal.until("4 Add token auth", "skip")
        terminal.keys("F7")
        terminal.until("5 Test pull", "enter pull")
        terminal.keys("Enter")
        # cgr.dev itself cannot be asked from here, and that is said, not hidden.
        screen = terminal.until("pulled chainguard/wolfi-base", "could not ask", "enter continue")
        terminal.keys("Enter")
        screen = terminal.until("not compared", "docker login", "enter done")
        assert not leaks(screen.encode())
        terminal.keys("Enter")
        terminal.until("EXIT 0")


def test_a_wrong_password_is_sent_once_and_the_cursor_waits_in_its_field(
    world: PracticeWorld,
) -> None:
    with Terminal(*wizard(world.info.nexus_url, "--user", ADMIN)) as terminal:
        terminal.until("Password", "enter connect")
        terminal.type("not the password")
        terminal.keys("Enter")
        terminal.until("✗ problem sign in", "401", "enter try again")
        row = next(i for i, line in enumerate(terminal.screen().split("\n")) if "Password" in line)
        terminal.until_true(lambda _: terminal.cursor()[1] == row, "the cursor in the password")
        terminal.keys("Enter")
        terminal.until("not sent")
        terminal.keys("C-u")
        terminal.until_true(lambda screen: "•" not in screen, "an empty password")
        connect(terminal)


@pytest.fixture
def desktop() -> Iterator[dict[str, str]]:
    """A home with an own keyring; its path is short, since sockets are made in it."""
    with tempfile.TemporaryDirectory(prefix="cgw-") as home:
        yield {
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_STATE_HOME": f"{home}/state",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
        }


@needs("dbus-run-session", "gnome-keyring-daemon")
def test_the_password_is_kept_in_the_keyring_and_found_again(
    world: PracticeWorld, desktop: dict[str, str]
) -> None:
    command = shlex.join(wizard(world.info.nexus_url, "--user", ADMIN))
    script = (
        "printf unlocked | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;"
        f"{command}; {command}"
    )
    # Twice on one bus: the second one finds what the first one kept.
    with Terminal("dbus-run-session", "--", "sh", "-c", script, env=desktop) as terminal:
        terminal.until("Keep password", "in the keyring")
        screen = connect(terminal)
        assert "keep the password in the keyring" in screen
        terminal.keys("C-q")
        terminal.until("A run did not come to its end", "ctrl+n start a new run")
        terminal.keys("C-n")
        terminal.until("The password comes from the keyring", "enter connect")
        terminal.keys("Enter")
        terminal.until("signed in as admin", "enter continue")
        terminal.keys("C-q")
        terminal.until("EXIT 130")
    kept = [path for path in Path(desktop["HOME"]).rglob("*") if path.is_file()]
    assert kept
    assert not any(leaks(path.read_bytes()) for path in kept), "clear text on disk"


def test_what_is_pasted_over_several_lines_arrives_whole(world: PracticeWorld) -> None:
    token = world.info.pull_token
    line = f'docker login "cgr.dev" --username "{token.username}" --password '
    line += f'"{token.password.reveal()}"'
    folded = "\n".join(line[i : i + 80] for i in range(0, len(line), 80))
    with Terminal(*wizard("practice")) as terminal:
        for action in ("connect", "continue", "use port", "create chainguard", "continue"):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        terminal.until("enter check the token")
        terminal.keys("Tab")
        terminal.keys("C-u")
        terminal.until("docker login ...")
        terminal.paste(folded)
        terminal.until("••••")
        terminal.keys("Enter")
        # Read whole; it is the token of another practice run, which this cgr.dev does not know.
        terminal.until("✓ ok      it reads as a pull token", "✗ problem cgr.dev", "400 Bad Request")


def test_several_lines_into_a_field_of_one_are_refused_and_said() -> None:
    with Terminal(*wizard()) as terminal:
        terminal.until("Nexus URL", "enter connect")
        terminal.paste("https://nexus.example.com\nsecond line")
        terminal.until("Nothing entered")


def test_a_failed_pull_says_why_and_succeeds_when_the_cause_is_gone() -> None:
    command = wizard("practice", "--speed", "full")
    with Terminal(*command) as terminal:
        for action in ("connect", "continue", "use port", "create", "continue"):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        terminal.until("enter check the token")
        terminal.keys("F7")
        terminal.until("enter pull")
        terminal.keys("Tab")
        terminal.keys("C-u")
        terminal.until_true(lambda screen: "chainguard/wolfi-base" not in screen, "an empty field")
        terminal.type("chainguard/no-such-image")
        terminal.until("chainguard/no-such-image")
        terminal.keys("Enter")
        screen = terminal.until("✗ problem", "tried", "came back", "likely", "next")
        assert "chainguard/no-such-image" in screen  # and the cursor is in its field
        terminal.keys("C-u")
        terminal.until_true(lambda screen: "no-such-image" not in screen, "an empty field")
        terminal.type("chainguard/wolfi-base")
        terminal.keys("Enter")
        terminal.until("same digest at cgr.dev", "enter continue")
