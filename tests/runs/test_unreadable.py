"""Files of this program that somebody or a disk damaged: named, and passed over where that is
safe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from cgwizard.changes import journal
from cgwizard.changes.journal import Entry, Journal
from cgwizard.changes.undo import entries_of
from cgwizard.errors import WizardError
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.runs import saved
from cgwizard.runs.lock import Lock
from cgwizard.runs.saved import SavedRun
from cgwizard.secrets import encrypted_file, index
from cgwizard.secrets.encrypted_file import EncryptedFile
from cgwizard.secrets.secret import Secret
from cgwizard.text.decode import Unreadable
from cgwizard.tokens import docker_config
from tests.whole.test_going_on import command

NEXUS, OTHER = "http://127.0.0.1:9", "http://127.0.0.1:10"
DIGITS = b"9" * 5000
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no UTF-8": lambda data: data.replace(b'":"', b'":"\xff', 1),
    "nested": lambda data: b'{"run":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n",
    "digits": lambda data: b'{"run":' + DIGITS + b"}\n",
    "a number beyond floats": lambda data: b'{"run":"a","time":1e400}\n',
    "another shape": lambda data: b'{"run":1}\n',
    "text": lambda data: b"this is no JSON\n",
}
damaged = pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))


@pytest.fixture
def state(own_folders: Path) -> Path:
    return own_folders / "state" / "cgwizard"


def noted(state: Path, nexus: str, repository: str) -> Path:
    book = Journal(state / "journal", nexus)
    for step in ("begun", "applied"):
        book.write(f"create {repository}", repository, step, after={"name": repository})
    assert book.path is not None
    return book.path


@damaged
def test_a_journal(state: Path, damage: Callable[[bytes], bytes]) -> None:
    path = noted(state, NEXUS, "damaged")
    noted(state, OTHER, "whole")
    path.write_bytes(damage(path.read_bytes()))
    unread: list[Path] = []
    found = entries_of(state / "journal", unread=unread)
    assert {entry.repository for entry in found} == {"whole"}
    assert unread == [path]
    with pytest.raises(WizardError) as caught:
        Journal.reopen(path.parent, path.stem, NEXUS)
    assert caught.value.code == "journal-unreadable"
    assert str(path) in caught.value.problem.tried
    done = command("undo", NEXUS)
    assert f"Cannot be read, so that nothing in it is undone: {path}" in done.stderr
    assert "Changes stand in http://127.0.0.1:10 " in done.stdout
    done = command("forget", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{path} cannot be read" in done.stdout
    assert "by it 1 repository can be undone" in done.stdout


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_line_that_was_cut_off_is_left_out(state: Path, cut: int) -> None:
    path = noted(state, NEXUS, "whole")
    with path.open("ab") as file:
        line = path.read_bytes().split(b"\n")[0].replace(b"whole", "h\u00e4lf".encode())
        file.write(line[:-cut])
    assert [entry.repository for entry in journal.read(path)] == ["whole", "whole"]


def test_zeros_of_a_power_loss_are_left_out(state: Path) -> None:
    path = noted(state, NEXUS, "whole")
    with path.open("ab") as file:
        file.write(b"\0" * 500 + b"\n" + path.read_bytes())
    assert len(journal.read(path)) == 4


@pytest.mark.parametrize("time", [1e300, -1.0, 2.0**37])
def test_a_time_that_no_calendar_has(state: Path, time: float) -> None:
    path = noted(state, NEXUS, "whole")
    entry = Entry("a", time, NEXUS, "a", "a", "lasting")
    path.write_bytes(msgspec.json.encode(entry) + b"\n")
    with pytest.raises(Unreadable):
        journal.read(path)
    assert "Traceback" not in command("undo", NEXUS).stderr


@damaged
def test_a_lock(state: Path, damage: Callable[[bytes], bytes]) -> None:
    lock = Lock(state / "locks", NEXUS, "run")
    lock.acquire()
    try:
        lock.path.write_bytes(damage(lock.path.read_bytes()))
        other = Lock(state / "locks", NEXUS, "other")
        assert other.holder() is None
        with pytest.raises(WizardError) as caught:
            other.acquire()
        assert caught.value.code == "run-in-use"
        assert "it does not say who" in caught.value.problem.came_back
    finally:
        lock.release()


@damaged
def test_the_list_of_kept_secrets(state: Path, damage: Callable[[bytes], bytes]) -> None:
    index.note("nexus-password", f"admin@{NEXUS}")
    path = state / "kept.json"
    before = damage(path.read_bytes()).replace(b'"run"', b'"kept"')
    path.write_bytes(before)
    done = command("forget", "--dry-run")
    assert f"the damaged list of kept secrets {index.unread()}" in done.stdout, done.stderr
    index.note("pull-token", "cgr.dev")
    assert [entry.account for entry in index.entries()] == ["cgr.dev"]
    assert index.unread().read_bytes() == before


@damaged
def test_the_encrypted_file(state: Path, damage: Callable[[bytes], bytes]) -> None:
    place, passphrase = encrypted_file.path(), Secret("correct horse battery")
    state.mkdir(parents=True, exist_ok=True)
    EncryptedFile.create(place, passphrase).save("pull-token", "cgr.dev", Secret("x"))
    place.write_bytes(damage(place.read_bytes().replace(b'"version":1', b'"run":"a"', 1)))
    with pytest.raises(WizardError) as caught:
        EncryptedFile.unlock(place, passphrase)
    assert caught.value.code == "secrets-file-unreadable"
    assert str(place) in caught.value.problem.tried


@pytest.mark.parametrize(
    ("member", "value"),
    [("salt", "a"), ("salt", "\u00e4"), ("nonce", "a"), ("nonce", "AAAA"), ("data", "*"), ("n", 2)],
)
def test_members_of_the_encrypted_file(state: Path, member: str, value: object) -> None:
    place, passphrase = encrypted_file.path(), Secret("correct horse battery")
    state.mkdir(parents=True, exist_ok=True)
    EncryptedFile.create(place, passphrase)
    place.write_bytes(json.dumps(json.loads(place.read_bytes()) | {member: value}).encode())
    with pytest.raises(WizardError) as caught:
        EncryptedFile.unlock(place, passphrase)
    assert caught.value.code in {"secrets-file-unreadable", "secrets-file-wrong-passphrase"}


@damaged
def test_a_saved_run(state: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = state / "runs"
    folder.mkdir(parents=True)
    for name, nexus in (("a", NEXUS), ("b", OTHER)):
        run = SavedRun(1, name, nexus, "admin", 0.0, 0.0, "pull", plan.Plan())
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(run))
    path = folder / "a.json"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WizardError) as caught:
        saved.read(path)
    assert caught.value.code == "run-unreadable"
    assert [run.run for run in saved.unfinished(folder)] == ["b"]
    assert "saved run a" in command("forget", "--dry-run").stdout


@pytest.mark.parametrize("url", ["http://xn--zz--/", "http://[::", "http://a:99999"])
def test_a_saved_run_of_no_address(state: Path, url: str) -> None:
    path = state / "runs" / "a.json"
    path.parent.mkdir(parents=True)
    for nexus, connect in ((url, NEXUS), (NEXUS, url)):
        chosen = plan.Plan(connect=plan.Connect(connect, "admin"))
        run = SavedRun(1, "a", nexus, "admin", 0.0, 0.0, "pull", chosen)
        path.write_bytes(msgspec.json.encode(run))
        with pytest.raises(WizardError, match="run-unreadable"):
            saved.read(path)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 20_000,
        b'{"auths": ' + DIGITS + b"}",
        b'{"auths": {"cgr.dev": {"auth": 1e999}}}',
        b"\xff",
    ],
)
def test_dockers_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    path = tmp_path / "config.json"
    path.write_bytes(data)
    (found,) = docker_config.find()
    assert found.problem is not None
    assert found.problem.code == "docker-config-broken"
    assert str(path) in found.problem.tried


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version = 1\n[routing]\nport = " + DIGITS.decode() + "\n", 3),
        ("version = 1\n[routing]\nport = " + "[" * 5000 + "\n", 3),
        ("version = 1\n[routing]\nport = " + "9" * 300 + "\n", 3),
        ("version = 1\n[registry]\nurl = 'http://xn--zz--/'\n", 2),
        ("version = 1\n[registry]\nurl = 'http://[::'\n", 2),
        ("version = 1\n[registry]\nurl = 'http://a:99999'\n", 2),
    ],
)
def test_answers(text: str, line: int) -> None:
    with pytest.raises(WizardError) as caught:
        answers_file.parse(text, "answers.toml")
    assert caught.value.code == "answers-invalid"
    assert f"answers.toml:{line}: " in caught.value.problem.came_back
    assert len(caught.value.problem.came_back) < 300


def test_the_address_of_a_registry_on_the_command_line() -> None:
    done = command("diagnose", "--registry", "http://xn--zz--/")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
