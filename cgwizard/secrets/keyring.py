"""Passwords and pull tokens in the operating system's keyring, with an end to every wait.

A keyring can look usable and fail, or wait for a prompt that nobody sees. So `probe` really
writes, reads and deletes an entry before anything is offered. Everything here blocks: call it
from a worker thread. The library is imported where it is used, because the import alone takes a
tenth of a second and may talk to D-Bus.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cgwizard.errors import Code, Problem, WizardError
from cgwizard.secrets import index
from cgwizard.secrets.secret import Secret
from cgwizard.secrets.store import Kind
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "cgwizard"
T = TypeVar("T")

_WORDS: dict[Kind, str] = {
    "nexus-password": "password for Nexus",
    "pull-token": "pull token",
    "pull-user": "password of the pull user",
}
_NAMES = {
    "keyring.backends.SecretService": "Secret Service (GNOME Keyring, KWallet or KeePassXC)",
    "keyring.backends.libsecret": "Secret Service (GNOME Keyring, KWallet or KeePassXC)",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
}
# Classes of keyrings.alt and its forks that keep secrets readable, or merely encoded.
_PLAINTEXT = frozenset({"PlaintextKeyring", "UncryptedFileKeyring", "DocsKeyring", "SimpleKeyring"})

_IN_MEMORY = "cgwizard keeps the secret in memory for this run and asks again next time."
_UNLOCK = (
    "Unlock it and try again (without a desktop: `gnome-keyring-daemon --unlock "
    "--components=secrets` reads the password from standard input). Until then " + _IN_MEMORY
)


class KeyringStatus(msgspec.Struct, frozen=True):
    """Whether the keyring can keep secrets, in words for the screen."""

    usable: bool
    backend: str  # "Secret Service (GNOME Keyring, KWallet or KeePassXC)"; "" where there is none
    reason: str  # one sentence: what can be done or why not
    problem: Problem | None = None


_probed: KeyringStatus | None = None
_probing = threading.Lock()


def probe(timeout: float = 5.0, *, again: bool = False) -> KeyringStatus:
    """Write, read and delete an entry, once a process, in at most ``timeout`` seconds.

    ``again`` repeats it, for after the user unlocked the keyring. Raises nothing: the result
    says what is wrong.
    """
    global _probed  # noqa: PLW0603  (once a process is the point)
    with _probing:
        if _probed is None or again:
            _probed = _probe(timeout)
        return _probed


def save(kind: Kind, account: str, secret: Secret, timeout: float = 5.0) -> None:
    """Keep a secret under an account such as ``admin@https://nexus.example.com``.

    Raises `WizardError` with a ``keyring-…`` code. After ``keyring-timeout`` the entry may
    still appear, when the user answers the prompt that the keyring waits for.
    """

    def work() -> None:
        _backend().set_password(SERVICE, _entry(kind, account), secret.reveal())

    _bounded(work, timeout, f"to save the {_WORDS[kind]}", secret)
    index.note(kind, account)


def load(kind: Kind, account: str, timeout: float = 5.0) -> Secret | None:
    """The secret kept for an account, or None. Raises `WizardError` with a ``keyring-…`` code."""

    def work() -> Secret | None:
        text = _backend().get_password(SERVICE, _entry(kind, account))
        return None if text is None else Secret(text)

    return _bounded(work, timeout, f"to read the {_WORDS[kind]}")


def forget(kind: Kind, account: str, timeout: float = 5.0) -> None:
    """Delete what is kept for an account; nothing there is fine. Raises like `save`."""

    def work() -> None:
        backend, entry = _backend(), _entry(kind, account)
        if backend.get_password(SERVICE, entry) is not None:
            backend.delete_password(SERVICE, entry)

    _bounded(work, timeout, f"to delete the {_WORDS[kind]}")
    index.drop(kind, account)


def _entry(kind: Kind, account: str) -> str:
    return f"{kind} {account}"


def _probe(timeout: float) -> KeyringStatus:
    name = ""

    def work() -> bool:
        nonlocal name
        backend = _backend()
        name = _name(backend)
        entry, canary = f"probe {secrets.token_hex(8)}", secrets.token_hex(16)
        backend.set_password(SERVICE, entry, canary)
        try:
            return backend.get_password(SERVICE, entry) == canary
        finally:
            backend.delete_password(SERVICE, entry)

    try:
        if not _bounded(work, timeout, "to write, read and delete a test entry"):
            raise _failed(
                Code.KEYRING_FAILED,
                "to read back a test entry",
                "something else than what was written",
                f"{name} does not keep what it is given.",
            )
    except WizardError as error:
        return KeyringStatus(False, name, error.problem.cause, error.problem)
    return KeyringStatus(True, name, f"Secrets can be kept in {name}.")


def _backend() -> KeyringBackend:
    """The keyring that is used. Raises WizardError that says why none is."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    if isinstance(backend, ChainerBackend):
        # The chain would fall through to a plaintext file when its first member fails.
        backend = next((b for b in backend.backends if not _refusal(b)), backend.backends[0])
    if refusal := _refusal(backend):
        raise refusal
    return backend


def _bounded(work: Callable[[], T], timeout: float, tried: str, secret: Secret | None = None) -> T:
    """Run ``work`` in a thread that is left behind when it does not come back in time.

    Raises WizardError for whatever ``work`` raises, and KeyboardInterrupt.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        # What a backend or its libraries raise need not be an Exception: a panic of Rust code is
        # none, and neither is sys.exit.
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    # A daemon, so that a prompt nobody answers does not keep the process from ending.
    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise _failed(
            Code.KEYRING_TIMEOUT,
            f"{tried} in the keyring",
            f"nothing in {timeout:g} seconds",
            "The keyring is locked and waits for an answer to a prompt that may not be visible.",
            _UNLOCK,
        )
    if errors:
        if isinstance(errors[0], WizardError | KeyboardInterrupt):
            raise errors[0]
        # Without the original as its cause: a backend's exception may hold what it was given.
        raise _explained(tried, errors[0], secret) from None
    return results[0]


def _name(backend: KeyringBackend) -> str:
    """The keyring's name on the screen; its class where it has no better one."""
    module = type(backend).__module__
    for prefix, known in _NAMES.items():
        if module == prefix or module.startswith(prefix + "."):
            return known
    return f"{module}.{type(backend).__name__}"


def _refusal(backend: KeyringBackend) -> WizardError | None:
    """Why this keyring is not used although the library would; None when it may be."""
    module, kind = type(backend).__module__, type(backend).__name__
    tried = "to find a keyring for secrets"
    if kind in _PLAINTEXT:
        return _failed(
            Code.KEYRING_PLAINTEXT,
            tried,
            f"{module}.{kind}",
            f"{kind} writes secrets to a file that anybody who gets it can read.",
            "Choose another in keyring's configuration (`keyring diagnose` says where). "
            + _IN_MEMORY,
        )
    if module == "keyring.backends.null":
        return _failed(
            Code.KEYRING_OFF,
            tried,
            "the null keyring, which forgets everything",
            "Keyrings are switched off here by keyring's configuration.",
        )
    if module in {"keyring.backends.fail", "keyring.backends.chainer"}:
        return _failed(
            Code.KEYRING_NONE,
            tried,
            "none that works",
            "This session has no keyring; over SSH there usually is none.",
        )
    return None


def _explained(tried: str, error: BaseException, secret: Secret | None) -> WizardError:
    """What an exception of the library or of a keyring means. The library is not imported for
    that: its import may be what failed."""
    tried = f"{tried} in the keyring"
    said = _words_of(error)
    said = "" if secret and secret.reveal() in said else shortened(said, 200)
    came_back = f"{type(error).__name__}: {said}" if said else type(error).__name__
    names = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    if names & {"keyring.errors.KeyringLocked", "keyring.errors.InitError"}:
        cause = "The keyring is locked and was not unlocked."
        return _failed(Code.KEYRING_LOCKED, tried, came_back, cause, _UNLOCK)
    if isinstance(error, ImportError | SystemExit) or not isinstance(error, Exception):
        cause = "A program library of the keyring is broken on this machine."
        return _failed(Code.KEYRING_FAILED, tried, came_back, cause, f"Nothing: {_IN_MEMORY}")
    cause = "The keyring refused or lost its connection."
    next_step = f"Try again. Until it works {_IN_MEMORY}"
    return _failed(Code.KEYRING_FAILED, tried, came_back, cause, next_step)


def _words_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001  (its words may break as it did)
        return ""


def _failed(
    code: Code, tried: str, came_back: str, cause: str, next_step: str = _IN_MEMORY
) -> WizardError:
    return WizardError(code, tried=tried, came_back=came_back, cause=cause, next_step=next_step)
