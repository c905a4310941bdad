"""When it fails: a report without secrets, and a log of exchanges without secrets."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.logs import crash_report, debug_log
from cgwizard.nexus.client import NexusClient
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret
from tests.conftest import leaks

COMMAND = str(Path(sys.executable).parent / "cgwizard")


def failing(secret: Secret) -> BaseException:
    local = f"a local variable with {secret.reveal()}"
    try:
        try:
            raise ValueError(f"http://admin:{secret.reveal()}@x/ refused")
        except ValueError as error:
            raise RuntimeError(f"sending {len(local)} letters") from error
    except RuntimeError as error:
        return error


def test_a_report_names_the_way_and_no_secret(tmp_path: Path) -> None:
    secret = Secret("otter-harbour-42")
    path = crash_report.report(failing(secret), tmp_path / "crashes")
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "RuntimeError: sending" in text
    assert "ValueError: http" in text
    assert "in failing" in text
    assert not leaks(text.encode())
    assert "a local variable" not in text
    assert str(Path.home()) not in text


def test_where_nothing_can_be_written_the_failure_is_still_told() -> None:
    assert crash_report.report(RuntimeError("x"), Path("/dev/null/crashes")) is None
    assert "No report could be written" in crash_report.notice(RuntimeError("x"), None)


def test_a_crash_of_the_command_leaves_a_report_and_no_traceback(tmp_path: Path) -> None:
    code = (
        "import cgwizard.practice.world as w\n"
        "def broken(*a, **k): raise KeyError('otter-harbour-42')\n"
        "w.PracticeWorld.__init__ = broken\n"
        "import sys; sys.argv = ['cgwizard', 'practice', '--speed=full']\n"
        "from cgwizard.secrets.secret import Secret; kept = Secret('otter-harbour-42')\n"
        "from cgwizard.cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "its own (KeyError)" in done.stderr
    (report,) = (tmp_path / "cgwizard" / "crashes").iterdir()
    assert str(report) in done.stderr
    text = report.read_text()
    assert "command: cgwizard practice --speed" in text
    assert not leaks((text + done.stderr).encode())


def test_the_debug_log_has_every_exchange_and_no_secret(
    world: PracticeWorld, tmp_path: Path
) -> None:
    path = tmp_path / "debug.log"
    path.touch(0o644)
    debug_log.start(path)
    try:
        info = world.info
        with NexusClient(info.nexus_url, Credentials(info.username, info.password)) as client:
            client.sign_in()
            client.repositories()
    finally:
        debug_log._active = None
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "authorization: Basic ***" in text
    assert "> GET http://127.0.0.1" in text
    assert "< 200 OK after" in text
    assert '"name":"maven-central"' in text
    assert not leaks(text.encode())


def test_a_log_that_cannot_be_written_is_a_usage_error() -> None:
    done = subprocess.run(
        [COMMAND, "practice", "--debug-log", "/none/such/file"],
        check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 2
    assert "debug-log-unwritable" in done.stderr


def test_the_log_closes_nothing_but_files_to_others_and_waits_for_nobody(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    with pytest.raises(WizardError, match="debug-log-unwritable"):  # nobody reads it
        debug_log.start(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        debug_log.start(pipe)
    finally:
        debug_log._active = None
        os.close(reader)
    assert stat.S_IMODE(pipe.stat().st_mode) == 0o666, "/dev/null would be the whole machine's"


def test_a_log_is_not_written_into_the_file_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "debug.log"
    path.touch(0o644)
    another = path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    with pytest.raises(WizardError) as caught:
        debug_log.start(path)
    assert "it belongs to user" in caught.value.problem.came_back
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_no_process_of_ours_leaves_its_memory_on_the_disk(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    assert hard, "cores are forbidden here anyhow, so that this would prove nothing"
    allowed = 'ulimit -S -c $(ulimit -H -c); exec "$@"'
    with subprocess.Popen(
        ["sh", "-c", allowed, "sh", COMMAND, "practice", "--serve", "--json"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            assert process.stdout.readline(), "it runs now"
            assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (0, hard)
        finally:
            process.terminate()
