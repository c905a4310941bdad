"""What `cgwizard pull` is given from around it: odd arguments, passwords, signals, proxies."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from cgwizard.practice.world import PracticeWorld
from tests.support.ports import free_port
from tests.support.practice_docker import FREE_IMAGE
from tests.support.programs import needs
from tests.support.pull import PROGRAM
from tests.support.tokens import USERNAME, make_jwt

ABROAD = "registry.invalid/chainguard/wolfi-base"
NOWHERE = "127.0.0.1:1/chainguard/wolfi-base"  # what is wrong is reported before it is asked
SECONDS = 60


def ended(
    *arguments: str | bytes, typed: bytes = b"", env: dict[str, str] | None = None
) -> tuple[int, str, str]:
    done = subprocess.run(
        [PROGRAM, "pull", *arguments],
        input=typed,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize(("name", "typed"), [(b"deploy", b"caf\xe9"), (b"d\xe9ploy", b"coffee")])
def test_sign_in_that_is_no_text(name: bytes, typed: bytes) -> None:
    code, _, errors = ended(NOWHERE, "--username", name, "--password-stdin", typed=typed)
    assert code == 2
    assert "must be text in UTF-8" in errors


def test_json_tells_of_an_argument_that_is_no_text() -> None:
    code, out, _ = ended(b"127.0.0.1:1/a\xff/b", "--json")
    assert code == 2
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["code"]) == ("failed", "name-repository")


@pytest.mark.parametrize("platform", ["", "linux/", "a/b/c/d"])
def test_platform_that_is_none_is_a_wrong_command_line(platform: str) -> None:
    code, _, errors = ended(NOWHERE, "--platform", platform)
    assert code == 2
    assert "--platform" in errors


@needs("nohup")
def test_hangup_that_was_ignored_from_the_start_stays_so(world: PracticeWorld) -> None:
    world.registry.throttle.speed = 1e6
    image = f"{world.info.registry_url.removeprefix('http://')}/chainguard/node"
    with subprocess.Popen(
        ["nohup", PROGRAM, "pull", image, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if '"downloading"' in line:
                break
        process.send_signal(signal.SIGHUP)
        world.registry.throttle.speed = None
        out, _ = process.communicate(timeout=SECONDS)
    assert json.loads(out.splitlines()[-1])["event"] == "finished"
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_it_asks_for_the_password_the_terminal_is_as_before(
    number: signal.Signals,
) -> None:
    process, terminal = pty.fork()
    if process == 0:
        os.execv(PROGRAM, [PROGRAM, "pull", NOWHERE, "--username", "deploy"])
    deadline = time.monotonic() + SECONDS
    seen = b""
    # The prompt is written after the echo was turned off.
    while b"Password:" not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 4096)
    assert not termios.tcgetattr(terminal)[3] & termios.ECHO
    os.kill(process, number)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    os.close(terminal)


PATIENT = """
from cgwizard.commands.pull import work as pull_run
pull_run.LOOPBACK_SECONDS = 600
from cgwizard.cli import main
main()
"""


def test_stopped_while_it_finds_out_about_tls(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        image = f"127.0.0.1:{server.getsockname()[1]}/{FREE_IMAGE}"
        with (
            subprocess.Popen(
                [sys.executable, "-c", PATIENT, "pull", image, "--output", str(tmp_path / "out")],
                stderr=subprocess.PIPE,
            ) as process,
            server.accept()[0] as connection,
        ):
            assert connection.recv(10)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "socks5://127.0.0.1:1080"), ("HTTP_PROXY", "ftp://me:hunter2@127.0.0.1")],
)
def test_proxy_that_cannot_be_used(variable: str, value: str, tmp_path: Path) -> None:
    out = tmp_path / "folder" / "image"
    code, _, errors = ended(ABROAD, "--plain-http", "--output", str(out), env={variable: value})
    assert code == 10
    assert "cgwizard: client-proxy-in-the-way" in errors
    assert "hunter2" not in errors
    assert not list(out.parent.iterdir())


def test_proxy_that_is_not_there_is_what_is_blamed() -> None:
    proxy = f"127.0.0.1:{free_port()}"
    options = ("--json", "--plain-http")
    code, out, _ = ended(ABROAD, *options, env={"HTTP_PROXY": f"http://me:hunter2@{proxy}"})
    last = json.loads(out.splitlines()[-1])
    assert (code, last["code"]) == (10, "client-proxy-in-the-way")
    assert proxy in last["tried"]
    assert "hunter2" not in out


@pytest.mark.parametrize("name", ["nginx", "docker.io/library/nginx", "index.docker.io/nginx"])
def test_docker_hub_is_asked_where_it_answers(name: str) -> None:
    proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"}  # nothing is to go out
    _, out, _ = ended(name, "--json", env=proxy)
    tried = json.loads(out.splitlines()[-1])["tried"]
    assert "https://registry-1.docker.io/v2/library/nginx/manifests/latest" in tried


def test_this_machine_in_capital_letters_may_do_without_tls_too(world: PracticeWorld) -> None:
    port = world.info.registry_url.rpartition(":")[2]
    code, _, errors = ended(f"LocalHost:{port}/{FREE_IMAGE}")
    assert code == 0, errors


@pytest.mark.parametrize("name", ["h:80/a:{}", "h.{}/a", "h:80/A{}", "h:80/a?{}", "h:9{}/a"])
def test_long_nonsense_is_told_on_one_screen(name: str) -> None:
    code, out, _ = ended(name.format("9_" * 500 if "9" not in name else "9" * 1000), "--json")
    assert code == 2
    last = json.loads(out.splitlines()[-1])
    assert sum(len(last[part]) for part in ("tried", "came_back", "cause", "next_step")) < 420


UNENCRYPTED = "the password crosses the network unencrypted"


@pytest.mark.parametrize(
    ("arguments", "hosts"),
    [
        ((ABROAD, "--plain-http", "--username", "u", "--password-stdin"), ["registry.invalid"]),
        (
            (ABROAD, "--json", "--plain-http", "-u", "u", "--password-stdin", "--verify-upstream",
             "--nexus", "http://nexus.invalid:8081"),
            ["registry.invalid", "nexus.invalid"],
        ),
        (
            ("registry.invalid:5051/a/b", "--plain-http", "-u", "u", "--password-stdin",
             "--verify-upstream", "--nexus", "http://registry.invalid"),
            ["registry.invalid"],
        ),
        (
            (ABROAD, "--verify-upstream", "--upstream-token", "env:TOKEN", "--registry",
             "http://mirror.invalid"),
            ["mirror.invalid"],
        ),
        ((ABROAD, "--plain-http"), []),
        ((ABROAD, "--username", "u", "--password-stdin"), []),
        ((NOWHERE, "--plain-http", "--username", "u", "--password-stdin"), []),
        (("localhost:1/a/b", "--plain-http", "--username", "u", "--password-stdin"), []),
        (("[::1]:1/a/b", "--plain-http", "--username", "u", "--password-stdin"), []),
    ],
)  # fmt: skip
def test_a_password_in_plain_http_is_said_first(
    arguments: tuple[str, ...], hosts: list[str]
) -> None:
    env = {"TOKEN": f"{USERNAME}\n{make_jwt()}"}
    _, out, errors = ended(*arguments, typed=b"heron", env=env)
    warned = [f"warning: Plain HTTP to {host}: {UNENCRYPTED}" for host in hosts]
    assert errors.splitlines()[: len(hosts)] == warned
    assert (out + errors).count(UNENCRYPTED) == len(hosts)
