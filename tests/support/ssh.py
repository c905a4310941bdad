"""A real sshd on loopback, logins into it in real terminals, and ways to cut them off."""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.support.ports import free_port
from tests.support.practice_docker import wait_until
from tests.support.programs import needs
from tests.support.terminal import Terminal

SSHD = "/usr/sbin/sshd"  # it must be started by its whole path
needs_ssh = needs(SSHD, "ssh", "ssh-keygen", "tmux")

# The guide as it is, but for whom it compares with: cgr.dev cannot be reached from a test.
WIZARD = """
import sys
from cgwizard.guide import session
session.UPSTREAM = sys.argv.pop(1)
from cgwizard.cli import main
main()
"""


class Sshd:
    """Has its own configuration and keys in ``folder``; the user of the tests may log in."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)],
                check=True, timeout=30,
            )  # fmt: skip
        (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
        self.port = free_port()
        config = folder / "config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\nUseDNS no\n"
        )
        if os.geteuid() == 0:  # Debian's is made by the service, which is not used here
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=self._log)
        wait_until(self._answers, f"sshd, see {folder}/log")
        self.command = (
            *("ssh", "-F", "none", "-tt", "-p", str(self.port), "-i", str(folder / "user")),
            *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=INFO"),
            *("-o", f"UserKnownHostsFile={folder}/known", f"{getpass.getuser()}@127.0.0.1"),
        )

    def _answers(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*descendants(self._process.pid), self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)  # also those that stand still
        self._process.wait(10)
        self._log.close()


class Login:
    """`cgwizard` over SSH in its own terminal; ``home`` outlives it."""

    def __init__(self, sshd: Sshd, home: Path, *arguments: str, **env: str) -> None:
        (home / "wizard.py").write_text(WIZARD)
        self._mark = f"XDG_STATE_HOME={home}/state"
        settings = [self._mark, f"HOME={home}", *(f"{name}={value}" for name, value in env.items())]
        program = ["env", *settings, sys.executable, str(home / "wizard.py"), *arguments]
        there = shlex.join((*sshd.command, f"cd /; exec {shlex.join(program)}"))
        self.before, self.after = home / "before.stty", home / "after.stty"
        self.after.unlink(missing_ok=True)
        around = f"stty -a >{self.before}; {there}; c=$?; stty -a >{self.after}; exit $c"
        self.terminal = Terminal("sh", "-c", around)

    @property
    def wizard(self) -> int:
        """The process of cgwizard, once there is one."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            shell = self.terminal.pane_process()
            ssh = next((p for p in descendants(shell) if name_of(p) == "ssh"), None)
            found = [p for p in marked(self._mark) if name_of(p).startswith("python")]
            if ssh is not None and found:
                return max(found)
            time.sleep(0.05)
        raise AssertionError("there is no wizard")

    @property
    def client(self) -> int:
        return next(p for p in descendants(self.terminal.pane_process()) if name_of(p) == "ssh")

    @property
    def session(self) -> int:
        """sshd's process for this login, which holds the other end of the terminal."""
        return parent_of(self.wizard)

    def freeze(self) -> None:
        """The line stands still: what the wizard writes goes nowhere, and there is no room left
        in between."""
        os.kill(self.session, signal.SIGSTOP)
        terminal = os.open(f"/proc/{self.wizard}/fd/1", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(terminal, b"\0" * 64)
        finally:
            os.close(terminal)

    def cut(self, process: int, number: signal.Signals = signal.SIGKILL) -> float:
        """End the connection by ``number`` to ``process``; how long the wizard took to be gone.
        Nothing of it may be left, at work or not."""
        began = time.monotonic()
        os.kill(process, number)
        wait_until(lambda: not list(marked(self._mark)), "the end of the wizard", 20)
        return time.monotonic() - began

    def close(self) -> None:
        self.terminal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def marked(mark: str) -> Iterator[int]:
    """The processes in whose environment ``mark`` stands: a login's wizard and what it started."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
        except OSError:  # gone, or another user's
            continue


def name_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def descendants(process: int) -> Iterator[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], check=False, capture_output=True, text=True
    )
    for child in map(int, done.stdout.split()):
        yield child
        yield from descendants(child)
