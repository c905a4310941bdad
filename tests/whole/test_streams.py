"""Standard streams as they come on servers: closed ones, and bytes that are no text."""

from __future__ import annotations

import os
import subprocess

import pytest

from cgwizard.errors import ExitCode
from cgwizard.practice.world import PracticeWorld
from tests.support.terminal import wizard


def run(command: str, typed: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """``command`` by a shell, in which cgwizard is `$W`."""
    return subprocess.run(
        ["sh", "-c", command], input=typed, check=False, capture_output=True, timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8", "W": wizard()[0], **env},
    )  # fmt: skip


@pytest.mark.parametrize("command", ["--plain", "practice --plain"])
def test_a_closed_standard_input_is_one_that_ended(command: str) -> None:
    done = run(f"exec $W {command} <&-")
    assert done.returncode == ExitCode.UNFINISHED, done.stderr
    assert b"The input ended before the guide did." in done.stdout


def test_screens_with_a_closed_standard_input_say_what_would_work() -> None:
    done = run("exec $W <&-")
    assert done.returncode == ExitCode.USAGE
    assert b"cgwizard --plain" in done.stderr


def test_a_closed_standard_output_ends_the_guide_before_anything_is_done() -> None:
    done = run("exec $W practice --plain >&-", b"\n" * 80)
    assert done.returncode == ExitCode.FAILED
    assert done.stderr.startswith(b"cgwizard: standard-output-failed\n")
    assert b"Bad file descriptor" in done.stderr


def test_a_closed_standard_error_changes_nothing() -> None:
    done = run("exec $W practice --plain --speed full 2>&-", b"\n" * 80)
    assert done.returncode == ExitCode.DONE, done.stdout[-600:]


@pytest.mark.parametrize("coding", ["utf-8:strict", "utf-8:surrogateescape"])
def test_bytes_that_are_no_text_are_asked_for_again(world: PracticeWorld, coding: str) -> None:
    """As a terminal sends them that is set to another encoding than the locale says."""
    password = world.info.password.reveal().encode()
    answers = (world.info.nexus_url.encode(), b"caf\xe9", b"admin", b"p\xe4ss", password)
    done = run("exec $W --plain", b"\n".join(answers) + b"\n\n", PYTHONIOENCODING=coding)
    assert done.returncode == ExitCode.UNFINISHED, done.stderr
    assert done.stdout.count(b"bytes that are not utf-8") == 2
    assert b"signed in as admin" in done.stdout
    assert password not in done.stdout
