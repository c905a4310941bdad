"""Secrets encrypted by systemd under a key of this machine: by the real program."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.secrets import index, systemd_creds
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.secrets.store import packed, unpacked
from tests.conftest import CANARY
from tests.support.systemd_key import HOST_KEY_OF_ITS_OWN, systemd_works

ACCOUNT = "admin@https://nexus.example.com"


@pytest.fixture(autouse=True)
def host_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of the test's own, as systemd itself makes one; the machine's stays untouched."""
    key = tmp_path / "credential.secret"
    monkeypatch.setenv(HOST_KEY_OF_ITS_OWN, str(key))
    subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True, timeout=30)
    monkeypatch.setattr(systemd_creds, "_refusal", [])
    return key


pytestmark = systemd_works()


def test_a_secret_comes_back_and_its_file_tells_nothing(own_folders: Path) -> None:
    assert systemd_creds.refusal() is None
    systemd_creds.save("nexus-password", ACCOUNT, Secret(CANARY))
    token = Credentials("user/1", Secret("eyJ" + "ö" * 3000))
    systemd_creds.save("pull-token", "cgr.dev", packed(token))
    assert systemd_creds.load("nexus-password", ACCOUNT) == Secret(CANARY)
    assert unpacked(systemd_creds.load("pull-token", "cgr.dev")) == token
    assert systemd_creds.load("nexus-password", "other@https://nexus.example.com") is None
    path = systemd_creds.path_of("nexus-password", ACCOUNT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.is_relative_to(own_folders)
    assert "admin" not in path.name
    assert [k.store for k in index.entries()] == ["systemd-creds", "systemd-creds"]
    systemd_creds.forget("nexus-password", ACCOUNT)
    assert systemd_creds.load("nexus-password", ACCOUNT) is None
    assert [k.account for k in index.entries()] == ["cgr.dev"]


def test_a_file_opens_under_its_own_name_and_on_its_own_machine_only(host_key: Path) -> None:
    systemd_creds.save("nexus-password", ACCOUNT, Secret(CANARY))
    systemd_creds.save("pull-token", "cgr.dev", Secret("another"))
    mine = systemd_creds.path_of("nexus-password", ACCOUNT)
    other = systemd_creds.path_of("pull-token", "cgr.dev")

    def refused() -> str:
        with pytest.raises(WizardError) as caught:
            systemd_creds.load("nexus-password", ACCOUNT)
        assert caught.value.code == "systemd-creds-failed"
        assert CANARY not in str(caught.value.problem)
        return caught.value.problem.came_back

    whole = mine.read_bytes()
    mine.write_bytes(other.read_bytes())
    assert "name" in refused()
    mine.write_bytes(whole[:-20])
    refused()
    mine.write_bytes("ö".encode())
    refused()
    mine.write_bytes(whole)
    host_key.unlink()
    subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True, timeout=30)
    refused()


def test_without_a_host_key_it_is_not_offered_and_none_is_made(host_key: Path) -> None:
    host_key.unlink()
    refusal = systemd_creds.refusal()
    assert refusal is not None
    assert "no host key" in refusal.problem.came_back
    assert not host_key.exists()


def test_what_does_not_come_back_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that hangs, as one that waits for an answer nobody sees."""
    hanging = tmp_path / "bin" / "systemd-creds"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hanging.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(systemd_creds, "SECONDS", 0.3)
    refusal = systemd_creds.refusal()
    assert refusal is not None
    assert "nothing in 0.3 seconds" in refusal.problem.came_back


def test_the_secret_is_never_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen by a program of the same name, which notes its arguments and goes on as the real one."""
    real = subprocess.run(
        ["sh", "-c", "command -v systemd-creds"], capture_output=True, text=True, check=True
    ).stdout.strip()
    seen = tmp_path / "seen"
    between = tmp_path / "bin" / "systemd-creds"
    between.parent.mkdir()
    between.write_text(f'#!/bin/sh\necho "$*" >>{seen}; env >>{seen}; exec {real} "$@"\n')
    between.chmod(0o755)
    monkeypatch.setenv("PATH", f"{between.parent}{os.pathsep}{os.environ['PATH']}")
    systemd_creds.save("nexus-password", ACCOUNT, Secret(CANARY))
    assert systemd_creds.load("nexus-password", ACCOUNT) == Secret(CANARY)
    noted = seen.read_text()
    assert "encrypt - -" in noted
    assert "decrypt - -" in noted
    assert CANARY not in noted
