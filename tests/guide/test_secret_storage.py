"""Where Connect and Add token auth keep secrets where there is no keyring, by choice."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.guide import session as sessions
from cgwizard.guide.connect import ConnectStep
from cgwizard.guide.guide import Guide
from cgwizard.guide.step import Step, run_checked
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets import encrypted_file, index, systemd_creds
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets.encrypted_file import EncryptedFile
from cgwizard.secrets.secret import Secret
from tests.conftest import CANARY
from tests.support.faulty_nexus import faulty_world
from tests.support.guide import act, enter, refused, through
from tests.support.ports import free_port
from tests.support.systemd_key import HOST_KEY_OF_ITS_OWN, systemd_works

PASSPHRASE = "four random words here"


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    status = keyrings.KeyringStatus(False, "", "This session has no keyring.")
    monkeypatch.setattr(keyrings, "probe", lambda: status)
    monkeypatch.setattr(systemd_creds, "_refusal", [])


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOST_KEY_OF_ITS_OWN, str(tmp_path / "credential.secret"))
    subprocess.run(["systemd-creds", "setup"], check=True, capture_output=True, timeout=30)


def started(world: PracticeWorld, monkeypatch: pytest.MonkeyPatch | None = None) -> Guide:
    """A live session that has looked what there is; the practice cgr.dev stands for the real."""
    session = Guide(url=world.info.nexus_url, user="admin")
    session.first_port = free_port()
    if monkeypatch is not None:
        monkeypatch.setattr(sessions, "UPSTREAM", world.info.registry_url)
    enter(session.steps.connect)
    return session


def choices(step: Step) -> list[str]:
    field = next(field for field in step.fields() if field.id == "keep")
    assert field.value == field.choices[0].value or field.value == step.values["keep"]
    return [choice.value for choice in field.choices]


def shown(step: Step) -> list[str]:
    return [field.id for field in step.fields()]


def to_token(session: Guide, world: PracticeWorld) -> None:
    through(session.steps.routing)
    through(session.steps.developer)
    enter(session.steps.token)
    session.steps.token.set("image", f"{world.info.organization}/chainguard-base")


def pasted(world: PracticeWorld) -> str:
    token = world.info.pull_token
    return f"{token.username} {token.password.reveal()}"


def keep_in_file(step: ConnectStep) -> None:
    step.set("password", CANARY)
    step.set("keep", "secrets-file")
    step.set("passphrase", PASSPHRASE)
    step.set("passphrase_again", PASSPHRASE)
    act(step)
    assert step.state == "done", step.problem


def test_memory_is_proposed_and_leaves_nothing(world: PracticeWorld, own_folders: Path) -> None:
    step = started(world).steps.connect
    assert choices(step) == ["memory", "secrets-file"]
    assert "This session has no keyring. The password stays in memory, for this run only." in (
        step.notes()
    )
    step.set("password", CANARY)
    act(step)
    assert step.state == "done"
    assert "keep" not in step.checks
    assert not list(own_folders.rglob("*"))


def test_a_new_file_wants_a_long_passphrase_twice(world: PracticeWorld) -> None:
    step = started(world).steps.connect
    step.set("password", CANARY)
    assert "passphrase" not in shown(step)
    step.set("keep", "secrets-file")
    assert shown(step)[-3:] == ["keep", "passphrase", "passphrase_again"]
    assert "at least 12" in step.field_problems()["passphrase"]
    step.set("passphrase", "short")
    assert "at least 12" in step.field_problems()["passphrase"]
    step.set("passphrase", PASSPHRASE)
    step.set("passphrase_again", PASSPHRASE[:-1])
    assert list(step.field_problems()) == ["passphrase_again"]
    step.set("passphrase_again", PASSPHRASE)
    assert step.field_problems() == {}
    assert not encrypted_file.path().exists()
    act(step)
    assert stat.S_IMODE(encrypted_file.path().stat().st_mode) == 0o600
    assert step.checks["keep"].state == "done"
    assert "in the encrypted file" in step.checks["keep"].label
    assert not step.secrets.keys() & {"passphrase", "passphrase_again"}, "nobody needs it now"


def test_the_file_is_asked_for_once_a_run_and_opens_both_secrets(
    world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = started(world, monkeypatch)
    keep_in_file(first.steps.connect)
    to_token(first, world)
    token = first.steps.token
    assert "passphrase" not in shown(token), "it is open already"
    assert next(f.value for f in token.fields() if f.id == "keep") == "secrets-file"
    token.set("token", pasted(world))
    through(token)
    assert token.checks["keep"].state == "done"

    second = started(world, monkeypatch)
    step = second.steps.connect
    assert shown(step)[:4] == ["url", "user", "passphrase", "password"]
    account = f"admin@{world.info.nexus_url}"
    assert step.notes()[0] == f"The encrypted file of an earlier run has the password of {account}:"
    assert list(step.field_problems()) == ["password"]
    step.set("passphrase", PASSPHRASE)
    assert step.field_problems() == {}
    act(step)
    assert step.state == "done", step.problem
    assert "keep" not in step.checks, "it is kept already"
    to_token(second, world)
    assert second.steps.token.secrets["token"].reveal() == pasted(world)
    assert "keep" in shown(second.steps.token)


def test_a_wrong_passphrase_loses_nothing_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    middleware = FaultMiddleware()
    with faulty_world(middleware) as world:
        keep_in_file(started(world).steps.connect)
        step = started(world).steps.connect
        before = len(middleware.signed)
        step.set("passphrase", "another passphrase")
        told = refused(step, "secrets-file-wrong-passphrase", "another passphrase", PASSPHRASE)
        assert "cgwizard forget" in told.next_step
        assert step.doubtful == "passphrase"
        assert len(middleware.signed) == before
        step.set("passphrase", PASSPHRASE)
        act(step)
        assert step.state == "done", step.problem


def test_one_may_go_on_without_the_file(world: PracticeWorld) -> None:
    keep_in_file(started(world).steps.connect)
    step = started(world).steps.connect
    step.set("password", CANARY)
    act(step)
    assert step.state == "done"
    assert step.keeping.locked
    step.set("keep", "secrets-file")  # to change what is in it, it must be opened
    assert list(step.field_problems()) == ["passphrase"]
    step.set("passphrase", PASSPHRASE)
    act(step)
    assert step.checks["keep"].state == "done"


def test_a_file_without_this_password_takes_it(world: PracticeWorld) -> None:
    EncryptedFile.create(encrypted_file.path(), Secret(PASSPHRASE))
    step = started(world).steps.connect
    assert "has secrets" in step.notes()[0]
    step.set("passphrase", PASSPHRASE)
    told = refused_after_opening(step)
    assert "the encrypted file" in told
    step.set("password", CANARY)
    act(step)
    assert step.checks["keep"].state == "done", "who opens the file wants it kept there"
    opened = EncryptedFile.unlock(encrypted_file.path(), Secret(PASSPHRASE))
    assert opened.load("nexus-password", f"admin@{world.info.nexus_url}") == Secret(CANARY)


def refused_after_opening(step: ConnectStep) -> str:
    run_checked(step, step.act, lambda _: None, Cancel())
    assert step.problem is not None
    assert step.problem.code == "password-missing"
    return step.problem.tried


def test_what_cannot_be_kept_is_a_warning(world: PracticeWorld) -> None:
    step = started(world).steps.connect
    EncryptedFile.create(encrypted_file.path(), Secret("that of another cgwizard"))
    keep_in_file(step)
    assert step.checks["keep"].state == "warning"
    assert step.checks["keep"].problem is not None
    assert step.checks["keep"].problem.code == "secrets-file-exists"
    assert step.keeping.locked, "from now on its passphrase is asked for"
    encrypted_file.path().unlink()
    folder = encrypted_file.path().parent
    folder.rmdir()
    folder.touch()
    again = started(world).steps.connect
    keep_in_file(again)
    assert again.checks["keep"].problem is not None
    assert again.checks["keep"].problem.code == "secrets-file-unwritable"


def test_two_at_once_do_not_overwrite_what_the_other_kept(own_folders: Path) -> None:
    one = EncryptedFile.create(encrypted_file.path(), Secret(PASSPHRASE))
    other = EncryptedFile.unlock(encrypted_file.path(), Secret(PASSPHRASE))
    one.save("nexus-password", "admin@http://one", Secret("first"))
    other.save("nexus-password", "admin@http://other", Secret("second"))
    found = EncryptedFile.unlock(encrypted_file.path(), Secret(PASSPHRASE))
    assert found.load("nexus-password", "admin@http://one") == Secret("first")
    assert found.load("nexus-password", "admin@http://other") == Secret("second")


@pytest.mark.parametrize("keep", ["memory", "secrets-file"])
def test_saved_answers_name_no_place_that_apply_cannot_read(
    world: PracticeWorld, keep: str
) -> None:
    session = started(world)
    step = session.steps.connect
    if keep == "secrets-file":
        keep_in_file(step)
    else:
        step.set("password", CANARY)
    act(step)
    saved = session.steps.finish.answers()
    assert '"keyring"\n' not in saved
    assert "# It is kept nowhere: set NEXUS_PASSWORD, or name another source." in saved
    assert answers_file.parse(saved).secrets.nexus_password == "env:NEXUS_PASSWORD"


def test_saved_answers_name_the_keyring_only_while_it_has_the_entry(
    world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Secret] = {}
    usable = keyrings.KeyringStatus(True, "a keyring", "")
    monkeypatch.setattr(keyrings, "probe", lambda: usable)
    monkeypatch.setattr(keyrings, "load", lambda kind, account: kept.get(kind))
    monkeypatch.setattr(keyrings, "save", lambda kind, account, secret: kept.update({kind: secret}))
    session = started(world)
    session.steps.connect.set("password", CANARY)
    act(session.steps.connect)
    finish = session.steps.finish
    assert answers_file.parse(finish.answers()).secrets.nexus_password == "keyring"
    assert answers_file.parse(finish.answers()).secrets.pull_token == "env:CGR_PULL_TOKEN"
    kept.clear()
    assert answers_file.parse(finish.answers()).secrets.nexus_password == "env:NEXUS_PASSWORD"
    session.plan = plan.Plan(token=plan.Token())
    assert "pull-token" not in finish.answers(), "the step was skipped: nothing is asked for"


def test_a_library_that_breaks_is_a_warning(tmp_path: Path) -> None:
    """In a fresh process, where the library has not been imported yet."""
    package = tmp_path / "cryptography"
    package.mkdir()
    (package / "__init__.py").write_text(
        "class PanicException(BaseException): pass\nraise PanicException('at import')"
    )
    script = (
        "from pathlib import Path\n"
        "from cgwizard.errors import WizardError\n"
        "from cgwizard.secrets.encrypted_file import EncryptedFile\n"
        "from cgwizard.secrets.secret import Secret\n"
        "try:\n"
        f"    EncryptedFile.create(Path('new'), Secret('{PASSPHRASE}'))\n"
        "except WizardError as error:\n"
        "    print(error.code, error.problem.came_back)\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, env=env, capture_output=True, timeout=60
    )
    told = b"secrets-file-unreadable PanicException from the library cryptography"
    assert done.stdout.strip() == told


# systemd-creds


@systemd_works()
def test_systemd_creds_is_opened_unasked(
    systemd: None, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = started(world, monkeypatch)
    step = first.steps.connect
    assert choices(step) == ["memory", "secrets-file", "systemd-creds"]
    assert "password" in step.field_problems(), "nothing was kept yet"
    step.set("password", CANARY)
    step.set("keep", "systemd-creds")
    act(step)
    assert step.checks["keep"].state == "done"
    to_token(first, world)
    first.steps.token.set("token", pasted(world))
    through(first.steps.token)
    assert {(k.kind, k.store) for k in index.entries()} == {
        ("nexus-password", "systemd-creds"),
        ("pull-token", "systemd-creds"),
        ("pull-user", "systemd-creds"),
    }
    assert first.steps.finish.answers().count('"systemd-creds"\n') == 3

    second = started(world, monkeypatch)
    assert second.steps.connect.notes()[0] == "The password comes from systemd-creds."
    act(second.steps.connect)
    assert second.steps.connect.state == "done", second.steps.connect.problem
    to_token(second, world)
    assert second.steps.token.secrets["token"].reveal() == pasted(world)


@systemd_works()
def test_a_secret_has_one_home(systemd: None, world: PracticeWorld) -> None:
    """What was kept elsewhere would be found first next time, when it is outdated."""
    account = f"admin@{world.info.nexus_url}"
    systemd_creds.save("nexus-password", account, Secret("an old one"))
    step = started(world).steps.connect
    told = refused(step, "login-wrong", "an old one")
    assert "systemd-creds" in told.tried
    step.set("password", CANARY)
    assert next(f.value for f in step.fields() if f.id == "keep") == "systemd-creds"
    step.set("keep", "secrets-file")
    step.set("passphrase", PASSPHRASE)
    step.set("passphrase_again", PASSPHRASE)
    act(step)
    assert step.checks["keep"].state == "done"
    assert systemd_creds.load("nexus-password", account) is None
    assert [k.store for k in index.entries()] == ["secrets-file"]
