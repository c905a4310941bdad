"""`cgwizard practice --serve`: where it is, who gets in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.whole.test_cli import run, serving


def test_the_password_is_made_for_each_run_and_told_where_the_address_is() -> None:
    told = []
    for arguments in ((), ("--json",)):
        with serving(*arguments) as (process, line):
            if arguments:
                told.append(json.loads(line)["password"])
                continue
            assert process.stdout is not None
            lines = [line, *(process.stdout.readline() for _ in range(2))]
            assert lines[0].startswith("practice Nexus    http://127.0.0.1:")
            told.append(lines[2].removeprefix("  password").strip())
    done = run("practice", "--speed", "full")
    first = done.stdout.splitlines()
    assert first[0].startswith("practice Nexus    http://127.0.0.1:"), "without a terminal too"
    told.append(first[2].removeprefix("  password").strip())
    assert len(set(told)) == 3
    assert all(re.fullmatch(r"[a-z2-9-]{19}", password) for password in told)


@pytest.mark.parametrize("kind", ["env", "file"])
def test_the_password_can_be_given(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRACTICE", "given this time")
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_text("given this time\n")
    source = "env:PRACTICE" if kind == "env" else f"file:{path}"
    with serving("--json", "--password-from", source) as (_process, line):
        assert json.loads(line)["password"] == "given this time"
    done = run("practice", "--password-from", source)
    assert done.returncode == 0, done.stderr
    assert "given this time" not in done.stdout + done.stderr, "it is known, and not said"
    assert done.stdout.count(" verified") == 2


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("hunter2", "Invalid value for '--password-from'"),
        ("env:", "Invalid value for '--password-from'"),
        ("env:NONE_SUCH", "secret-variable-empty"),
        ("file:/none/such", "secret-file-unreadable"),
        ("keyring", "goes with --port"),
        ("systemd-creds", "goes with --port"),
    ],
)
def test_a_password_that_cannot_be_had(source: str, told: str) -> None:
    done = run("practice", "--serve", "--password-from", source)
    assert done.returncode == 2
    assert told in done.stderr
    assert "hunter2" not in done.stderr, "it may be the password itself"
    assert "Traceback" not in done.stderr


def test_a_host_name_is_answered_when_it_is_allowed() -> None:
    status = "/service/rest/v1/status"
    allowed = ("--allow-host", "Nexus.example.com", "--allow-host", ".example.org")
    with serving("--json", *allowed) as (_process, line):
        url = json.loads(line)["nexus_url"]
        for host in ("nexus.example.com", "a.example.org:8081"):
            assert httpx.get(f"{url}{status}", headers={"Host": host}).status_code == 200
        answer = httpx.get(f"{url}{status}", headers={"Host": "attacker.example"})
    assert answer.status_code == 403
    assert "--allow-host attacker.example" in answer.text


@pytest.mark.parametrize("name", ["", "a:80", "http://a", "*.example.com", "bücher.example"])
def test_what_is_no_host_name_is_not_allowed(name: str) -> None:
    done = run("practice", "--serve", "--allow-host", name)
    assert done.returncode == 2
    assert "a host name without a port, such as nexus.example.com" in " ".join(done.stderr.split())
