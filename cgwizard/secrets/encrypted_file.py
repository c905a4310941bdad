"""Secrets in a file encrypted with a passphrase, for users who choose it on machines without a
keyring.

It is one JSON file with mode 0600. The parameters are in clear and authenticated; everything else
is encrypted by AES-256-GCM with a key that scrypt derives from the passphrase. It protects a file
in the wrong hands (a backup, a stolen disk) as well as the passphrase does, but not against an
attacker on this machine while the wizard runs.
"""

from __future__ import annotations

import contextlib
import os
import stat
from base64 import b64encode
from importlib import import_module
from pathlib import Path

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.secrets import index
from cgwizard.secrets.secret import Secret
from cgwizard.secrets.store import Kind
from cgwizard.system import files
from cgwizard.text import decode

STORE: index.StoreName = "secrets-file"
VERSION = 1
MIN_LENGTH = 12  # characters of a passphrase
# Parameters of scrypt (RFC 7914): 128 MiB and about half a second, for us and for every guess.
N, R, P = 1 << 17, 8, 1
MAX_N, MAX_R, MAX_P = 1 << 20, 32, 16  # another's file must not use up the memory
MAX_BYTES = 1 << 20


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    n: int
    r: int
    p: int
    salt: str
    nonce: str = ""
    data: str = ""


def path() -> Path:
    return files.state_folder() / "secrets.json"


class EncryptedFile:
    """An open secrets file. Every method blocks; `unlock` takes about half a second."""

    def __init__(self, place: Path, key: bytes, envelope: _Envelope, secrets: dict[str, str]):
        self.place = place
        self._key = key
        self._envelope = envelope
        self._secrets = secrets

    @classmethod
    def create(cls, place: Path, passphrase: Secret) -> EncryptedFile:
        """Make a new, empty file. Raises WizardError ``secrets-file-exists``,
        ``secrets-passphrase-short``, ``secrets-file-unwritable``."""
        if place.exists():
            raise WizardError(
                Code.SECRETS_FILE_EXISTS,
                tried=f"making the secrets file {place}",
                came_back="there is one already",
                cause="an earlier run made it",
            )
        if len(passphrase.reveal()) < MIN_LENGTH:
            raise WizardError(
                Code.SECRETS_PASSPHRASE_SHORT,
                tried="making a key of the passphrase",
                came_back=f"it has fewer than {MIN_LENGTH} characters",
            )
        _require_library(place)
        salt = b64encode(os.urandom(16)).decode()
        envelope = _Envelope(version=VERSION, n=N, r=R, p=P, salt=salt)
        made = cls(place, _key(passphrase, envelope), envelope, {})
        made._write({})
        return made

    @classmethod
    def unlock(cls, place: Path, passphrase: Secret) -> EncryptedFile:
        """Raises WizardError ``secrets-file-unreadable``, ``secrets-file-open-to-others``,
        ``secrets-file-wrong-passphrase``."""
        _require_library(place)
        from cryptography.exceptions import InvalidTag

        envelope = _read(place)
        try:
            key = _key(passphrase, envelope)
            return cls(place, key, envelope, _opened(key, envelope))
        except InvalidTag:
            raise WizardError(
                Code.SECRETS_FILE_WRONG_PASSPHRASE,
                tried=f"opening the secrets file {place}",
                came_back="it does not open",
            ) from None
        except decode.Unreadable:
            raise _unreadable(place, "it is damaged") from None

    def load(self, kind: Kind, account: str) -> Secret | None:
        text = self._secrets.get(f"{kind} {account}")
        return None if text is None else Secret(text)

    def save(self, kind: Kind, account: str, secret: Secret) -> None:
        """Raises WizardError ``secrets-file-unwritable`` or ``secrets-file-exists`` and then leaves
        the file as it was."""
        self._catch_up()
        self._write({**self._secrets, f"{kind} {account}": secret.reveal()})
        index.note(kind, account, STORE)

    def forget(self, kind: Kind, account: str) -> None:
        self._catch_up()
        entry = f"{kind} {account}"
        if entry in self._secrets:
            self._write({name: text for name, text in self._secrets.items() if name != entry})
        index.drop(kind, account, STORE)

    def _catch_up(self) -> None:
        """Read the file again, because another cgwizard may have changed it meanwhile. Raises
        WizardError ``secrets-file-exists`` if it is a different file now."""
        from cryptography.exceptions import InvalidTag

        if not self.place.exists():
            self._secrets = {}
            return
        with contextlib.suppress(InvalidTag, decode.Unreadable):
            try:
                envelope = _read(self.place)
            except WizardError:
                return
            if envelope.salt != self._envelope.salt:
                raise WizardError(
                    Code.SECRETS_FILE_EXISTS,
                    tried=f"adding to the secrets file {self.place}",
                    came_back="it is not the one that was opened",
                    cause="another cgwizard removed that one and made this",
                    next_step="start again, and give its passphrase",
                )
            self._secrets = _opened(self._key, envelope)

    def _write(self, held: dict[str, str]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        # A nonce must not be used twice with one key: 96 random bits are enough for a few writes.
        nonce = os.urandom(12)
        clear = msgspec.json.encode(held)
        data = AESGCM(self._key).encrypt(nonce, clear, _authenticated(self._envelope))
        envelope = msgspec.structs.replace(
            self._envelope, nonce=b64encode(nonce).decode(), data=b64encode(data).decode()
        )
        try:
            files.write_whole(self.place, msgspec.json.encode(envelope))
        except OSError as error:
            raise files.unwritable(
                Code.SECRETS_FILE_UNWRITABLE, "secrets", self.place, error
            ) from error
        self._envelope, self._secrets = envelope, held


def _require_library(place: Path) -> None:
    """Raises WizardError ``secrets-file-unreadable`` if what encrypts does not load. A panic of
    its Rust code is no Exception."""
    try:
        for name in (
            "exceptions",
            "hazmat.primitives.ciphers.aead",
            "hazmat.primitives.kdf.scrypt",
        ):
            import_module(f"cryptography.{name}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        raise _unreadable(place, f"{type(error).__name__} from the library cryptography").but(
            cause="that library is broken on this machine",
            next_step="install cgwizard again; until then keep the secret elsewhere",
        ) from None


def _authenticated(envelope: _Envelope) -> bytes:
    return msgspec.json.encode(
        [envelope.version, envelope.n, envelope.r, envelope.p, envelope.salt]
    )


def _opened(key: bytes, envelope: _Envelope) -> dict[str, str]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, data = decode.base64(envelope.nonce), decode.base64(envelope.data)
    # It refuses a nonce of another length.
    clear = decode.parsed(AESGCM(key).decrypt, nonce, data, _authenticated(envelope))
    return decode.json(clear, dict[str, str])


def _key(passphrase: Secret, envelope: _Envelope) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    salt = decode.base64(envelope.salt)
    text = passphrase.reveal().encode("utf-8", "surrogatepass")
    return Scrypt(salt=salt, length=32, n=envelope.n, r=envelope.r, p=envelope.p).derive(text)


def _read(place: Path) -> _Envelope:
    try:
        with place.open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(MAX_BYTES)
        envelope = decode.json(data, _Envelope)
    except OSError as error:
        raise _unreadable(place, error.strerror or str(error)) from error
    except decode.Unreadable as error:
        raise _unreadable(place, "it is damaged, or no secrets file") from error
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise WizardError(
            Code.SECRETS_FILE_OPEN_TO_OTHERS,
            tried=f"opening the secrets file {place}",
            came_back=f"its mode is {stat.S_IMODE(found.st_mode):04o}",
            cause="someone opened it to others, who may have a copy",
            next_step=f"chmod 600 {place}; then renew what is in it",
        )
    if envelope.version != VERSION:
        raise _unreadable(
            place, f"it has version {envelope.version}; this cgwizard knows {VERSION}"
        )
    n = envelope.n
    power = n > 1 and n & (n - 1) == 0
    if not (power and n <= MAX_N and 0 < envelope.r <= MAX_R and 0 < envelope.p <= MAX_P):
        raise _unreadable(place, "its parameters are not those of a secrets file")
    return envelope


def _unreadable(place: Path, came_back: str) -> WizardError:
    return WizardError(
        Code.SECRETS_FILE_UNREADABLE,
        tried=f"opening the secrets file {place}",
        came_back=came_back,
    )
