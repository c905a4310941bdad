"""Runs the commands that Finish hands out, as a user does who pastes them into a shell."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.practice_docker import wait_until

SECONDS = 60.0


def typed(command: str, password: str, **environment: str) -> tuple[int, str]:
    """Run ``command`` by bash on a terminal, and answer the question for a password. Returns how
    it ended and what it printed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("bash", ["bash", "-c", command], {**os.environ, **environment})
    told, answered = "", False
    deadline = time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.1)[0]:
                if not answered and "-rs P" in command and _silent(terminal):
                    os.write(terminal, password.encode() + b"\n")  # it asks without a word
                    answered = True
                continue
            try:
                told += os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                break
            if not answered and "assword" in told:
                os.write(terminal, password.encode() + b"\n")
                answered = True
        else:
            os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), told
    finally:
        os.close(terminal)


def _silent(terminal: int) -> bool:
    """Whether what is typed is not shown, as where a password is read."""
    import termios

    return not termios.tcgetattr(terminal)[3] & termios.ECHO


def script(folder: Path, name: str, text: str) -> None:
    """A program called ``name`` in ``folder``."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o700)


@contextlib.contextmanager
def containerd(folder: Path) -> Iterator[dict[str, str]]:
    """A containerd of the test's own; what `ctr` needs in its environment."""
    address = folder / "containerd.sock"
    config = folder / "containerd.toml"
    config.write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\n  address = "{address}"\n'
    )
    with (folder / "containerd.log").open("wb") as log:
        daemon = subprocess.Popen(["containerd", "--config", str(config)], stdout=log, stderr=log)
    try:
        wait_until(address.exists, "containerd", seconds=30)
        yield {"CONTAINERD_ADDRESS": str(address), "CONTAINERD_SNAPSHOTTER": "native"}
    finally:
        daemon.terminate()
        daemon.wait(30)
