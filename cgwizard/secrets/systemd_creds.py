"""Secrets encrypted by systemd with a key of this machine, for users who choose it on servers.

`systemd-creds` makes one file for each secret. Only root on this machine can open it, without a
question; from systemd 256 on also the user who made it. The secret is passed through pipes. It
needs systemd 250 and a host key (`systemd-creds setup` makes one), so it is tried before use.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import threading
from pathlib import Path

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.secrets import index
from cgwizard.secrets.secret import Secret
from cgwizard.secrets.store import Kind
from cgwizard.system import files
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

STORE: index.StoreName = "systemd-creds"
SECONDS = 5.0
HOST_KEY = "/var/lib/systemd/credential.secret"

_refusal: list[WizardError | None] = []  # the result of the one attempt in this process
_looking = threading.Lock()


def folder() -> Path:
    return files.state_folder() / "credentials"


def path_of(kind: Kind, account: str) -> Path:
    return folder() / f"{_name(kind, account)}.cred"


def refusal() -> WizardError | None:
    """Why it cannot be used here, or None. Encrypts and decrypts a test entry once a process."""
    with _looking:
        if not _refusal:
            try:
                _try()
            except WizardError as error:
                _refusal.append(error)
            else:
                _refusal.append(None)
        return _refusal[0]


def has(kind: Kind, account: str) -> bool:
    return path_of(kind, account).exists()


def save(kind: Kind, account: str, secret: Secret) -> None:
    """Raises WizardError ``systemd-creds-failed``, ``secrets-file-unwritable``."""
    name = _name(kind, account)
    clear = json.dumps({"account": account, "secret": secret.reveal()})
    path = path_of(kind, account)
    encrypted = _run("encrypt", name, clear, f"encrypting {path.name}")
    try:
        files.write_whole(path, encrypted.encode())
    except OSError as error:
        raise files.unwritable(Code.SECRETS_FILE_UNWRITABLE, "a secret", path, error) from error
    index.note(kind, account, STORE)


class _Kept(msgspec.Struct):
    account: str
    secret: str


def load(kind: Kind, account: str) -> Secret | None:
    """None if there is none. Raises WizardError ``systemd-creds-failed``."""
    name = _name(kind, account)
    path = path_of(kind, account)
    tried = f"opening {path}"
    try:
        encrypted = decode.text(path.read_bytes(), "ascii")
    except FileNotFoundError:
        return None
    except (OSError, decode.Unreadable) as error:
        raise _failed(tried, getattr(error, "strerror", None) or "it is damaged") from error
    try:
        found = decode.json(_run("decrypt", name, encrypted, tried), _Kept)
    except decode.Unreadable:
        raise _failed(tried, "something else than what was kept") from None
    return Secret(found.secret) if found.account == account else None


def forget(kind: Kind, account: str) -> None:
    """Raises WizardError ``not-forgotten``."""
    path = path_of(kind, account)
    try:
        files.remove(path)
    except OSError as error:
        raise files.not_removed(path, error) from error
    index.drop(kind, account, STORE)


def _name(kind: Kind, account: str) -> str:
    """The credential's name, without which it cannot be opened. systemd allows no slash and no
    colon in it."""
    return f"cgwizard-{kind}-{hashlib.sha256(account.encode()).hexdigest()[:16]}"


def _try() -> None:
    tried = "encrypting a test entry with systemd-creds"
    if shutil.which("systemd-creds") is None:
        raise _failed(tried, "it is not installed")
    key = Path(os.environ.get("SYSTEMD_CREDENTIAL_SECRET", HOST_KEY))
    if not key.exists():
        raise _failed(tried, f"there is no host key {key}")
    canary = secrets.token_hex(16)
    encrypted = _run("encrypt", "cgwizard-probe", canary, tried)
    if _run("decrypt", "cgwizard-probe", encrypted, tried) != canary:
        raise _failed(tried, "it does not give back what it was given")


def _run(verb: str, name: str, given: str, tried: str) -> str:
    from cgwizard.system import subprocess as process

    whose = [] if os.geteuid() == 0 else ["--user"]
    command = ["systemd-creds", *whose, f"--name={name}", "--newline=no", verb, "-", "-"]
    try:
        done = process.run(command, given=given, timeout=SECONDS)
    except process.TookTooLong:
        raise _failed(tried, f"nothing in {SECONDS:g} seconds") from None
    except OSError as error:
        raise _failed(tried, error.strerror or str(error)) from error
    if done.exit_code != 0:
        said = shortened(done.stderr.strip().rpartition("\n")[2])
        raise _failed(tried, said or f"exit code {done.exit_code}")
    return done.stdout


def _failed(tried: str, came_back: str) -> WizardError:
    return WizardError(
        Code.SYSTEMD_CREDS_FAILED,
        tried=tried,
        came_back=came_back,
        cause="it needs systemd 250, a host key that this user may use, and opens nothing that "
        "another machine made",
        next_step="where it is missing, root makes a host key by: systemd-creds setup; "
        "or keep the secret elsewhere",
    )
