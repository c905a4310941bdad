"""The real command against a practice world of another process, with every byte recorded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.practice.registry.tokens import Bearers
from cgwizard.practice.world import PracticeWorld
from tests.helpers_bytes import Recording, read, under_strace
from tests.helpers_door import Door, world_behind
from tests.helpers_search import Search
from tests.helpers_terminal import Terminal

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

    def __init__(self, world: PracticeWorld, door: Door, bearers: list[str], folder: Path) -> None:
        self.world, self.door, self.bearers, self.folder = world, door, bearers, folder
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
        """To be run in `env`: ``program``, recorded, in a folder of its own."""
        self._runs += 1
        traced = under_strace(self._record, *program, *arguments)
        return ("env", "-C", str(self.folder / "cwd"), *traced)

    def run(
        self, *arguments: str, stdin: str = "", program: tuple[str, ...] = LIVE, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, program=program),
            input=stdin, capture_output=True, text=True, timeout=120, check=False,
            env=self.env | more,
        )  # fmt: skip

    def terminal(self, *arguments: str, program: tuple[str, ...] = LIVE, **more: str) -> Terminal:
        return Terminal(*self.command(*arguments, program=program), env=self.env | more)

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
        found = self.leaks(recording, "|".join((self.theirs(), *more)))
        assert not found, found
        assert not recording.unseen, recording.unseen
        strangers = [p for p in recording.made if not p.startswith((str(self.folder), "/dev/"))]
        assert not strangers, strangers

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
    door = Door()
    with world_behind(door) as world:
        yield Traced(world, door, bearers, tmp_path)
