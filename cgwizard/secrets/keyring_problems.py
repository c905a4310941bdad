"""Keyrings by the names that people know, and what to say when one cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.secrets.secret import Secret
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_NAMES = {
    "keyring.backends.SecretService": "Secret Service (GNOME Keyring, KWallet or KeePassXC)",
    "keyring.backends.libsecret": "Secret Service (GNOME Keyring, KWallet or KeePassXC)",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}

# Classes of keyrings.alt and its forks that keep secrets readable, or merely encoded.
_PLAINTEXT = frozenset({"PlaintextKeyring", "UncryptedFileKeyring", "DocsKeyring", "SimpleKeyring"})

_IN_MEMORY = "cgwizard keeps the secret in memory for this run and asks again next time."
_UNLOCK = (
    "Unlock it and try again (without a desktop: `gnome-keyring-daemon --unlock "
    "--components=secrets` reads the password from standard input). Until then " + _IN_MEMORY
)


def name(backend: KeyringBackend) -> str:
    """The keyring's name on the screen; its class where nobody gave it a better one."""
    module = type(backend).__module__
    for prefix, known in _NAMES.items():
        if module == prefix or module.startswith(prefix + "."):
            return known
    return f"{module}.{type(backend).__name__}"


def refusal(backend: KeyringBackend) -> WizardError | None:
    """Why this keyring is not used although the library would; None when it may be."""
    module, kind = type(backend).__module__, type(backend).__name__
    if kind in _PLAINTEXT:
        return WizardError(
            Code.KEYRING_PLAINTEXT,
            tried="to find a keyring for secrets",
            came_back=f"{module}.{kind}",
            cause=f"{kind} writes secrets to a file that anybody who gets it can read.",
            next_step="Choose another in keyring's configuration (`keyring diagnose` says where). "
            + _IN_MEMORY,
        )
    if module == "keyring.backends.null":
        return WizardError(
            Code.KEYRING_OFF,
            tried="to find a keyring for secrets",
            came_back="the null keyring, which forgets everything",
            cause="Keyrings are switched off here by keyring's configuration.",
            next_step=_IN_MEMORY,
        )
    if module in {"keyring.backends.fail", "keyring.backends.chainer"}:
        return WizardError(
            Code.KEYRING_NONE,
            tried="to find a keyring for secrets",
            came_back="none that works",
            cause="This session has no keyring; over SSH there usually is none.",
            next_step=_IN_MEMORY,
        )
    return None


def timed_out(tried: str, seconds: float) -> WizardError:
    return WizardError(
        Code.KEYRING_TIMEOUT,
        tried=f"{tried} in the keyring",
        came_back=f"nothing in {seconds:g} seconds",
        cause="The keyring is locked and waits for an answer to a prompt that may not be visible.",
        next_step=_UNLOCK,
    )


def forgetful(backend: str) -> WizardError:
    return WizardError(
        Code.KEYRING_FAILED,
        tried="to read back a test entry",
        came_back="something else than what was written",
        cause=f"{backend} does not keep what it is given.",
        next_step=_IN_MEMORY,
    )


def failed(tried: str, error: Exception, secret: Secret | None) -> WizardError:
    from keyring.errors import InitError, KeyringLocked

    said = "" if secret and secret.reveal() in str(error) else shortened(str(error), 200)
    came_back = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if isinstance(error, KeyringLocked | InitError):
        return WizardError(
            Code.KEYRING_LOCKED,
            tried=f"{tried} in the keyring",
            came_back=came_back,
            cause="The keyring is locked and was not unlocked.",
            next_step=_UNLOCK,
        )
    return WizardError(
        Code.KEYRING_FAILED,
        tried=f"{tried} in the keyring",
        came_back=came_back,
        cause="The keyring refused or lost its connection.",
        next_step=f"Try again. Until it works {_IN_MEMORY}",
    )
