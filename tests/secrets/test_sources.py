"""Secrets without a desktop: named sources, the encrypted file, and what leaves the process."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from cgwizard.errors import ExitCode, WizardError
from cgwizard.logs import redact
from cgwizard.secrets import encrypted_file, sources
from cgwizard.secrets import secret as secrets
from cgwizard.secrets.encrypted_file import EncryptedFile
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.secrets.store import packed, unpacked

PASSPHRASE = Secret("four random words here")


def refusal(source: str) -> WizardError:
    with pytest.raises(WizardError) as caught:
        sources.read(source, "the Nexus password")
    return caught.value


def test_a_variable_and_a_file_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_PW", "s3cret word")
    assert sources.read("env:NEXUS_PW", "it").reveal() == "s3cret word"
    path = tmp_path / "pw"
    path.write_text("s3cret word\n")
    path.chmod(0o600)
    assert sources.read(f"file:{path}", "it").reveal() == "s3cret word"
    monkeypatch.setenv("SECRETS", str(tmp_path))
    assert sources.read("file:$SECRETS/pw", "it").reveal() == "s3cret word"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pw"
    path.write_text("s3cret")
    path.chmod(mode)
    error = refusal(f"file:{path}")
    assert (error.code, error.exit_code) == ("secret-file-open-to-others", ExitCode.USAGE)
    assert f"{mode:04o}" in error.problem.came_back
    assert "s3cret" not in str(error.problem)


def test_a_credential_of_a_systemd_unit_is_its_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where systemd grants it by an ACL, the mode shows the grant as the group's."""
    path = tmp_path / "nexus-password"
    path.write_text("s3cret")
    path.chmod(0o440)
    assert refusal(f"file:{path}").code == "secret-file-open-to-others"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert sources.read("file:$CREDENTIALS_DIRECTORY/nexus-password", "it").reveal() == "s3cret"
    path.chmod(0o444)
    assert refusal(f"file:{path}").code == "secret-file-open-to-others"


def test_what_is_no_secret_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(f"file:{tmp_path / 'pipe'}").code == "secret-file-unreadable"
    assert refusal(f"file:{tmp_path}").code == "secret-file-unreadable"
    assert refusal(f"file:{tmp_path / 'none'}").code == "secret-file-unreadable"
    empty = tmp_path / "empty"
    empty.touch(0o600)
    empty.chmod(0o600)
    assert refusal(f"file:{empty}").code == "secret-file-empty"
    assert refusal("env:NOT_SET_ANYWHERE").code == "secret-variable-empty"


def test_an_encrypted_file_gives_back_what_was_put_in(tmp_path: Path) -> None:
    place = tmp_path / "secrets.json"
    made = EncryptedFile.create(place, PASSPHRASE)
    made.save("nexus-password", "admin@http://x", Secret("pass wörd"))
    made.save("pull-token", "cgr.dev", packed(Credentials("user/1", Secret("eyJ.token"))))
    opened = EncryptedFile.unlock(place, PASSPHRASE)
    assert opened.load("nexus-password", "admin@http://x") == Secret("pass wörd")
    token = unpacked(opened.load("pull-token", "cgr.dev"))
    assert token == Credentials("user/1", Secret("eyJ.token"))
    opened.forget("nexus-password", "admin@http://x")
    assert EncryptedFile.unlock(place, PASSPHRASE).load("nexus-password", "admin@http://x") is None
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    held = place.read_bytes()
    for clear in (b"admin", b"cgr.dev", b"token", "pass wörd".encode()):
        assert clear not in held.replace(b'"version"', b"")


def test_an_encrypted_file_that_others_removed_or_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "secrets.json"
    first = EncryptedFile.create(place, PASSPHRASE)
    first.save("nexus-password", "admin@http://x", Secret("forgotten"))
    place.unlink()
    first.save("nexus-password", "admin@http://y", Secret("new"))
    opened = EncryptedFile.unlock(place, PASSPHRASE)
    assert opened.load("nexus-password", "admin@http://x") is None
    place.unlink()
    another = Secret("five other random words here")
    EncryptedFile.create(place, another).save("pull-token", "cgr.dev", Secret("theirs"))
    with pytest.raises(WizardError, match="secrets-file-exists"):
        first.save("nexus-password", "admin@http://x", Secret("ours"))
    with pytest.raises(WizardError, match="secrets-file-exists"):
        first.forget("nexus-password", "admin@http://y")
    theirs = EncryptedFile.unlock(place, another)
    assert theirs.load("pull-token", "cgr.dev") == Secret("theirs")


def test_an_encrypted_file_opens_for_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "secrets.json"
    EncryptedFile.create(place, PASSPHRASE).save("pull-token", "cgr.dev", Secret("x"))
    whole = json.loads(place.read_text())

    def code(**changed: object) -> str:
        place.write_text(json.dumps(whole | changed))
        with pytest.raises(WizardError) as caught:
            EncryptedFile.unlock(place, PASSPHRASE)
        return caught.value.code

    with pytest.raises(WizardError) as caught:
        EncryptedFile.unlock(place, Secret("another pass phrase"))
    assert caught.value.code == "secrets-file-wrong-passphrase"
    flipped = bytearray(base64.b64decode(whole["data"]))
    flipped[0] ^= 1
    assert code(data=base64.b64encode(flipped).decode()) == "secrets-file-wrong-passphrase"
    assert code(p=2) == "secrets-file-wrong-passphrase", "the parameters are authenticated"
    assert code(version=2) == "secrets-file-unreadable"
    assert code(n=1 << 30) == "secrets-file-unreadable", "a foreign file must not cost all memory"
    assert code(salt="?") == "secrets-file-unreadable"
    place.chmod(0o644)
    assert code() == "secrets-file-open-to-others"
    with pytest.raises(WizardError) as caught:
        EncryptedFile.create(place, PASSPHRASE)
    assert caught.value.code == "secrets-file-exists"
    with pytest.raises(WizardError) as caught:
        EncryptedFile.create(tmp_path / "new", Secret("short"))
    assert caught.value.code == "secrets-passphrase-short"
    assert encrypted_file.path().name == "secrets.json"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic YWRtaW46aHVudGVyMg==",
        "GET https://admin:hunter2@nexus.example.com/x",
        '{"password": "hunter2", "name": "x"}',
        "password=hunter2&x=1",
        "token: eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
        "--password hunter2 --x".replace(" hunter2", "=hunter2"),
    ],
)
def test_what_looks_like_a_secret_is_blanked(text: str) -> None:
    shown = redact.free(text)
    for clear in ("hunter2", "YWRtaW46aHVudGVyMg", "eyJzdWIiOi", "c2lnbmF0dXJl"):
        assert clear not in shown
    assert redact.HIDDEN in shown


def test_secrets_are_looked_for_while_others_are_made_and_die() -> None:
    """A pull's threads make tokens while another thread writes the debug log."""
    kept, stop = Secret("kept-all-the-while"), threading.Event()

    def make() -> None:
        while not stop.is_set():
            _many = [Secret(f"one-of-many-{number}") for number in range(50)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=make) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(100):
            assert kept.reveal() in secrets.forms().texts
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        for thread in threads:
            thread.join()


def test_a_secret_that_is_alive_is_found_in_every_form() -> None:
    secret = Secret("K7'ön/q w+x=&")
    text = secret.reveal()
    forms = [
        text,
        quote(text, safe=""),
        json.dumps(text)[1:-1],
        *(base64.b64encode(f"{user}:{text}".encode()).decode() for user in ("a", "ab", "abc")),
    ]
    for form in forms:
        shown = redact.known(f"before {form} after")
        assert redact.HIDDEN in shown, form
        assert text not in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")


def test_urls_lose_what_signs_them() -> None:
    shown = redact.url("https://u:p@blob.example/x?X-Amz-Signature=abc&part=1#f")
    assert shown == "https://blob.example/x?X-Amz-Signature=***&part=1"
    assert redact.header("location", "https://b.example/x?se=1&part=2").endswith("?se=***&part=***")
    assert redact.header("www-authenticate", 'Bearer realm="https://x/token"') == (
        'Bearer realm="https://x/token"'
    )
    assert redact.header("set-cookie", "a=b") == "***"
