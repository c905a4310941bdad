"""Passwords and pull tokens in the operating system's keyring, with an end to every wait.

A keyring can look usable and fail, or wait for a prompt that nobody sees, so `probe` really
writes, reads and deletes an entry before anything is offered. Everything here blocks: call it
from a worker thread. The library is imported where it is used, because that alone takes a
tenth of a second and may talk to D-Bus.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cgwizard.errors import Problem, WizardError
from cgwizard.secrets import index as kept
from cgwizard.secrets import keyring_parts, keyring_problems
from cgwizard.secrets.secret import Secret
from cgwizard.secrets.store import Kind

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "cgwizard"
T = TypeVar("T")


class KeyringStatus(msgspec.Struct, frozen=True):
    """Whether secrets can be kept, and where, in words for the screen."""

    usable: bool
    backend: str  # "Secret Service (GNOME Keyring, KWallet or KeePassXC)"; "" where there is none
    reason: str  # one sentence: what can be done or why not
    problem: Problem | None = None


_probed: KeyringStatus | None = None
_probing = threading.Lock()


def probe(timeout: float = 5.0, *, again: bool = False) -> KeyringStatus:
    """Write, read and delete an entry, once a process, in at most ``timeout`` seconds.

    ``again`` asks again, for after the user unlocked the keyring. Raises nothing: what is
    wrong is in the answer.
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
        backend = _backend()
        keyring_parts.write(backend, SERVICE, _entry(kind, account), secret.reveal())

    _bounded(work, timeout, f"to save the {_WORDS[kind]}", secret)
    kept.note(kind, account)


def load(kind: Kind, account: str, timeout: float = 5.0) -> Secret | None:
    """The secret kept for an account, or None. Raises `WizardError` with a ``keyring-…`` code."""

    def work() -> Secret | None:
        text = keyring_parts.read(_backend(), SERVICE, _entry(kind, account))
        return None if text is None else Secret(text)

    return _bounded(work, timeout, f"to read the {_WORDS[kind]}")


def forget(kind: Kind, account: str, timeout: float = 5.0) -> None:
    """Delete what is kept for an account; nothing there is fine. Raises like `save`."""

    def work() -> None:
        keyring_parts.delete(_backend(), SERVICE, _entry(kind, account))

    _bounded(work, timeout, f"to delete the {_WORDS[kind]}")
    kept.drop(kind, account)


_WORDS = {"nexus-password": "password for Nexus", "pull-token": "pull token"}


def _entry(kind: Kind, account: str) -> str:
    return f"{kind} {account}"


def _probe(timeout: float) -> KeyringStatus:
    name = ""

    def work() -> bool:
        nonlocal name
        backend = _backend()
        name = keyring_problems.name(backend)
        entry, canary = f"probe {secrets.token_hex(8)}", secrets.token_hex(16)
        backend.set_password(SERVICE, entry, canary)
        try:
            return backend.get_password(SERVICE, entry) == canary
        finally:
            backend.delete_password(SERVICE, entry)

    try:
        kept = _bounded(work, timeout, "to write, read and delete a test entry")
        if not kept:
            raise keyring_problems.forgetful(name)
    except WizardError as error:
        return KeyringStatus(False, name, error.problem.cause, error.problem)
    return KeyringStatus(True, name, f"Secrets can be kept in {name}.")


def _backend() -> KeyringBackend:
    """The keyring that would be used, or a refusal that says why none is."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    if isinstance(backend, ChainerBackend):
        # The chain would fall through to a plaintext file when its first member fails.
        backend = next(
            (b for b in backend.backends if not keyring_problems.refusal(b)), backend.backends[0]
        )
    refusal = keyring_problems.refusal(backend)
    if refusal:
        raise refusal
    return backend


def _bounded(work: Callable[[], T], timeout: float, tried: str, secret: Secret | None = None) -> T:
    """Run in a thread that is left behind when it does not come back in time."""
    answers: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(work())
        except Exception as error:  # noqa: BLE001  (backends raise what D-Bus, ctypes or they like)
            errors.append(error)

    # A daemon, so that a prompt nobody answers does not keep the process from ending.
    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise keyring_problems.timed_out(tried, timeout)
    if errors:
        if isinstance(errors[0], WizardError):
            raise errors[0]
        # Without the original as its cause: a backend's exception may hold what it was given.
        raise keyring_problems.failed(tried, errors[0], secret) from None
    return answers[0]
