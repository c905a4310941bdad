"""The command itself where there is no keyring: secrets kept by choice, found again, forgotten."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cgwizard.errors import ExitCode
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets import encrypted_file, systemd_creds
from tests.support.systemd_key import HOST_KEY_OF_ITS_OWN, systemd_works
from tests.whole.test_going_on import command

PASSPHRASE = "four random words here"


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOST_KEY_OF_ITS_OWN, str(tmp_path / "credential.secret"))
    subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True, timeout=30)


def in_order(text: str, *parts: str) -> None:
    for part in parts:
        assert part in text, f"{part!r} is not in, or not behind what was before:\n{text}"
        text = text.partition(part)[2]


def test_an_encrypted_file_made_opened_and_forgotten(world: PracticeWorld) -> None:
    url, password = world.info.nexus_url, world.info.password.reveal()
    begun = command(
        "--plain", typed=f"{url}\nadmin\n{password}\nenc\n{PASSPHRASE}\nx\n{PASSPHRASE}\n"
    )
    in_order(
        begun.stdout,
        "Keep password:",
        "1 for this run only",
        "2 encrypted file",
        "Passphrase (not shown)",
        "Once more (not shown)",
        "passphrase_again: not the same as above",
        "Once more (empty: as before)",
        "ok  keep the password in the encrypted file",
    )
    assert PASSPHRASE not in begun.stdout + begun.stderr
    assert encrypted_file.path().is_file()

    # Begin again; a wrong passphrase, then the right one.
    typed = f"2\n{url}\nadmin\nwrong\n\n\n1\n\n\n{PASSPHRASE}\n\n\n"
    later = command("--plain", typed=typed)
    in_order(
        later.stdout,
        "The encrypted file of an earlier run has",
        "Passphrase (not shown)",
        "problem: secrets-file-wrong-passphrase",
        "ok  opened the secrets file",
        "ok  signed in as admin",
        "Step 2 of ",
    )
    shown = command("forget", "--dry-run").stdout
    assert f"the encrypted secrets file, with the nexus password of admin@{url}" in shown
    assert command("forget", "--yes").returncode == 0
    assert not encrypted_file.path().exists()
    assert command("forget", "--yes").stdout == "There is nothing to forget.\n"
    assert "encrypted file of an earlier run" not in command("--plain", typed=f"{url}\n").stdout


@systemd_works()
def test_systemd_creds_serves_apply_and_undo_and_is_forgotten(
    systemd: None, world: PracticeWorld, tmp_path: Path
) -> None:
    url, password = world.info.nexus_url, world.info.password.reveal()
    path = site(tmp_path, plan.Connect(url, "admin"))
    early = command("apply", str(path))
    assert early.returncode == ExitCode.FAILED
    assert "finding a password for admin in systemd-creds" in early.stdout

    begun = command("--plain", typed=f"{url}\nadmin\n{password}\nsystemd\n")
    assert "ok  keep the password by systemd-creds" in begun.stdout, begun.stdout
    assert len(list(systemd_creds.folder().glob("*.cred"))) == 1

    done = command("apply", str(path))
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    undone = command("undo", "--yes", "--user", "admin", "--password-from", "systemd-creds")
    assert "removed chainguard" in undone.stdout, undone.stderr
    assert command("apply", str(path)).returncode == ExitCode.DONE
    assert "removed chainguard" in command("undo", "--yes").stdout, "it is found unasked"

    (systemd_creds.folder() / "of-another-list.cred").touch()
    gone = command("forget", "--yes").stdout
    assert f"the nexus password of admin@{url}, encrypted by systemd" in gone
    assert "the secret of-another-list, encrypted by systemd" in gone
    assert not list(systemd_creds.folder().iterdir())
    assert command("forget", "--yes").stdout == "There is nothing to forget.\n"


def test_apply_says_why_systemd_creds_cannot_be_used(world: PracticeWorld, tmp_path: Path) -> None:
    path = site(tmp_path, plan.Connect(world.info.nexus_url, "admin"))
    done = command("apply", str(path))
    assert done.returncode == ExitCode.USAGE
    assert "systemd-creds-failed" in done.stderr


def site(folder: Path, connect: plan.Connect) -> Path:
    path = folder / "site.toml"
    wanted = answers_file.of(plan.Plan(connect=connect), answers_file.Secrets("systemd-creds"))
    path.write_text(answers_file.write(wanted))
    return path
