"""Against a real Secret Service on a separate D-Bus session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import needs

pytestmark = needs("dbus-run-session", "gnome-keyring-daemon")

ROOT = Path(__file__).parents[2]

PROBE = """
from cgwizard.secrets import keyring as keyrings
status = keyrings.probe(timeout=20)
print(status.usable, status.backend, status.problem and status.problem.code)
"""

ROUND_TRIP = """
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.secrets.store import packed, unpacked
token = Credentials("a" * 40 + "/" + "b" * 16, Secret("e" * 3000))
keyrings.save("nexus-password", "admin@https://nexus", Secret("pässword"), timeout=20)
keyrings.save("pull-token", "example.com@cgr.dev", packed(token), timeout=20)
print(keyrings.load("nexus-password", "admin@https://nexus", 20).reveal())
print(unpacked(keyrings.load("pull-token", "example.com@cgr.dev", 20)) == token)
keyrings.forget("nexus-password", "admin@https://nexus", 20)
keyrings.forget("pull-token", "example.com@cgr.dev", 20)
print(keyrings.load("nexus-password", "admin@https://nexus", 20))
print(keyrings.load("pull-token", "example.com@cgr.dev", 20))
"""

UNLOCKED = "printf PASS | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null"


def run(home: Path, daemon: str, program: str, *, bus: bool = True) -> str:
    """The program's output beside a keyring daemon; home is where the daemon keeps its file."""
    env = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "XDG_RUNTIME_DIR": str(home),
        "LANG": "C.UTF-8",
    }
    script = f'{daemon}\nexec "$0" -c "$1"'
    command = ["sh", "-c", script, sys.executable, program]
    with subprocess.Popen(
        ["dbus-run-session", "--", *command] if bus else command,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=60)
        finally:
            # The daemon outlives the program that started it; the bus may be gone before it.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, err
    return out


def test_unlocked(tmp_path: Path) -> None:
    out = run(tmp_path, UNLOCKED, PROBE)
    assert out == "True Secret Service (GNOME Keyring, KWallet or KeePassXC) None\n"
    assert run(tmp_path, UNLOCKED, ROUND_TRIP).splitlines() == ["pässword", "True", "None", "None"]


@pytest.mark.parametrize("existing", [False, True])
def test_locked(tmp_path: Path, existing: bool) -> None:
    """The prompt fails at once without a display; elsewhere it waits, and the time-out ends it."""
    if existing:
        run(tmp_path, UNLOCKED, PROBE)
    assert run(tmp_path, LOCKED, PROBE).split()[-1] in {"keyring-locked", "keyring-timeout"}


def test_absent(tmp_path: Path) -> None:
    assert run(tmp_path, ":", PROBE, bus=False) == "False  keyring-none\n"
