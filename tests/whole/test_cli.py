"""The installed command: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import cgwizard
from tests.support.ports import free_port

COMMAND = str(Path(sys.executable).parent / "cgwizard")


def run(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`cgwizard practice --serve`: the process and its first line."""
    process = subprocess.Popen(
        [COMMAND, "practice", "--serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"cgwizard {cgwizard.__version__}\n")


def test_version_and_help_import_nothing_heavy() -> None:
    code = (
        "import sys; from cgwizard.commands import root;"
        "heavy = ('textual', 'httpx', 'keyring', 'starlette');"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.strip() == "[]"


def test_version_imports_nothing() -> None:
    code = (
        "import sys; sys.argv = ['cgwizard', '--version']; from cgwizard.cli import main; main();"
        "print([m for m in ('cgwizard.errors', 'click', 'msgspec') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout.splitlines()[1] == "[]"


def test_version_and_help_are_commands_too() -> None:
    done = run("version")
    assert (done.returncode, done.stdout) == (0, f"cgwizard {cgwizard.__version__}\n")
    done = run("help")
    assert done.returncode == 0
    assert done.stdout == run("--help").stdout
    done = run("help", "practice")
    assert done.returncode == 0
    assert done.stdout == run("practice", "--help").stdout
    for code in ("login-wrong", "manifest-unknown"):
        done = run("help", code)
        assert done.returncode == 0
        page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
        section = page.partition(f"### {code}\n")[2].partition("\n#")[0].strip()
        assert section.replace("**", "") in done.stdout


@pytest.mark.parametrize(
    "word", ["nexus", "myhost", "lab", "localhost", "repo-1", "status.example"]
)
def test_other_words_are_hosts(word: str) -> None:
    done = run(word)
    assert "the guide needs a terminal" in done.stderr


def test_help_names_the_commands() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "cgwizard [NEXUS_URL]" in done.stdout
    assert "practice" in done.stdout


def test_live_without_a_terminal_says_what_would_work() -> None:
    done = run("https://nexus.example.com")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "cgwizard practice" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pratcice",), "Did you mean: cgwizard practice"),
        (("pratcice",), "cgwizard http://pratcice"),
        (("status",), "Did you mean: cgwizard guide"),
        (("status",), "cgwizard http://status"),
        (("check",), "'check' is no command of this version"),
        (("completion",), "no command of this version"),
        (("lessons",), "Did you mean: cgwizard practice"),
        (("lesson",), "Did you mean: cgwizard practice"),
        (("helpx",), "Did you mean: cgwizard help"),
        (("Version",), "Did you mean: cgwizard version"),
        (("undoo",), "Did you mean: cgwizard undo"),
        (("pll", "x"), "Did you mean: cgwizard pull"),
        (("help", "login-wrng"), "Did you mean: cgwizard help login-wrong"),
        (("help", "nonsense-word"), "no command and no code"),
        (("practice", "--speed", "fast"), "a number of MB/s above 0, or: full"),
        (("practice", "--speed", "-1"), "a number of MB/s above 0, or: full"),
        (("practice", "--json"), "--json goes with --serve"),
        (("practice", "--serve", "--port", "70000"), "70000"),
        (("practice", "--bogus"), "--bogus"),
    ],
)
def test_wrong_words_are_a_usage_error(arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_practice_without_a_terminal_ends_with_two_verified_pulls() -> None:
    done = run("practice")
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().split("\n")[-2:]
    assert all(line.endswith(" verified") and " sha256:" in line for line in last)
    assert "layer" in done.stdout, "the progress is shown"
    assert "\x1b" not in done.stdout


def test_serve_tells_where_everything_is_in_one_line() -> None:
    with serving("--json") as (process, line):
        told = json.loads(line)
        assert set(told) == {
            *("nexus_url", "username", "password", "registry_url", "organization", "pull_token")
        }
        answer = httpx.get(
            f"{told['nexus_url']}/service/rest/v1/repositories",
            auth=(told["username"], told["password"]),
        )
        assert answer.status_code == 200
        assert httpx.get(f"{told['registry_url']}/v2/").status_code == 401
        token = told["pull_token"]
        granted = httpx.get(
            f"{told['registry_url']}/token",
            params={"scope": f"repository:{told['organization']}/chainguard-base:pull"},
            auth=(token["username"], token["password"]),
        )
        assert granted.json()["token"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_ends_by_a_signal_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    with serving() as (process, line):
        assert "http://127.0.0.1:" in line
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("practice", "--serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    for word in ("practice-port-taken", "tried:", "came back:", "likely cause:", "next step:"):
        assert word in done.stderr
    assert str(port) in done.stderr


def test_serve_takes_the_port_that_was_asked_for() -> None:
    port = free_port()
    with serving("--json", "--port", str(port)) as (_process, line):
        assert json.loads(line)["nexus_url"] == f"http://127.0.0.1:{port}"
