"""The wizard against a stand-in for chainctl: a script that prints what the real one prints."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, WizardError
from cgwizard.tokens import chainctl
from tests.support.tokens import JWT, USERNAME, credentials

Chainctl = Callable[[str], Path]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chainctl:
    """Put a chainctl with the given shell script on the PATH; its calls are in ``calls``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(script: str) -> Path:
        path = folder / "chainctl"
        path.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n{script}\n')
        path.chmod(0o755)
        return tmp_path / "calls"

    return write


JSON = json.dumps({"identity_id": USERNAME, "token": JWT}, separators=(",", ":"))
LOGIN = f"""
To use this pull token in another environment, run this command:

    docker login "cgr.dev" --username "{USERNAME}" --password "{JWT}"
"""


def test_available(fake: Chainctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake("")
    assert chainctl.available() == tmp_path / "bin" / "chainctl"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chainctl.available() is None
    with pytest.raises(WizardError, match="chainctl-missing"):
        chainctl.create_pull_token("example.com")


def test_creates_a_token_with_the_documented_flags(fake: Chainctl) -> None:
    calls = fake(f"echo '{JSON}'")
    token = chainctl.create_pull_token("example.com", timedelta(days=7))
    assert token.credentials == credentials()
    assert token.organization == "example.com"
    assert calls.read_text() == (
        "auth pull-token create --parent=example.com --ttl=168h "
        "--name=nexus-pull-through --output=json\n"
    )


def test_reads_the_line_that_older_versions_print_instead_of_json(fake: Chainctl) -> None:
    calls = fake(f"cat <<'EOF'\n{LOGIN}\nEOF")
    assert chainctl.create_pull_token("example.com").credentials == credentials()
    assert len(calls.read_text().splitlines()) == 1


def test_falls_back_to_the_command_of_still_older_versions(fake: Chainctl) -> None:
    calls = fake(
        'if [ "$2" = pull-token ]; then echo \'Error: unknown command "pull-token" '
        'for "chainctl auth"\' >&2; exit 1; fi\n'
        f"cat <<'EOF'\n{LOGIN}\nEOF"
    )
    assert chainctl.create_pull_token("example.com").credentials == credentials()
    assert calls.read_text().splitlines()[1].startswith("auth configure-docker --pull-token")
    assert "--save" not in calls.read_text()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Error: rpc error: code = Unauthenticated desc = token expired", "chainctl-not-signed-in"),
        ("Error: not logged in, run chainctl auth login", "chainctl-not-signed-in"),
        (
            "Error: rpc error: code = PermissionDenied desc = missing capabilities",
            "chainctl-no-right",
        ),
        (
            "Error: rpc error: code = InvalidArgument desc = unable to resolve",
            "chainctl-unknown-organization",
        ),
        ("Error: ttl exceeds the maximum of 168h0m0s", "chainctl-ttl"),
        ("Error: dial tcp: lookup issuer.enforce.dev: no such host", "chainctl-network"),
        ("Error: something new", "chainctl-failed"),
    ],
)
def test_failures_are_explained(fake: Chainctl, said: str, code: str) -> None:
    fake(f"echo '{JSON}'; echo '{said} {JWT}' >&2; exit 1")
    with pytest.raises(WizardError) as caught:
        chainctl.create_pull_token("example.com")
    assert caught.value.code == code
    assert "exit code 1" in caught.value.problem.came_back
    assert JWT[:10] not in str(caught.value.problem)
    assert USERNAME[:10] not in str(caught.value.problem)


def test_an_output_without_a_token_is_refused(fake: Chainctl) -> None:
    fake("echo done")
    with pytest.raises(WizardError, match="token-unreadable"):
        chainctl.create_pull_token("example.com")


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(minutes=59), timedelta(days=366)])
def test_an_impossible_time_is_refused_before_anything_runs(fake: Chainctl, ttl: timedelta) -> None:
    calls = fake(f"echo '{JSON}'")
    with pytest.raises(WizardError, match="chainctl-ttl"):
        chainctl.create_pull_token("example.com", ttl)
    assert not calls.exists()


def test_a_name_is_never_an_option(fake: Chainctl) -> None:
    calls = fake(f"echo '{JSON}'")
    chainctl.create_pull_token("--save")
    assert "--parent=--save" in calls.read_text().split()


def test_it_has_no_standard_input_to_ask_on(fake: Chainctl) -> None:
    fake(f"[ -z \"$(cat)\" ] && echo '{JSON}'")
    assert chainctl.create_pull_token("example.com").credentials == credentials()


def test_a_sign_in_that_nobody_answers_has_an_end(fake: Chainctl) -> None:
    fake("sleep 600")
    with pytest.raises(WizardError, match="chainctl-timeout"):
        chainctl.create_pull_token("example.com", timeout=0.3)


def test_the_person_can_stop_it(fake: Chainctl) -> None:
    fake("sleep 600")
    cancel = Cancel()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        chainctl.create_pull_token("example.com", cancel=cancel)
    assert time.monotonic() - started < 30
