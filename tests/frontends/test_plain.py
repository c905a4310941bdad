"""The guide line by line: prompts, defaults, mistakes, secrets, and no escape sequence."""

from __future__ import annotations

import gc
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ptyprocess
import pytest

from cgwizard.errors import ExitCode
from cgwizard.practice.world import PracticeWorld
from tests.conftest import leaks
from tests.support.front_ends import ENTERS, PROVED_RESTRICTED, plainly, session_of
from tests.support.scripted_server import raw_server

COMMAND = str(Path(sys.executable).parent / "cgwizard")
SECONDS = 30.0
AGAIN_SECONDS = 3.0


def test_empty_lines_take_what_is_shown_and_lead_to_two_verified_pulls(
    world: PracticeWorld,
) -> None:
    code, told = plainly(session_of(world))
    assert code == ExitCode.DONE, told
    assert len(re.findall(r"sha256:[0-9a-f]{64} verified$", told, re.M)) == 2
    assert PROVED_RESTRICTED in told
    assert "\x1b" not in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", told)
    assert not leaks(told.encode())
    assert world.info.pull_token.password.reveal() not in told


def test_a_wrong_answer_is_explained_and_asked_again(world: PracticeWorld) -> None:
    typed = "\n\n\n" + "no port\n\n" + "\n" + ENTERS
    code, told = plainly(session_of(world), typed)
    assert code == ExitCode.DONE, told
    before, _, after = told.partition("  port: ")
    shown = before.rpartition("Port [")[2].partition("]")[0]
    assert f"Port [{shown}]" in after


def test_a_failure_has_four_lines_and_then_the_choice(world: PracticeWorld) -> None:
    session = session_of(world)
    session.steps.connect.set("password", "wrong")
    # connect fails; choose: try again, with the right password this time
    typed = "\n\n\n" + "1\n" + "\n\n" + world.info.password.reveal() + "\n" + ENTERS
    code, told = plainly(session, typed)
    assert code == ExitCode.DONE, told
    problem = told.partition("problem: login-wrong\n")[2].split("\n")
    assert [line.strip().partition(":")[0] for line in problem[:4]] == [
        "tried", "came back", "likely cause", "next step",
    ]  # fmt: skip
    assert not leaks(told.encode())


def test_choices_by_number_by_word_and_not_otherwise(world: PracticeWorld) -> None:
    # Connect, the port and its connector, then the developer proxy with its preview.
    typed = "\n\n\n" + "\n" + "9\nhttp\n1\n" + "\n\n" + "leave\n"
    code, told = plainly(session_of(world), typed)
    assert "a number from 1 to 2" in told
    assert code == ExitCode.UNFINISHED


def test_back_and_other_answers(world: PracticeWorld) -> None:
    session = session_of(world)
    typed = "\n\n\n" + "5077\n\n" + "\n\n" + "back\nchange\n" + "5078\n\n" + ENTERS
    code, told = plainly(session, typed)
    assert code == ExitCode.DONE, told
    assert session.routing.port == 5078
    assert told.count("Step 2 of ") == 2


def test_the_token_can_be_skipped_by_word(world: PracticeWorld) -> None:
    typed = "\n\n\n" + "\n\n" + "\n\n\n" + "skip\n" + ENTERS
    session = session_of(world)
    code, told = plainly(session, typed)
    assert code == ExitCode.DONE, told
    assert session.plan.token is not None
    assert session.plan.token.mode == "skip"


def test_the_end_of_the_input_is_no_failure_of_the_guide(world: PracticeWorld) -> None:
    code, told = plainly(session_of(world), "\n\n")
    assert code == ExitCode.UNFINISHED
    assert told.rstrip().endswith("The input ended before the guide did.")


def test_garbage_is_looked_for_while_it_runs(world: PracticeWorld) -> None:
    """The command line starts without, for a quick start."""
    gc.disable()
    try:
        plainly(session_of(world), "\n")
        assert gc.isenabled()
    finally:
        gc.enable()


# In a terminal


class Dialog:
    """A terminal of 80 columns, read as it comes."""

    def __init__(self, process: ptyprocess.PtyProcess) -> None:
        self.process = process
        self.told = ""
        self._seen = 0  # up to where it was waited for

    def until(self, text: str) -> None:
        """Read until ``text`` is printed, after what was waited for before."""
        deadline = time.monotonic() + SECONDS
        while text not in self.told[self._seen :]:
            assert time.monotonic() < deadline, f"not told: {text!r}\n{self.told[-1500:]}"
            if not select.select([self.process.fd], [], [], 0.2)[0]:
                continue
            try:
                self.told += self.process.read(4096).decode(errors="replace")
            except EOFError:
                break
        assert text in self.told[self._seen :], self.told[-1500:]
        self._seen = self.told.index(text, self._seen) + len(text)

    def type(self, text: str) -> None:
        self.process.write(text.encode())

    def interrupted(self, number: int = signal.SIGINT) -> int | None:
        """A signal at a question, until it ends; how it ended. Sent again where nothing comes
        of it: between a question and the wait for its answer, Python keeps it until then."""
        deadline, pressed = time.monotonic() + SECONDS, 0.0
        while True:
            assert time.monotonic() < deadline, f"it goes on\n{self.told[-1500:]}"
            if time.monotonic() - pressed > AGAIN_SECONDS:
                self.process.kill(number)
                pressed = time.monotonic()
            if not select.select([self.process.fd], [], [], 0.2)[0]:
                continue
            try:
                self.told += self.process.read(4096).decode(errors="replace")
            except EOFError:
                self.process.wait()
                ended: int | None = self.process.exitstatus
                return ended


@contextmanager
def dialog(*arguments: str, term: str = "dumb") -> Iterator[Dialog]:
    env = {**os.environ, "TERM": term, "LANG": "C.UTF-8", "PW": "otter-harbour-42"}
    process = ptyprocess.PtyProcess.spawn([COMMAND, *arguments], dimensions=(24, 80), env=env)
    try:
        yield Dialog(process)
    finally:
        process.terminate(force=True)


def test_a_dumb_terminal_gets_prompts_and_is_told_why() -> None:
    with dialog("practice", "--speed", "full", "--password-from", "env:PW") as talk:
        talk.until("TERM is dumb")
        talk.until("Nexus URL [")
        talk.type("\n")
        talk.until("User [admin]")
        talk.type("\n")
        talk.until("Password (")
        talk.type("otter-harbour-42\n")
        talk.until("signed in as admin")
        assert "\x1b" not in talk.told
        assert not leaks(talk.told.encode()), "a secret was echoed"
        talk.until("Port [")
        assert talk.interrupted() == ExitCode.CANCELLED


def test_a_pasted_token_is_not_shown_and_ends_by_itself(world: PracticeWorld) -> None:
    token = world.info.pull_token
    text = f"docker login cgr.dev -u {token.username} \\\n  -p {token.password.reveal()}\n"
    with dialog("practice", "--plain", "--speed", "full", term="xterm-256color") as talk:
        for question in ("URL [", "User [", "Password (", "Port [", "Choice [", "Name [", "Remote"):
            talk.until(question)
            talk.type("\n")
        talk.until("create chainguard")
        talk.until("Choice [1]")
        talk.type("\n")
        talk.until("check the token")
        talk.until("Choice [1]")
        talk.type("\n")
        talk.until("an empty line ends it")
        talk.type(text)
        talk.until("Image to try")
        assert "eyJ" not in talk.told
        assert "docker login" not in talk.told
        assert "\x1b" not in talk.told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_that_goes_away_leaves_echo_as_it_was(number: signal.Signals) -> None:
    import termios

    with dialog("practice", "--plain", "--speed", "full") as talk:
        for question in ("URL [", "User ["):
            talk.until(question)
            talk.type("\n")
        talk.until("Password (")
        descriptor = talk.process.fd
        deadline = time.monotonic() + SECONDS
        while termios.tcgetattr(descriptor)[3] & termios.ECHO:
            assert time.monotonic() < deadline, "echo is still on"
        assert talk.interrupted(number) == 128 + number


def test_interrupt_ends_the_wait_for_a_nexus_that_does_not_answer() -> None:
    came = threading.Event()

    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            came.set()

    with (
        raw_server(silent) as port,
        dialog("--plain", f"http://127.0.0.1:{port}", "--user", "admin") as talk,
    ):
        for question in ("URL [", "User ["):
            talk.until(question)
            talk.type("\n")
        talk.until("Password (")
        talk.type("otter-harbour-42\n")
        talk.until("Choice [1]")  # for this run only
        talk.type("\n")
        assert came.wait(SECONDS)
        began = time.monotonic()
        talk.process.kill(signal.SIGINT)
        talk.until("stopped")
        assert time.monotonic() - began < 1.0
        talk.until("2 change the answers")  # nothing is lost, and nothing begins by itself
        talk.until("Choice [1]")
        talk.type("3\n")
        deadline = time.monotonic() + SECONDS
        while talk.process.isalive():
            assert time.monotonic() < deadline, "it goes on"
        assert talk.process.exitstatus == ExitCode.UNFINISHED


@pytest.mark.parametrize("locale", ["C.UTF-8", "en_US.ISO-8859-1", "C"])
def test_every_locale_can_hold_what_is_told(locale: str) -> None:
    env = {**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(
        [COMMAND, "practice", "--plain", "--speed", "full"], check=False, capture_output=True,
        text=True, timeout=90, input=ENTERS, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "verified" in done.stdout
