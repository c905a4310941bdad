"""Runs in separate processes that end, or get a full disk, right before a chosen effect.

An effect is what a process leaves outside of itself: a request that it sends, and whatever it
does to a file of its state folder. Between two effects nothing changes outside, so that ending
before each one is ending before and after every one. Which ones there are, a first run tells.

`crash_runner.Runner` keeps one process in which everything is imported, and forks it for each run.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from cgwizard.practice.world import ADMIN, ORGANIZATION, PracticeInfo
from cgwizard.secrets.secret import Credentials, Secret

ROOT = Path(__file__).parents[2]
FILLER = "filler"
PAGE = 4096  # what a file on a tmpfs grows by

T = TypeVar("T")


class Order(msgspec.Struct):
    """What a process is to do. Secrets come by the environment, as everywhere."""

    state: str  # XDG_STATE_HOME
    nexus: str
    registry: str
    token_user: str
    ports: tuple[int, int]  # the two connectors
    task: Literal["walk", "undo"] = "walk"
    mode: str = "separate"  # where the token goes: "separate", "add"
    until: str = "finish"  # the last step
    at: int = 0  # before which effect; 0 for none
    fault: Literal["kill", "fill"] = "kill"
    only_files: bool = False  # count what is done to files alone


class Outcome(msgspec.Struct):
    effects: list[str] = []
    problem: str = ""  # the code with which a step stopped
    stopped: str = ""  # that step
    told: str = ""  # that problem's text
    warnings: list[str] = []
    verified: list[bool] = []
    resumed_at: str = ""  # the step; "" where there was nothing to go on with
    output: str = ""
    killed: bool = False


class Effects:
    """Counts from `watch` on, and does ``fault`` right before number ``at``."""

    def __init__(self, order: Order) -> None:
        self.seen: list[str] = []
        self._order = order
        self._folder = os.path.realpath(order.state)
        self._lock = threading.Lock()
        self._busy = False

    def watch(self) -> None:
        for name in ("open", "mkdir", "unlink", "rename", "replace", "truncate"):
            self._by_path(name)
        for name in ("write", "pwrite", "ftruncate", "fsync"):
            self._by_descriptor(name)
        if not self._order.only_files:
            self._requests()

    def before(self, what: str) -> None:
        with self._lock:
            self.seen.append(what)
            if len(self.seen) == self._order.at:
                if self._order.fault == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                self._busy = True
                fill(Path(self._order.state))
                self._busy = False

    def _file(self, name: str, path: str) -> None:
        if not self._busy and path.startswith(self._folder + "/"):
            self.before(f"{name} {path.removeprefix(self._folder)}")

    def _by_path(self, name: str) -> None:
        function = getattr(os, name)

        def counted(path: Any, *arguments: Any, **named: Any) -> Any:
            reads = name == "open" and not arguments[0] & (os.O_WRONLY | os.O_RDWR)
            if not reads and isinstance(path, str | Path):
                self._file(name, str(Path(path).absolute()))
            return function(path, *arguments, **named)

        setattr(os, name, counted)

    def _by_descriptor(self, name: str) -> None:
        function = getattr(os, name)

        def counted(descriptor: int, *arguments: Any) -> Any:
            self._file(name, str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            return function(descriptor, *arguments)

        setattr(os, name, counted)

    def _requests(self) -> None:
        send = socket.socket.send

        def counted(sock: socket.socket, data: Any, *flags: int) -> int:
            if sock.family != socket.AF_INET:
                return send(sock, data, *flags)
            line = bytes(data[:200]).split(b"\r\n")[0].decode("latin-1")
            reads = line.startswith(("GET ", "HEAD "))
            self.before(line if line.endswith("HTTP/1.1") else "body")
            sent = send(sock, data, *flags)
            if not reads:  # Nexus does it, and nobody reads the answer
                self.before("sent")
            return sent

        setattr(socket.socket, "send", counted)  # noqa: B010  (its type is that of the C method)


def fill(folder: Path) -> None:
    """Until neither a byte nor another file goes into this file system, but for a hundred bytes at
    the end of each journal: the next line is cut off in the middle."""
    folder = folder if folder.exists() else folder.parent
    with (folder / FILLER).open("ab", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    for path in folder.glob("cgwizard/journal/*"):
        with path.open("ab", buffering=0) as file:
            file.write(b"\n" * (-path.stat().st_size % PAGE - 100))
    number = 0
    while True:
        try:
            (folder / f"{FILLER}-{number}").touch()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return
        number += 1


def make_room(folder: Path) -> None:
    for path in folder.glob(f"{FILLER}*"):
        path.unlink()


# In the forked process


def _walk(order: Order) -> Outcome:
    """As the commands do it: go on where there is something to go on with."""
    from cgwizard.cancel import Cancel
    from cgwizard.changes.journal import Journal
    from cgwizard.guide.guide import Guide
    from cgwizard.guide.shown import CONTINUE, Check
    from cgwizard.guide.step import Step, run_checked
    from cgwizard.runs import offer, resume
    from cgwizard.runs.run import Run

    info = PracticeInfo(
        nexus_url=order.nexus,
        username=ADMIN,
        password=Secret(os.environ["PASSWORD"]),
        registry_url=order.registry,
        organization=ORGANIZATION,
        pull_token=Credentials(order.token_user, Secret(os.environ["TOKEN"])),
    )
    folder = Path(order.state) / "cgwizard"
    effects, outcome = Effects(order), Outcome()
    outcome.effects = effects.seen
    effects.watch()
    session = Guide(practice=info)
    session.journal = Journal(folder / "journal")
    earlier = next(iter(offer.offered(folder, order.nexus)), None)
    if earlier is not None:
        outcome.resumed_at = earlier.step
        resume.begin(session, earlier, folder / "journal")
    session.run = Run(session, folder, earlier)
    session.steps.connect.set("password", info.password.reveal())
    ports = dict(zip(("routing", "token"), map(str, order.ports), strict=True))
    for name, port in ports.items():
        getattr(session.steps, name).values["port"] = port
    session.steps.token.values["mode"] = order.mode

    def keep(check: Check) -> None:
        if check.state == "warning":
            outcome.warnings.append(f"{check.id}: {check.detail}")

    step: Step | None = session.steps.connect
    while step is not None:
        run_checked(step, step.enter, keep, Cancel())
        tries = 0
        while step.problem is None and step.state not in {"done", "skipped"}:
            if step.action() == CONTINUE or (tries := tries + 1) > 4:
                break
            run_checked(step, step.act, keep, Cancel())
        if step.problem is not None:
            outcome.problem, outcome.told = step.problem.code, step.problem.came_back
            outcome.stopped = step.id
            break
        step = session.next_to(step, 1) if step.id != order.until else None
    outcome.verified = [proof.verified for proof in session.proofs]
    session.run.close()
    session.close()
    return outcome


def _undo(order: Order) -> Outcome:
    from cgwizard.commands import root

    effects, out = Effects(order), io.StringIO()
    effects.watch()
    arguments = ["undo", "--yes", "--user", ADMIN, "--password-from", "env:PASSWORD"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            root.main(arguments, prog_name="cgwizard", standalone_mode=False)
        except SystemExit as end:
            out.write(f"exit {end.code}")
    return Outcome(effects=effects.seen, output=out.getvalue())


def _serve() -> None:
    """Read orders, a line each; fork for each one and answer what became of it."""
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        ears, mouth = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ears)
            os.environ["XDG_STATE_HOME"] = order.state
            outcome = _walk(order) if order.task == "walk" else _undo(order)
            with os.fdopen(mouth, "wb") as file:
                file.write(msgspec.json.encode(outcome))
            os._exit(0)
        os.close(mouth)
        with os.fdopen(ears, "rb") as file:
            said = file.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            said = msgspec.json.encode(Outcome(killed=True))
        sys.stdout.write((said or b"null").decode() + "\n")
        sys.stdout.flush()


def _import_everything() -> None:
    """So that no run has to: what a run needs is imported by running, to the first failure."""
    from importlib import import_module

    names = (
        *("cgwizard.commands.undo", "cgwizard.commands.signin", "cgwizard.runs.offer"),
        *("cgwizard.runs.resume", "cgwizard.guide.pull_image", "cgwizard.registry.pull"),
        *("cgwizard.nexus.discovery", "cgwizard.nexus.ports", "cgwizard.tokens.paste"),
        *("cgwizard.guide.guide", "cgwizard.engines.find", "cgwizard.changes.undo", "httpx"),
        *("cgwizard.registry.workers", "cgwizard.tokens.chainctl", "http.cookiejar", "truststore"),
    )
    for name in names:
        import_module(name)


if __name__ == "__main__":
    _import_everything()
    _serve()
