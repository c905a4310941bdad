"""Whole runs of the real command, recorded byte by byte: no secret leaves but to whom it is for.

Excepted are, by name, the sockets to Nexus, its connectors and the registry, and that to a
container engine. A pull token's user name is no secret: it says whose token it is, and saved
runs hold it.
"""

from __future__ import annotations

import base64
import os
import re
import signal
import sys
from urllib.parse import quote

import pytest

from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from tests.support.engines import podman_engine, short_folder
from tests.support.practice_docker import PRIVATE_IMAGE, add_repository
from tests.support.programs import needs
from tests.support.recorded_command import (
    COMMAND,
    LIVE,
    Traced,
    answers,
    by_prompts,
    by_screens,
    sent_to,
    traced,
    unattended,
)
from tests.support.secret_search import Search
from tests.support.ssh import descendants, name_of
from tests.support.terminal import Terminal

pytestmark = needs("strace")

__all__ = ["traced"]


@needs("tmux")
def test_the_screens_copying_saving_and_the_debug_log(traced: Traced) -> None:
    info = traced.world.info
    with traced.terminal(info.nexus_url, "--user", "admin", "--debug-log", "debug.log") as terminal:
        by_screens(traced, terminal)
        terminal.keys("F5")
        terminal.until("Sent to", "saved the commands", "enter done")
        terminal.keys("C-o")
        terminal.until("saved the answers", "enter done")
        terminal.keys("Enter")
        terminal.until("EXIT 0")
        screen = terminal.screen()
    recording = traced.recording()
    traced.hold(recording)
    assert not Search(traced.secrets()).found(screen.encode())
    assert sent_to(traced, recording, info.nexus_url) == {"password", "pull token"}
    assert sent_to(traced, recording, info.registry_url) == {"pull token", "bearer"}
    written = {path.rpartition("/")[2].rpartition(".")[2] for path in recording.made}
    assert {"log", "txt", "toml", "jsonl"} <= written
    assert len(recording.to("/dev/pts/")) > 10_000
    assert len(recording.to("/debug.log")) > 50_000
    assert b"load-buffer" in recording.places["arguments"]


@needs("tmux")
def test_the_prompts_then_undo_and_forget(traced: Traced) -> None:
    info = traced.world.info
    address = (info.nexus_url, "--user", "admin")
    with traced.terminal(*address, "--plain", "--debug-log", "debug.log") as terminal:
        by_prompts(terminal, answers(traced))
    recording = traced.recording()
    traced.hold(recording)
    assert sent_to(traced, recording, info.nexus_url) == {"password", "pull token"}
    assert sent_to(traced, recording, info.registry_url) == {"pull token", "bearer"}
    ways = ("--yes", "--password-from", "env:PASSWORD", "--debug-log", "undo.log")
    done = traced.run("undo", *address, *ways, env={"PASSWORD": info.password.reveal()})
    assert done.returncode == 0, done.stdout + done.stderr
    recording = traced.recording()
    traced.hold(recording)
    assert sent_to(traced, recording, info.nexus_url) == {"password"}
    done = traced.run("forget", "--yes", "--journal")
    assert done.returncode == 0, done.stdout + done.stderr
    traced.hold(traced.recording())


@needs("tmux")
def test_an_encrypted_file_made_then_opened(traced: Traced) -> None:
    info = traced.world.info
    traced.more = {"passphrase": "seven wet boots 4 you"}
    keep = dict.fromkeys(("Passphrase", "Once more"), traced.more["passphrase"])
    keep["encrypted file:"] = "encrypted"
    address = (info.nexus_url, "--user", "admin", "--plain", "--debug-log", "debug.log")
    with traced.terminal(*address) as terminal:
        by_prompts(terminal, answers(traced) | keep)
    recording = traced.recording()
    traced.hold(recording)
    assert any("secrets.json" in path for path in recording.made)
    with traced.terminal(*address) as terminal:
        for prompt in ("Nexus URL", "User", "Passphrase", "Password", "Choice"):
            terminal.until(f"\n{prompt}")
            if prompt == "Passphrase":
                terminal.paste(traced.more["passphrase"])
            terminal.keys("Enter")
        terminal.until("signed in as admin")
    recording = traced.recording()
    traced.hold(recording)
    assert sent_to(traced, recording, info.nexus_url) == {"password"}


BUS = """
printf unlocked | gnome-keyring-daemon --unlock --components=secrets >/dev/null
exec "$@"
"""


@needs("tmux", "dbus-run-session", "gnome-keyring-daemon")
def test_the_keyring_is_told_secrets_encrypted_only(traced: Traced) -> None:
    info = traced.world.info
    command = traced.command(info.nexus_url, "--user", "admin", "--plain")
    with short_folder() as runtime:  # sockets are made in it
        env = traced.env | {
            "PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring",
            "XDG_RUNTIME_DIR": str(runtime),
        }
        bus = ("dbus-run-session", "--", "sh", "-c", BUS, "sh")
        with Terminal(*bus, *command, env=env) as terminal:
            by_prompts(terminal, answers(traced))
    recording = traced.recording()
    traced.hold(recording)
    spoken = recording.to("unix ")
    assert spoken.count(b"CreateItem") >= 3, "the test entry, the password and the pull token"
    assert b"dh-ietf1024-sha256-aes128-cbc-pkcs7" in spoken


def test_a_script_with_its_secrets_in_a_file_and_a_variable(traced: Traced) -> None:
    command = ("apply", "answers.toml", "--json", "--debug-log", "debug.log")
    done = traced.run(*command, env=unattended(traced))
    assert done.returncode == 0, done.stdout + done.stderr
    recording = traced.recording()
    traced.hold(recording)
    assert sent_to(traced, recording, traced.world.info.nexus_url) == {"password", "pull token"}


@pytest.mark.parametrize(
    "request_",
    ["GET .*/repositorySettings$", "POST .*/docker/proxy$", "GET .*/proxy/chain", "GET .*/search$"],
)
def test_a_server_that_repeats_what_it_was_sent(traced: Traced, request_: str) -> None:
    password = traced.world.info.password.reveal()
    token = traced.world.info.pull_token.password.reveal()
    basic = base64.b64encode(f"admin:{password}".encode()).decode()
    page = f"The otters refuse: Basic {basic} {password} {quote(password)} {token} {token[:70]}"
    traced.middleware.rule(
        request_, NexusOtherAnswer(status=400, body=page.encode(), content_type="text/html")
    )
    done = traced.run("apply", "answers.toml", "--debug-log", "d.log", env=unattended(traced))
    assert "The otters refuse" in done.stdout, done.stdout + done.stderr
    traced.hold(traced.recording())


def test_practice_by_itself(traced: Traced) -> None:
    """The servers are in the same process: what it tells itself over loopback is all excepted,
    and from there it is known what was sent."""
    known = ("--password-from", "env:PW")
    env = {"PW": traced.world.info.password.reveal()}
    done = traced.run("practice", *known, "--debug-log", "debug.log", program=COMMAND, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    recording = traced.recording()
    told = recording.to("tcp ")
    pairs = [base64.b64decode(found) for found in set(re.findall(rb"Basic ([\w+/=]+)", told))]
    passwords = {pair.partition(b":")[2].decode() for pair in pairs}
    tokens = {found.decode() for found in re.findall(rb'"token":"(eyJ[^"]+)"', told)}
    assert len(passwords) == 4, "Nexus's, the pull token's, the pull user's, and that of the proof"
    assert traced.world.info.password.reveal() in passwords
    assert len(tokens) > 2
    traced.more = {f"{n}": secret for n, secret in enumerate(sorted(passwords | tokens))}
    traced.hold(recording, r"tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+")


@needs("podman")
def test_a_pull_that_is_proved_and_one_by_an_engine(traced: Traced) -> None:
    info = traced.world.info
    nexus = add_repository(traced.world, token=info.pull_token).removeprefix("http://")
    image = ("pull", f"{nexus}/{PRIVATE_IMAGE}")
    login = ("--username", "admin", "--password-stdin", "--json", "--debug-log", "debug.log")
    proof = (
        *("--verify-upstream", "--upstream", info.registry_url, "--nexus", info.nexus_url),
        *("--upstream-token", "env:CGR_TOKEN"),
    )
    password = info.password.reveal()
    token = answers(traced)["Pull token"]
    done = traced.run(
        *image, *login, *proof, stdin=password, program=COMMAND, env={"CGR_TOKEN": token}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    recording = traced.recording()
    traced.hold(recording)
    assert sent_to(traced, recording, nexus) == {"password"}
    assert sent_to(traced, recording, info.nexus_url) == {"password"}
    assert sent_to(traced, recording, info.registry_url) == {"pull token", "bearer"}
    with short_folder() as folder, podman_engine(folder) as engine:
        done = traced.run(
            *image, *login, "--engine", "podman", "--plain-http",
            stdin=password, program=COMMAND, env={"CONTAINER_HOST": engine},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        recording = traced.recording()
        traced.hold(recording, rf"unix {re.escape(engine.removeprefix('unix://'))}")
        assert Search(traced.secrets()).found(recording.to("podman.sock"))


CRASH = """
from cgwizard.guide.{module} import {name}
def broken(self, *rest):
    password = self.session.credentials.password.reveal()
    raise KeyError(f"{{password}} of {{self.session.nexus.credentials}}", self, rest)
{name}.{method} = broken
"""


@needs("tmux")
@pytest.mark.parametrize("method", ["act", "preview"])  # in a thread; while the screen is drawn
def test_a_crash(traced: Traced, method: str) -> None:
    info = traced.world.info
    code = CRASH.format(module="developer", name="DeveloperStep", method=method) + LIVE[-1]
    program = (*LIVE[:-1], code)
    with traced.terminal(info.nexus_url, "--user", "admin", program=program) as terminal:
        terminal.until("Password", "enter connect")
        terminal.type(info.password.reveal())
        terminal.keys("Enter")
        for action in ("continue", "use port", *(["create chainguard"] * (method == "act"))):
            terminal.until(f"enter {action}")
            terminal.keys("Enter")
        screen = terminal.until("it stopped by an error of its own", "EXIT 1")
    recording = traced.recording()
    traced.hold(recording)
    assert any("/crashes/" in path for path in recording.made)
    assert b"KeyError" in recording.to("/crashes/"), screen


NO_CORE = ("sh", "-c", 'ulimit -c 0; exec "$@"', "sh")


@needs("tmux")
def test_a_process_that_is_aborted_tells_where_it_was_and_no_values(traced: Traced) -> None:
    info = traced.world.info
    program = (*NO_CORE, sys.executable, "-X", "faulthandler", *LIVE[1:])
    with traced.terminal(info.nexus_url, "--user", "admin", program=program) as terminal:
        terminal.until("Password", "enter connect")
        terminal.type(info.password.reveal())
        terminal.keys("Enter")
        terminal.until("enter continue")
        shell = terminal.pane_process()
        wizard = next(p for p in descendants(shell) if name_of(p).startswith("python"))
        os.kill(wizard, signal.SIGABRT)
        terminal.until("EXIT 134")
    recording = traced.recording()
    traced.hold(recording)
    assert b"Fatal Python error: Aborted" in recording.to("/dev/pts/")
