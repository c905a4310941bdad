"""Programs that are run for their output have an end, and so have their children."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled
from cgwizard.system import subprocess as process

# Its child writes its number and would keep the pipes open.
STARTS = "sleep 60 & echo $! > child"


def gone(pid: int) -> bool:
    """Whether no process of this number runs, within five seconds."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # ended; its new parent has not looked yet
            return True
        time.sleep(0.01)
    return False


def child(folder: Path) -> int:
    return int((folder / "child").read_text())


def test_input_output_and_exit_code() -> None:
    done = process.run(["sh", "-c", "cat; echo wrong >&2; exit 3"], given="said", timeout=30)
    assert (done.exit_code, done.stdout, done.stderr) == (3, "said", "wrong\n")
    assert "said" not in repr(done), "it may be a secret"


def test_a_program_that_takes_too_long_ends_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(process.TookTooLong):
        process.run(["sh", "-c", f"{STARTS}; wait"], timeout=1)
    assert gone(child(tmp_path))


def test_a_program_that_is_cancelled_ends_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "started")
    cancel = Cancel()

    def stop() -> None:
        (tmp_path / "started").read_text()  # waits until the program is there
        cancel.set()

    watcher = threading.Thread(target=stop)
    watcher.start()
    command = ["sh", "-c", f"{STARTS}; : > started; wait"]
    with pytest.raises(Cancelled):
        process.run(command, timeout=60, cancel=cancel)
    watcher.join()
    assert gone(child(tmp_path))


def test_a_program_that_is_not_there_is_an_oserror() -> None:
    with pytest.raises(FileNotFoundError):
        process.run(["/none/such"], timeout=5)
