"""Two on one Nexus: the second sees the first, and takes over when it wants to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.runs.lock import Lock
from tests.support.other_process import HELD, holding


def test_the_second_sees_who_and_since_when(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        with pytest.raises(WizardError) as caught:
            Lock(tmp_path, HELD, "run-2").acquire()
        assert caught.value.code == "run-in-use"
        told = caught.value.problem.came_back
        assert f"process {process.pid}" in told
        assert "since just now" in told
        Lock(tmp_path, "https://other.example.com", "run-2").acquire()


def test_who_is_at_work_is_seen_without_taking_anything(tmp_path: Path) -> None:
    lock = Lock(tmp_path, HELD, "run-2")
    assert lock.at_work() is None
    with holding(tmp_path) as process:
        seen = lock.at_work()
        assert seen is not None
        assert seen.pid == process.pid
        assert lock._descriptor is None
    assert lock.at_work() is None, "it was killed"
    lock.acquire()
    assert lock.at_work() is None, "it is this one"
    lock.release()


def test_kill_9_leaves_no_lock(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        process.kill()
        process.wait()
        lock = Lock(tmp_path, HELD, "run-2")
        lock.acquire()
        holder = lock.holder()
        assert holder is not None
        assert holder.run == "run-2"
        lock.release()


def test_taking_over_ends_the_other_one_in_order(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        process.send_signal(signal.SIGSTOP)  # as by Ctrl+Z, or a terminal that is gone
        lock = Lock(tmp_path, HELD, "run-2")
        lock.take_over()
        holder = lock.holder()
        assert holder is not None
        assert holder.pid == os.getpid()
        assert lock.taken_by() == "", "nobody took it from this one"
        assert process.wait(timeout=10) == -signal.SIGTERM
        lock.release()


def test_one_that_does_not_end_is_told_how_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cgwizard.runs.lock.WAIT_SECONDS", 0.3)
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    with holding(tmp_path, deaf) as process:
        with pytest.raises(WizardError) as caught:
            Lock(tmp_path, HELD, "run-2").take_over()
        assert caught.value.code == "run-not-taken-over"
        assert f"kill -9 {process.pid}" in caught.value.problem.next_step
