from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, get_args

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
from cgwizard.secrets.store import Kind, packed, unpacked
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


class PanicException(BaseException):
    """As pyo3 names a panic of Rust code; it is no Exception."""


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise PanicException("even its words")


class Broken(Memory):
    """Raises ``error`` at one of its methods, and keeps what it got otherwise."""

    def __init__(self, method: str, error: BaseException) -> None:
        super().__init__()
        self.method, self.error = method, error

    def get_password(self, service: str, username: str) -> str | None:
        self._break("load")
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._break("save")
        super().set_password(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        self._break("forget")
        super().delete_password(service, username)

    def _break(self, method: str) -> None:
        if method == self.method:
            raise self.error


ENDS = [
    PanicException("called `Result::unwrap()` on an `Err` value"),
    SystemExit(3),
    GeneratorExit(),
    asyncio.CancelledError(),
    Unspeakable(),
    ImportError("libsecret.so"),
]


@pytest.mark.parametrize("error", ENDS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["save", "load", "forget"])
def test_whatever_a_backend_raises_is_memory_for_this_run(
    method: str, error: BaseException
) -> None:
    use(Broken(method, error))
    status = keyrings.probe()
    assert not status.usable
    assert status.problem
    assert status.problem.code == "keyring-failed"
    assert type(error).__name__ in status.problem.came_back
    assert "in memory" in status.problem.next_step
    backend = Broken(method, error)
    backend.kept["cgwizard", f"pull-token {ACCOUNT}"] = "x"
    use(backend)
    done: dict[str, Callable[[], object]] = {
        "save": lambda: keyrings.save("pull-token", ACCOUNT, Secret("geheim-und-lang")),
        "load": lambda: keyrings.load("pull-token", ACCOUNT),
        "forget": lambda: keyrings.forget("pull-token", ACCOUNT),
    }
    with pytest.raises(WizardError, match="keyring-failed"):
        done[method]()


def test_a_panic_that_repeats_the_secret_is_not_quoted() -> None:
    use(Broken("save", PanicException("cannot store geheim-und-lang")))
    with pytest.raises(WizardError, match="keyring-failed") as caught:
        keyrings.save("nexus-password", ACCOUNT, Secret("geheim-und-lang"))
    assert "geheim-und-lang" not in f"{caught.value!r} {caught.value.problem}"


def test_an_interrupt_still_means_cancel() -> None:
    use(Broken("save", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        keyrings.save("nexus-password", ACCOUNT, Secret("geheim"))
    with pytest.raises(KeyboardInterrupt):
        keyrings.probe()


IMPORTS = {
    "a panic": "class PanicException(BaseException): pass\nraise PanicException('at import')",
    "an exit": "import sys\nsys.exit(4)",
    "a library that is missing": "import no_such_library",
    "a syntax error": "def",
}


@pytest.mark.parametrize("source", IMPORTS)
def test_an_import_that_breaks_is_memory_for_this_run(source: str, tmp_path: Path) -> None:
    """In a fresh process, where the library has not been imported yet."""
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "__init__.py").write_text(IMPORTS[source])
    script = (
        "from cgwizard.guide.guide import Guide\n"
        "from cgwizard.secrets import keyring\n"
        "status = keyring.probe()\n"
        "print(status.usable, status.problem.code)\n"
        "session = Guide(url='http://127.0.0.1:1', user='admin')\n"
        "session.keeping.look()\n"
        "print([choice.value for choice in session.keeping.choices()])\n"
        "print(session.steps.connect.notes())\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, choices, notes = done.stdout.splitlines()
    assert first == "False keyring-failed"
    assert "keyring" not in choices
    assert "memory" in choices
    assert "stays in memory, for this run only" in notes


def test_every_kind_of_secret_has_words_to_be_told_of() -> None:
    assert set(keyrings._WORDS) == set(get_args(Kind))
