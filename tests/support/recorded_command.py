"""The real command against a practice world in another process, with every byte recorded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.practice.cgr.tokens import Bearers
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.world import PracticeWorld
from tests.support.faulty_nexus import faulty_world
from tests.support.practice_docker import PRIVATE_IMAGE
from tests.support.secret_search import Search
from tests.support.strace import Recording, read, under_strace
from tests.support.terminal import Terminal

COMMAND = (str(Path(sys.executable).parent / "cgwizard"),)
XDG = ("STATE", "CONFIG", "CACHE", "DATA")
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
# The practice cgr.dev in place of the real one, which a live run would ask.
LIVE = (
    sys.executable,
    "-c",
    "import os; from cgwizard.guide import session as s; s.UPSTREAM = os.environ['TEST_UPSTREAM']\n"
    "from cgwizard.cli import main; main()",
)


class Traced:
    """A world, the secrets that it holds and gives away, and the folders of its runs."""

    def __init__(
        self, world: PracticeWorld, middleware: FaultMiddleware, bearers: list[str], folder: Path
    ) -> None:
        self.world, self.middleware, self.bearers, self.folder = world, middleware, bearers, folder
        self.more: dict[str, str] = {}  # secrets that only a recording tells
        self._runs = 0
        for name in ("home", "cwd", "tmp", "records"):
            (folder / name).mkdir()

    @property
    def env(self) -> dict[str, str]:
        home = str(self.folder / "home")
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": home,
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_RUNTIME_DIR": home,
            **{f"XDG_{name}_HOME": f"{home}/{name.lower()}" for name in XDG},
            "PYTHONDONTWRITEBYTECODE": "1",
            "TEST_UPSTREAM": self.world.info.registry_url,
            **NO_KEYRING,
        }

    def command(self, *arguments: str, program: tuple[str, ...] = LIVE) -> tuple[str, ...]:
        """``program``, recorded, in a separate folder; run it in `env`."""
        self._runs += 1
        traced = under_strace(self._record, *program, *arguments)
        return ("env", "-C", str(self.folder / "cwd"), *traced)

    def run(
        self,
        *arguments: str,
        stdin: str = "",
        program: tuple[str, ...] = LIVE,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, program=program),
            input=stdin, capture_output=True, text=True, timeout=120, check=False,
            env=self.env | (env or {}),
        )  # fmt: skip

    def terminal(self, *arguments: str, program: tuple[str, ...] = LIVE) -> Terminal:
        return Terminal(*self.command(*arguments, program=program), env=self.env)

    def recording(self) -> Recording:
        """Of the last run."""
        return read(self._record)

    @property
    def _record(self) -> Path:
        return self.folder / "records" / str(self._runs)

    def secrets(self) -> dict[str, str]:
        info = self.world.info
        known = {
            "password": info.password.reveal(),
            "pull token": info.pull_token.password.reveal(),
        }
        return known | self.more | {f"bearer {n}": bearer for n, bearer in enumerate(self.bearers)}

    def theirs(self) -> str:
        """The sockets to Nexus, to its connectors and to the registry, where secrets may go."""
        info = self.world.info
        urls = (info.nexus_url, info.registry_url)
        ports = [url.rpartition(":")[2] for url in urls]
        for repository in self.world.call(lambda: list(self.world.state.repositories.values())):
            ports.append(str(repository.settings.get("docker", {}).get("httpPort")))
        return rf"tcp [0-9.]+:\d+->127\.0\.0\.1:(?:{'|'.join(ports)})"

    def hold(self, recording: Recording, *more: str) -> None:
        """No secret went anywhere but to whom it is for; ``more`` are patterns of such places.
        Nothing was written outside the run's own folders, and nothing unseen."""
        excepted = "|".join((self.theirs(), *more))
        found = self.leaks(recording, excepted)
        assert not found, found
        assert not recording.unseen, recording.unseen
        strangers = [p for p in recording.made if not p.startswith((str(self.folder), "/dev/"))]
        assert not strangers, strangers
        cut = [place for place in recording.cut if not re.fullmatch(excepted, place)]
        assert not cut, cut

    def leaks(self, recording: Recording, excepted: str) -> dict[str, set[str]]:
        """Where a secret went or is, and in which form."""
        search = Search(self.secrets())
        found = {
            place: search.found(data)
            for place, data in recording.places.items()
            if not re.fullmatch(excepted, place)
        }
        for path in self.folder.rglob("*"):
            if path.is_file() and "records" not in path.parts:
                found[str(path)] = search.found(path.read_bytes())
        return {place: forms for place, forms in found.items() if forms}


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traced]:
    bearers: list[str] = []
    issue = Bearers.issue

    def noted(self: Bearers, repositories: frozenset[str]) -> str:
        bearers.append(issue(self, repositories))
        return bearers[-1]

    monkeypatch.setattr(Bearers, "issue", noted)
    middleware = FaultMiddleware()
    with faulty_world(middleware) as world:
        (tmp_path / "run").mkdir()
        yield Traced(world, middleware, bearers, tmp_path / "run")


PASTE = "Pull token (not shown). Several lines are fine; an empty line ends it."


def answers(world: Traced) -> dict[str, str]:
    """What a user types at the prompts that begin so; at all others Enter."""
    info = world.world.info
    token = info.pull_token
    return {
        "Password": info.password.reveal(),
        "Pull token": f"{token.username}\n{token.password.reveal()}\n",
        "Image to try": PRIVATE_IMAGE,
    }


def by_screens(world: Traced, terminal: Terminal) -> None:
    """Every step up to Finish."""
    typed = answers(world)
    terminal.until("Password", "enter connect")
    terminal.type(typed["Password"])
    terminal.keys("Enter")
    for action in ("continue", "use port", "create chainguard", "continue"):
        terminal.until(f"enter {action}")
        terminal.keys("Enter")
    terminal.until("4 Add token auth", "enter check the token")
    terminal.paste(typed["Pull token"])
    terminal.until("••••")
    terminal.keys("Tab")
    terminal.type(typed["Image to try"])
    terminal.until(typed["Image to try"])
    for action in ("check", "create these 3", "continue", "pull", "continue"):
        terminal.until(f"enter {action}")
        terminal.keys("Enter")
    terminal.until("6 Finish", "✓ verified", "docker login", "enter done")


def by_prompts(terminal: Terminal, typed: dict[str, str]) -> None:
    """Every step to the end. ``typed``: as for `answer_next`."""
    screen = ""
    while "EXIT" not in screen:
        screen = answer_next(terminal, screen, typed)
    assert "EXIT 0" in screen


def answer_next(terminal: Terminal, before: str, typed: dict[str, str]) -> str:
    """Wait for the next prompt and answer it; the screen with it. ``typed``: what is typed at
    prompts, by words of theirs or, of a choice, of an option; at all others Enter alone."""
    screen = next_question(terminal, before)
    question = screen.rpartition("\n")[2]
    if question.startswith("Choice"):
        question = "\n".join(screen.split("\n")[-4:])
    if text := next((text for words, text in typed.items() if words in question), ""):
        terminal.paste(text)
    terminal.keys("Enter")
    return screen


def next_question(terminal: Terminal, before: str) -> str:
    """The screen up to the cursor, where that stands behind a prompt; or the end."""

    found = ""

    def waits(screen: str) -> bool:
        nonlocal found
        column, row = terminal.cursor()
        lines = screen.split("\n")[: row + 1]
        asked = lines[-1].rstrip().endswith(":") if column else lines[-2:-1] == [PASTE]
        found = "\n".join(lines).rstrip()
        return (asked and found != before) or "EXIT" in screen

    terminal.until_true(waits, "the next question")
    return found


def unattended(world: Traced) -> dict[str, str]:
    """Writes an answers file; returns the environment that it wants. The password is in a file
    outside the folders that are searched."""
    info = world.world.info
    place = world.folder.parent / "outside"
    place.mkdir(mode=0o700)
    (place / "password").write_text(info.password.reveal())
    (place / "password").chmod(0o600)
    (world.folder / "cwd" / "answers.toml").write_text(
        f"[connect]\nurl = '{info.nexus_url}'\nuser = 'admin'\n[routing]\nport = 5071\n"
        "[token]\nmode = 'separate'\norganization = 'example.com'\nport = 5072\n"
        f"[secrets]\nnexus-password = 'file:{place}/password'\npull-token = 'env:CGR_TOKEN'\n"
    )
    return {"CGR_TOKEN": answers(world)["Pull token"]}


def sent_to(world: Traced, recording: Recording, url: str) -> set[str]:
    """Which secrets were sent to ``url``: that they were shows that the recording has them."""
    sent = recording.to(f"->127.0.0.1:{url.rpartition(':')[2]}")
    found = Search(world.secrets()).found(sent)
    return {re.sub(r"( \d+)? in .*", "", told) for told in found}
