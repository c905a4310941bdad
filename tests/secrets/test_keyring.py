from __future__ import annotations

import threading
from typing import ClassVar

import keyring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from cgwizard.errors import WizardError
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets.secret import Secret
from cgwizard.secrets.store import packed, unpacked
from tests.support.tokens import JWT, credentials

ACCOUNT = "admin@https://nexus.example.com"


class Memory(KeyringBackend):
    """A keyring as strict as the real ones about deleting what is not there."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("No such password!")
        del self.kept[service, username]


class Keychain(Memory):
    __module__ = "keyring.backends.macOS"


class Wallet(Memory):
    __module__ = "keyring.backends.kwallet.DBusKeyring"


class PlaintextKeyring(Memory):
    """The class name of keyrings.alt's backend that writes secrets to a readable file."""

    priority = 2


class Hanging(Memory):
    released: ClassVar[threading.Event] = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.released.wait(30)

    def get_password(self, service: str, username: str) -> str | None:
        self.released.wait(30)
        return None


class Locked(Memory):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("Failed to unlock the collection!")


class Tattling(Memory):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot store {password}")


class Forgetful(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        return "something else"


def use(backend: KeyringBackend) -> None:
    keyring.set_keyring(backend)
    keyrings._probed = None


def test_keeps_and_forgets() -> None:
    backend = Memory()
    use(backend)
    assert keyrings.load("nexus-password", ACCOUNT) is None
    keyrings.save("nexus-password", ACCOUNT, Secret("geheim"))
    assert keyrings.load("nexus-password", ACCOUNT) == Secret("geheim")
    assert list(backend.kept) == [("cgwizard", f"nexus-password {ACCOUNT}")]
    assert keyrings.load("pull-token", ACCOUNT) is None
    keyrings.forget("nexus-password", ACCOUNT)
    keyrings.forget("nexus-password", ACCOUNT)
    assert backend.kept == {}


def test_a_pull_token_keeps_its_user_name() -> None:
    use(Memory())
    keyrings.save("pull-token", "example.com@cgr.dev", packed(credentials()))
    assert unpacked(keyrings.load("pull-token", "example.com@cgr.dev")) == credentials()
    assert unpacked(keyrings.load("pull-token", "other.org@cgr.dev")) is None


def test_an_entry_of_another_form_is_no_token() -> None:
    use(Memory())
    keyrings.save("pull-token", "x", Secret("not json"))
    assert unpacked(keyrings.load("pull-token", "x")) is None


@given(st.text(min_size=0, max_size=60), st.integers(1, 120))
@settings(max_examples=60, deadline=None)
def test_any_value_comes_back_whole(text: str, times: int) -> None:
    use(Memory())
    for value in (text * times, "cgwizard:parts:2:" + text, JWT * times):
        keyrings.save("pull-token", "x", Secret(value))
        assert keyrings.load("pull-token", "x") == Secret(value)


def test_probe_leaves_nothing_behind_and_asks_once() -> None:
    backend = Memory()
    use(backend)
    status = keyrings.probe()
    assert status.usable
    assert status.backend.endswith("Memory")
    assert backend.kept == {}
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    assert keyrings.probe() is status
    assert not keyrings.probe(again=True).usable


@pytest.mark.parametrize(
    ("backend", "name"), [(Keychain(), "macOS Keychain"), (Wallet(), "KWallet")]
)
def test_probe_knows_keyrings_by_name(backend: KeyringBackend, name: str) -> None:
    use(backend)
    assert keyrings.probe().backend == name


@pytest.mark.parametrize(
    ("backend", "code"),
    [
        (fail.Keyring(), "keyring-none"),  # type: ignore[no-untyped-call]
        (null.Keyring(), "keyring-off"),  # type: ignore[no-untyped-call]
        (PlaintextKeyring(), "keyring-plaintext"),
        (Locked(), "keyring-locked"),
        (Forgetful(), "keyring-failed"),
    ],
)
def test_probe_says_what_is_wrong(backend: KeyringBackend, code: str) -> None:
    use(backend)
    status = keyrings.probe()
    assert not status.usable
    assert status.problem
    assert status.problem.code == code
    assert status.reason == status.problem.cause
    assert "in memory" in status.problem.next_step


def test_a_refused_backend_is_not_written_to_without_a_probe() -> None:
    backend = PlaintextKeyring()
    use(backend)
    with pytest.raises(WizardError, match="keyring-plaintext"):
        keyrings.save("nexus-password", ACCOUNT, Secret("geheim"))
    assert backend.kept == {}


def test_a_chain_is_used_without_its_plaintext_member(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, good = PlaintextKeyring(), Memory()
    monkeypatch.setattr(ChainerBackend, "backends", [plain, good])
    use(ChainerBackend())  # type: ignore[no-untyped-call]
    keyrings.save("nexus-password", ACCOUNT, Secret("geheim"))
    assert plain.kept == {}
    assert len(good.kept) == 1


def test_a_chain_of_plaintext_alone_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChainerBackend, "backends", [PlaintextKeyring()])
    use(ChainerBackend())  # type: ignore[no-untyped-call]
    problem = keyrings.probe().problem
    assert problem
    assert problem.code == "keyring-plaintext"
    assert "PlaintextKeyring" in problem.came_back


def test_a_hang_has_an_end() -> None:
    use(Hanging())
    try:
        status = keyrings.probe(timeout=0.05)
        assert status.problem
        assert status.problem.code == "keyring-timeout"
        with pytest.raises(WizardError, match="keyring-timeout"):
            keyrings.load("nexus-password", ACCOUNT, timeout=0.05)
    finally:
        Hanging.released.set()


def test_a_backend_that_repeats_the_secret_is_not_quoted() -> None:
    use(Tattling())
    with pytest.raises(WizardError, match="keyring-failed") as caught:
        keyrings.save("nexus-password", ACCOUNT, Secret("geheim-und-lang"))
    assert "geheim-und-lang" not in f"{caught.value!r} {caught.value.problem}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
