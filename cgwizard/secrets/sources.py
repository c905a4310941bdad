"""Secrets for unattended runs: from where the guide kept them, from a variable or from a file.

The answers file names the source and never holds the secret.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cgwizard.errors import Code, ExitCode, Problem, WizardError
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets import systemd_creds
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.secrets.store import Kind, unpacked
from cgwizard.text import decode

MAX_BYTES = 64 << 10  # a pull token has about a thousand characters, with its login command two
_NO_KEYRING = (
    "unlock it (without a desktop: gnome-keyring-daemon --unlock --components=secrets), "
    "or name env:VARIABLE or file:PATH"
)
KEEPERS = ("keyring", "systemd-creds")  # where the guide keeps secrets


def nexus_password(source: str, account: str) -> Secret:
    """The password of ``account`` ("admin@https://nexus.example.com"). Raises WizardError."""
    if source in KEEPERS:
        return _kept(source, "nexus-password", account, "the Nexus password")
    return read(source, "the Nexus password")


def pull_token(source: str) -> Secret:
    """A pull token in any form that can be pasted. Raises WizardError."""
    if source not in KEEPERS:
        return read(source, "the pull token")
    found = unpacked(_kept(source, "pull-token", "cgr.dev", "the pull token"))
    if found is None:
        raise _not_kept(source, "the pull token", "cgr.dev")
    return pasted(found)


def pull_user_password(source: str, account: str) -> Secret | None:
    """The pull user's password; None where a store has none yet: then one is made and kept there.
    Raises WizardError."""
    if source not in KEEPERS:
        return read(source, "the pull user's password")
    usable(source)
    if source == "keyring":
        return keyrings.load("pull-user", account)
    return systemd_creds.load("pull-user", account)


def keep_pull_user(source: str, account: str, password: Secret) -> None:
    """Raises WizardError where the store fails: better before the user is made than after."""
    store = keyrings if source == "keyring" else systemd_creds
    store.save("pull-user", account, password)


def usable(source: str) -> None:
    """Raises WizardError ``systemd-creds-failed`` or ``keyring-…`` if ``source`` is such a place
    and does not work here."""
    if source == "systemd-creds" and (refusal := systemd_creds.refusal()) is not None:
        raise _usage(refusal.problem)
    if source == "keyring" and (problem := keyrings.probe().problem) is not None:
        raise _usage(problem, next_step=_NO_KEYRING)


def _usage(problem: Problem, next_step: str | None = None) -> WizardError:
    # The usual next step may be to type the secret, which nobody can do here.
    return WizardError.of(problem, ExitCode.USAGE).but(next_step=next_step)


def _kept(source: str, kind: Kind, account: str, what: str) -> Secret:
    if source == "keyring":
        try:  # without `usable`, which would write to the keyring
            found = keyrings.load(kind, account)
        except WizardError as error:
            raise _usage(error.problem, next_step=_NO_KEYRING) from error
    else:
        usable(source)
        found = systemd_creds.load(kind, account)
    if found is None:
        raise _not_kept(source, what, account)
    return found


def pasted(credentials: Credentials) -> Secret:
    """User name and password in one text, as a user would paste them."""
    return Secret(f"{credentials.username} {credentials.password.reveal()}")


def read(source: str, what: str) -> Secret:
    """From ``env:VARIABLE`` or ``file:PATH``. Raises WizardError ``secret-variable-empty``,
    ``secret-file-unreadable``, ``secret-file-open-to-others`` or ``secret-file-empty``."""
    kind, _, place = source.partition(":")
    return _from_variable(place, what) if kind == "env" else _from_file(place, what)


def _from_variable(name: str, what: str) -> Secret:
    text = os.environ.get(name, "")
    if not text:
        raise WizardError(
            Code.SECRET_VARIABLE_EMPTY,
            tried=f"finding {what} in the environment variable {name}",
            came_back="it is empty" if name in os.environ else "it is not set",
            cause="the variable was not passed on (sudo, cron and systemd pass few)",
            next_step=f"set {name} for this process, or name another source in the answers",
            exit_code=ExitCode.USAGE,
        )
    return Secret(text.removesuffix("\n").removesuffix("\r"))


def _from_file(place: str, what: str) -> Secret:
    path = Path(os.path.expandvars(place)).expanduser()
    tried = f"reading {what} from {path}"
    try:
        # Without O_NONBLOCK a pipe without a writer would block for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise _unreadable(tried, error.strerror or str(error)) from error
    try:
        # Check the open file, not its name: then it is the one that is read.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _unreadable(tried, "it is no plain file")
        _own(path, found, what)
        data = os.read(descriptor, MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise _unreadable(tried, f"more than {MAX_BYTES >> 10} KiB")
    try:
        text = decode.text(data, "utf-8-sig").removesuffix("\n").removesuffix("\r")
    except decode.Unreadable as error:
        raise _unreadable(tried, str(error)) from None
    if not text.strip():
        raise WizardError(
            Code.SECRET_FILE_EMPTY, tried=tried, came_back="nothing", exit_code=ExitCode.USAGE
        )
    return Secret(text)


def _own(path: Path, found: os.stat_result, what: str) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if str(path.parent) == os.environ.get("CREDENTIALS_DIRECTORY"):
        mode &= ~0o040  # systemd grants this to the unit's user, and to nobody else
    if not mode & 0o077 and found.st_uid in {os.geteuid(), 0}:
        return
    foreign = "" if found.st_uid in {os.geteuid(), 0} else f", it belongs to user {found.st_uid}"
    raise WizardError(
        Code.SECRET_FILE_OPEN_TO_OTHERS,
        tried=f"reading {what} from {path}",
        came_back=f"its mode is {mode:04o}{foreign}",
        cause="others can read or replace it",
        next_step=f"chmod 600 {path}; who could read it may know the secret: change it",
        exit_code=ExitCode.USAGE,
    )


def _unreadable(tried: str, came_back: str) -> WizardError:
    return WizardError(
        Code.SECRET_FILE_UNREADABLE, tried=tried, came_back=came_back, exit_code=ExitCode.USAGE
    )


def _not_kept(source: str, what: str, account: str) -> WizardError:
    code = Code.SECRET_NOT_IN_KEYRING if source == "keyring" else Code.SECRET_NOT_IN_SYSTEMD_CREDS
    return WizardError(
        code,
        tried=f"finding {what} for {account} in {'the ' if source == 'keyring' else ''}{source}",
        came_back="there is none",
        next_step="keep it there by a run of the guide, or name env:VARIABLE or file:PATH",
        exit_code=ExitCode.USAGE,
    )
