"""Over SSH, whose line breaks: at every step the wizard ends, and the next login goes on there."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.changes import journal
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.runs import saved
from tests.conftest import leaks
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.ssh import Login, Sshd, needs_ssh
from tests.support.terminal import Terminal, take_away, until_gone
from tests.whole.test_going_on import RING

pytestmark = needs_ssh

SECONDS = 5.0  # in which the wizard must be gone: three of them are for its screens
WAITS = "Enter waits"  # what is said of one that came before the screen was seen
SLOW = 600_000.0  # bytes a second: the pull can be cut off in the middle
QUIET = {
    "LC_ALL": "C.UTF-8",
    "DOCKER_HOST": "unix:///none/docker.sock",
    "CONTAINER_HOST": "unix:///none/podman.sock",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
}


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cgw-") as folder:
        yield Path(folder)
        crashed = [path.read_text() for path in Path(folder).rglob("crashes/*")]
        assert not crashed, crashed[0]


class Person:
    """Logs in, again, and does what the screen asks for."""

    def __init__(self, world: PracticeWorld, sshd: Sshd, home: Path, **env: str) -> None:
        self.world, self.sshd, self.home, self.env = world, sshd, home, {**QUIET, **env}
        self.logins: list[Login] = []
        self.made = made_in(world)

    def log_in(self) -> Login:
        info = self.world.info
        arguments = (info.registry_url, info.nexus_url, "--user", ADMIN)
        login = Login(self.sshd, self.home, *arguments, **self.env)
        self.logins.append(login)
        return login

    def go_on(self) -> Login:
        """Log in and take the offer, up to the step at which it goes on."""
        login = self.log_in()
        accept(login)
        self.connect(login)
        login.terminal.keys("Enter")
        return login

    def connect(self, login: Login) -> str:
        screen = login.terminal.until("Connect to Nexus", "enter connect")
        if "comes from the keyring" not in screen:
            login.terminal.type(ADMIN_PASSWORD)
            login.terminal.until("•" * len(ADMIN_PASSWORD))
        login.terminal.keys("Enter")
        return login.terminal.until("enter continue")

    def check_token(self, login: Login) -> None:
        """Paste the pull token where it is not in the keyring, and have it checked."""
        terminal, token = login.terminal, self.world.info.pull_token
        screen = terminal.until("4 Add token auth", "enter check the token")
        if "••••" not in screen:
            terminal.paste(f"{token.username} {token.password.reveal()}")
            terminal.until("••••")
        if f"{self.world.info.organization}/" not in screen:
            terminal.keys("Tab")
            terminal.type(f"{self.world.info.organization}/chainguard-base")
        terminal.keys("Enter")
        terminal.until("enter create these 3")

    def saved_at(self) -> str:
        (run,) = saved.unfinished(self.home / "state" / "cgwizard" / "runs")
        return run.step

    def close(self) -> None:
        for login in self.logins:
            login.close()


def accept(login: Login) -> None:
    """The offer to go on with what did not come to its end."""
    login.terminal.until("go on")
    login.terminal.keys("Enter")


def made_in(world: PracticeWorld) -> list[list[str]]:
    """The docker repositories after each change of any repository, as they come in."""
    seen: list[list[str]] = []
    sync = world.state.changed
    assert sync is not None

    async def changed() -> None:
        seen.append([r.name for r in world.state.repositories.values() if r.format == "docker"])
        await sync()

    world.state.changed = changed
    return seen


def to_the_pull(person: Person) -> Login:
    """A login in which a slow pull runs."""
    login = person.log_in()
    terminal = login.terminal
    person.connect(login)
    for action in ("continue", "use port", "create chainguard", "continue"):
        terminal.until(f"enter {action}")
        terminal.keys("Enter")
    person.check_token(login)
    create(terminal)
    for action in ("continue", "pull"):
        terminal.until(f"enter {action}")
        person.world.registry.throttle.speed = SLOW
        terminal.keys("Enter")
    terminal.until("left", "total")
    return login


def create(terminal: Terminal) -> None:
    """Press Enter where the requests are shown; again where it came before they were seen."""
    terminal.until("enter create these 3")
    terminal.keys("Enter")
    screen = terminal.until_true(lambda s: "enter create" not in s or WAITS in s, WAITS)
    if WAITS in screen:
        terminal.keys("Enter")


def walk_with_cuts(person: Person, cut: str) -> Login:
    """Lose the connection at every step; returns the login with which the run came to its end."""

    def lose(login: Login) -> None:
        process = login.client if cut == "client" else login.session
        assert login.cut(process) < SECONDS
        if cut == "session":  # whose own terminal lives on
            login.terminal.until("closed by remote host", "EXIT 255")
            assert login.after.read_text() == login.before.read_text()

    login = person.log_in()
    login.terminal.until("Connect to Nexus", "enter connect")
    lose(login)

    login = person.log_in()  # nothing was confirmed: there is nothing to go on with
    person.connect(login)
    lose(login)
    assert person.saved_at() == "routing"

    login = person.go_on()
    login.terminal.until("enter use port")
    lose(login)
    assert person.saved_at() == "routing"

    login = person.go_on()
    login.terminal.until("enter use port")
    login.terminal.keys("Enter")
    login.terminal.until("enter create chainguard")
    lose(login)
    assert person.saved_at() == "developer"
    assert person.made == []

    login = person.go_on()
    login.terminal.until("enter create chainguard")
    login.terminal.keys("Enter")
    login.terminal.until("created chainguard", "enter continue")
    lose(login)
    assert person.saved_at() == "token"

    login = person.go_on()
    person.check_token(login)
    lose(login)
    assert person.saved_at() == "token"

    login = person.go_on()
    person.check_token(login)
    create(login.terminal)
    login.terminal.until("The password of pull-chainguard-private", "enter continue")
    lose(login)
    assert person.saved_at() == "pull"

    login = person.go_on()
    login.terminal.until("enter pull")
    lose(login)
    assert person.saved_at() == "pull"

    person.world.registry.throttle.speed = SLOW
    login = person.go_on()
    login.terminal.until("enter pull")
    login.terminal.keys("Enter")
    login.terminal.until("left", "total")
    lose(login)
    assert person.saved_at() == "pull"

    person.world.registry.throttle.speed = None
    login = person.go_on()
    finish(login)
    return login


def finish(login: Login) -> None:
    terminal = login.terminal
    terminal.until("enter pull")
    terminal.keys("Enter")
    terminal.until("enter continue")
    terminal.keys("Enter")
    terminal.until("done, leave")
    terminal.keys("Enter")
    terminal.until("EXIT 0")
    assert login.after.read_text() == login.before.read_text()


def nothing_was_made_twice(person: Person) -> None:
    assert person.made == [["chainguard"], ["chainguard", "chainguard-private"]]
    (path,) = (person.home / "state" / "cgwizard" / "journal").iterdir()
    told = [(entry.repository, entry.state) for entry in journal.read(path)]
    told = [line for line in told if not line[0].startswith("cgwizard-proof-")]
    names = (
        *("chainguard", "chainguard-private"),
        *("chainguard-private-pull", "pull-chainguard-private"),
    )
    assert told == [(name, state) for name in names for state in ("begun", "applied")]


@pytest.fixture
def person(world: PracticeWorld, sshd: Sshd, home: Path) -> Iterator[Person]:
    found = Person(world, sshd, home)
    yield found
    found.close()


def test_a_line_that_is_frozen_and_then_lost(person: Person) -> None:
    login = to_the_pull(person)
    login.freeze()
    assert login.cut(login.session) < SECONDS
    person.world.registry.throttle.speed = None
    again = person.go_on()
    for action in ("pull", "continue"):
        again.terminal.until(f"enter {action}")
        again.terminal.keys("Enter")
    again.terminal.until("done, leave")
    assert again.cut(again.session) < SECONDS, "also with something left to say"
    nothing_was_made_twice(person)


def test_the_next_login_takes_over_from_a_line_that_is_frozen(person: Person) -> None:
    frozen = to_the_pull(person)
    wizard, session = frozen.wizard, frozen.session
    frozen.freeze()
    person.world.registry.throttle.speed = None
    again = take_over(person)
    until_gone(wizard)
    os.kill(session, signal.SIGKILL)
    again.terminal.keys("Enter")
    finish(again)
    nothing_was_made_twice(person)


def test_who_is_taken_over_gets_the_terminal_back(person: Person) -> None:
    first = person.log_in()
    person.connect(first)
    first.terminal.keys("Enter")
    first.terminal.until("enter use port")
    assert first.terminal.alternate
    again = take_over(person)
    screen = first.terminal.until(f"EXIT {128 + signal.SIGTERM}")
    assert not first.terminal.alternate
    assert "Choose a free port" not in screen
    assert "from 127.0.0.1 took this run over and goes on with it." in " ".join(screen.split())
    assert first.after.read_text() == first.before.read_text()
    again.terminal.keys("Enter")
    again.terminal.until("enter use port")


def take_over(person: Person) -> Login:
    """Log in while another one is at work, and be the one; up to where Connect is through."""
    login = person.log_in()
    accept(login)
    login.terminal.until("enter connect")
    login.terminal.type(ADMIN_PASSWORD)
    login.terminal.keys("Enter")
    login.terminal.until("another cgwizard is at it", "from 127.0.0.1", "enter only look")
    take_away(login.terminal, "take over")
    login.terminal.until("enter continue")
    return login


@pytest.mark.parametrize("cut", ["client", "session"])
def test_a_run_of_which_every_step_lost_its_connection(
    world: PracticeWorld, sshd: Sshd, home: Path, cut: str
) -> None:
    env = {}
    if cut == "session":  # with a keyring, which knows password and token at the next login
        (home / "filering.py").write_text(RING)
        env = {"PYTHON_KEYRING_BACKEND": "filering.Ring", "PYTHONPATH": str(home)}
        env["RING"] = str(home / "ring.json")
    person = Person(world, sshd, home, **env)
    try:
        screen = walk_with_cuts(person, cut).terminal.screen()
        verified, not_compared = screen.count("verified  "), screen.count("not compared")
        # Without a keyring nobody has the token any more with which cgr.dev could be asked.
        assert (verified, not_compared) == ((1, 1) if cut == "client" else (2, 0)), screen
        nothing_was_made_twice(person)
        kept = [path for path in (home / "state").rglob("*") if path.is_file()]
        assert not any(leaks(path.read_bytes()) for path in kept)
    finally:
        person.close()
