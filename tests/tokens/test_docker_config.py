from __future__ import annotations

import base64
import json
import os
import stat
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cgwizard.tokens import docker_config
from cgwizard.tokens.docker_config import CredentialLookup
from tests.support.tokens import JWT, USERNAME, credentials

AUTH = base64.b64encode(f"{USERNAME}:{JWT}".encode()).decode()

Program = Callable[[str, str], Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "DOCKER_CONFIG",
        "DOCKER_AUTH_CONFIG",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        "XDG_CONFIG_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Write an executable script onto the front of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


def _docker(home: Path, config: object) -> Path:
    path = home / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def _helper_answer(username: str = USERNAME, secret: str = JWT) -> str:
    return json.dumps({"ServerURL": "cgr.dev", "Username": username, "Secret": secret})


def _only() -> CredentialLookup:
    found = docker_config.find()
    assert len(found) == 1
    return found[0]


def test_nothing_anywhere(home: Path) -> None:
    assert docker_config.find() == []


@pytest.mark.parametrize("key", ["cgr.dev", "https://cgr.dev", "https://cgr.dev/v2/"])
def test_auths(home: Path, key: str) -> None:
    path = _docker(home, {"auths": {"ghcr.io": {"auth": "eDp5"}, key: {"auth": AUTH}}})
    found = _only()
    assert found.token
    assert found.token.credentials == credentials()
    assert (found.path, found.place, found.problem) == (path, "auths", None)
    assert found.where == f"config.json in {home}/.docker"


def test_user_name_and_password_in_the_open(home: Path) -> None:
    _docker(home, {"auths": {"cgr.dev": {"username": USERNAME, "password": JWT}}})
    token = _only().token
    assert token
    assert token.credentials == credentials()


def test_the_file_that_docker_is_told_to_use(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = home / "other"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"auths": {"cgr.dev": {"auth": AUTH}}}))
    _docker(home, {"auths": {}})
    monkeypatch.setenv("DOCKER_CONFIG", str(other))
    assert _only().path == other / "config.json"


def test_podmans_file_and_its_entry_for_one_organization(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "run" / "containers" / "auth.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": {"cgr.dev/example.com": {"auth": AUTH}}}))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    token = _only().token
    assert token
    assert token.organization == ""  # a path may be an image's name, or a part of it


ENTRIES: dict[str, object] = {
    "auth": {"auth": AUTH},
    "wrapped at 76": {"auth": base64.encodebytes(f"{USERNAME}:{JWT}".encode()).decode()},
    "wrapped with carriage returns": {"auth": "\r\n".join(textwrap.wrap(AUTH, 64))},
    "indented": {"auth": "\n      ".join(["", *textwrap.wrap(AUTH, 76), ""])},
    "without padding": {"auth": AUTH.rstrip("=")},
    "with zeros behind it": {"auth": base64.b64encode(f"{USERNAME}:{JWT}\0\0".encode()).decode()},
    "null in place of auth": {"auth": None, "username": USERNAME, "password": JWT},
    "in capitals": {"Username": USERNAME, "Password": JWT},
    "all in capitals": {"AUTH": AUTH},
    "empty auth": {"auth": "", "username": USERNAME, "password": JWT},
    "auth wins": {"auth": AUTH, "username": "other", "password": "other"},
    "an odd member that nobody reads": {"auth": AUTH, "email": 5, "extra": {"a": [1]}},
    "null identity token": {"auth": AUTH, "identitytoken": None},
    "identity token in place of the password": {"username": USERNAME, "identitytoken": JWT},
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_read_as_go_reads_it(home: Path, entry: str) -> None:
    _docker(home, {"auths": {"cgr.dev": ENTRIES[entry]}})
    token = _only().token
    assert token
    assert token.credentials == credentials()


KEYS = [
    "http://cgr.dev",
    "https://cgr.dev/",
    "https://cgr.dev/v1/",
    "cgr.dev/",
    "CGR.dev",
    "cgr.dev:443",
    "cgr.dev/example.com",
    "cgr.dev/example.com/redis",
    "https://cgr.dev/example.com/charts/redis/",
]


@pytest.mark.parametrize("key", KEYS)
def test_any_key_of_the_host_is_read_and_names_no_organization(home: Path, key: str) -> None:
    _docker(home, {"auths": {key: {"auth": AUTH}}})
    token = _only().token
    assert token
    assert (token.credentials, token.organization) == (credentials(), "")


@pytest.mark.parametrize("key", ["cgr.dev.example.com", "apk.cgr.dev", "ghcr.io/cgr.dev", "cgr.de"])
def test_a_key_of_another_host_is_not_read(home: Path, key: str) -> None:
    _docker(home, {"auths": {key: {"auth": AUTH}}})
    assert docker_config.find() == []


@pytest.mark.parametrize(
    "odd",
    [
        {"auth": "!"},
        {"auth": 5},
        {"auth": base64.b64encode(b":x").decode()},
        {"auth": [AUTH]},
        "text",
        7,
        [],
        {"username": {}, "password": True},
    ],
    ids=str,
)
def test_an_odd_entry_is_named_and_hides_no_other(home: Path, odd: object) -> None:
    auths = {"ghcr.io": odd, "cgr.dev/odd": odd, "cgr.dev": {"auth": AUTH}, "quay.io": None}
    path = _docker(home, {"auths": auths})
    bad, good = docker_config.find()
    assert bad.problem
    assert bad.problem.code == "docker-config-broken"
    assert "cgr.dev/odd" in bad.problem.came_back
    assert str(path) in bad.problem.tried
    assert good.token
    assert good.token.credentials == credentials()


@pytest.mark.parametrize(
    "config",
    [
        f'{{"Auths": {{"cgr.dev": {{"auth": "{AUTH}"}}}}}}',
        f'{{"credHelpers": null, "credsStore": null,'
        f' "auths": {{"cgr.dev": {{"auth": "{AUTH}"}}}}}}',
        f'{{"auths": {{"cgr.dev": {{"auth": "{AUTH}"}}}}}} trailing',
        f'\ufeff{{"auths": {{"cgr.dev": {{"auth": "{AUTH}"}}}}}}',
        f'{{"auths": {{"cgr.dev": {{"auth": "{AUTH[:76]}\n{AUTH[76:]}"}}}}}}',
        f'{{"proxies": 7, "auths": {{"\ud800": {{}}, "cgr.dev": {{"auth": "{AUTH}"}}}}}}',
        f'{{"credsStore": "absent", "credHelpers": {{"cgr.dev": ""}},'
        f' "auths": {{"cgr.dev": {{"auth": "{AUTH}"}}}}}}',
    ],
    ids=lambda text: text[:24],
)
def test_a_file_is_read_as_go_reads_it(home: Path, config: str) -> None:
    path = _docker(home, "{}")
    path.write_bytes(config.encode("utf-8", "surrogatepass"))
    token = _only().token
    assert token
    assert token.credentials == credentials()


@pytest.mark.parametrize(
    "config", ["null", "{}", '{"auths": null}', '{"auths": {"cgr.dev": null}}']
)
def test_a_file_without_entries_is_no_finding(home: Path, config: str) -> None:
    _docker(home, config)
    assert docker_config.find() == []


@pytest.mark.parametrize(
    "helpers",
    [
        {"credHelpers": {"cgr.dev": "absent"}},
        {"credsStore": "absent"},
        {"credsStore": 5},
        {"credHelpers": []},
    ],
    ids=str,
)
def test_a_helper_that_gives_nothing_hides_no_entry(home: Path, helpers: dict[str, object]) -> None:
    _docker(home, {**helpers, "auths": {"cgr.dev": {"auth": AUTH}}})
    bad, good = docker_config.find()
    assert bad.problem
    assert good.token


def test_the_variable_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _docker(home, {"auths": {"cgr.dev": {"auth": "!"}}})
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"cgr.dev": {"auth": AUTH}}}))
    first, second = docker_config.find()
    assert first.where == "the variable DOCKER_AUTH_CONFIG"
    assert first.token
    assert second.problem
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", "{")
    broken = docker_config.find()[0].problem
    assert broken
    assert "DOCKER_AUTH_CONFIG" in broken.tried


def test_the_file_of_an_old_docker(home: Path) -> None:
    (home / ".dockercfg").write_text(json.dumps({"https://cgr.dev/v1/": {"auth": AUTH}}))
    token = _only().token
    assert token
    assert token.credentials == credentials()


def test_a_helper_answers_in_small_letters(home: Path, program: Program) -> None:
    answer = json.dumps({"username": USERNAME, "SECRET": JWT})
    program("docker-credential-fake", f"echo '{answer}'")
    _docker(home, {"CREDSSTORE": "fake"})
    assert _only().token


def test_a_helper_for_the_host_is_asked_on_its_standard_input(home: Path, program: Program) -> None:
    program(
        "docker-credential-fake",
        f'[ "$1" = get ] && [ "$(cat)" = cgr.dev ] && echo \'{_helper_answer()}\'',
    )
    _docker(home, {"credHelpers": {"cgr.dev": "fake"}, "credsStore": "absent"})
    found = _only()
    assert found.place == "docker-credential-fake"
    assert found.where == f"config.json in {home}/.docker, docker-credential-fake"
    assert found.token
    assert found.token.credentials == credentials()


def test_a_store_is_asked_and_entries_without_content_are_passed_over(
    home: Path, program: Program
) -> None:
    program("docker-credential-fake", f"echo '{_helper_answer()}'")
    _docker(home, {"auths": {"cgr.dev": {}}, "credsStore": "fake"})
    assert _only().token


def test_a_store_that_does_not_know_the_host_is_no_finding(home: Path, program: Program) -> None:
    program("docker-credential-fake", "echo credentials not found in native keychain; exit 1")
    _docker(home, {"credsStore": "fake"})
    assert docker_config.find() == []


def test_the_session_of_a_person_is_not_offered_as_a_pull_token(
    home: Path, program: Program
) -> None:
    program("docker-credential-cgr", f"echo '{_helper_answer('_token')}'")
    _docker(home, {"credHelpers": {"cgr.dev": "cgr"}})
    found = _only()
    assert found.token is None
    assert found.problem
    assert found.problem.code == "token-wrong-kind"
    assert "docker-credential-cgr" in found.problem.tried


@pytest.mark.parametrize(
    ("script", "came_back"),
    [
        ("echo 'cannot open vault' >&2; exit 3", "exit code 3"),
        ("echo no json", "no credentials as JSON"),
    ],
)
def test_a_helper_that_fails_is_named(
    home: Path, program: Program, script: str, came_back: str
) -> None:
    program("docker-credential-fake", script)
    _docker(home, {"credsStore": "fake"})
    problem = _only().problem
    assert problem
    assert (problem.code, problem.came_back) == ("docker-helper-failed", came_back)
    assert "docker-credential-fake" in problem.tried


def test_a_helper_that_hangs_is_ended_with_its_children(home: Path, program: Program) -> None:
    pid_file = home / "pid"
    program("docker-credential-fake", f"sleep 600 & echo $! > {pid_file}; wait")
    _docker(home, {"credsStore": "fake"})
    problem = docker_config.find(timeout=0.5)[0].problem
    assert problem
    assert problem.came_back == "nothing in 0.5 seconds"
    child = int(pid_file.read_text())
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline


def _runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("name", ["absent", "../evil", "a b", "x;reboot"])
def test_a_helper_that_is_not_there_is_named(home: Path, name: str) -> None:
    path = _docker(home, {"credHelpers": {"cgr.dev": name}})
    problem = _only().problem
    assert problem
    assert problem.code == "docker-helper-missing"
    assert str(path) in problem.tried


@pytest.mark.parametrize(
    "text",
    ['{"auths": {', '{"auths": []}', '{"credHelpers": {"cgr.dev": 1}}', "\x00\xff", "[]"],
)
def test_a_broken_file_is_named_and_the_others_are_still_read(home: Path, text: str) -> None:
    path = _docker(home, text)
    auth = home / ".config" / "containers" / "auth.json"
    auth.parent.mkdir(parents=True)
    auth.write_text(json.dumps({"auths": {"cgr.dev": {"auth": AUTH}}}))
    broken, good = docker_config.find()
    assert broken.problem
    assert broken.problem.code == "docker-config-broken"
    assert str(path) in broken.problem.tried
    assert good.token


@pytest.mark.parametrize("auth", ["not base64!", base64.b64encode(b"no colon").decode()])
def test_an_entry_that_is_not_readable_is_named_without_its_text(home: Path, auth: str) -> None:
    _docker(home, {"auths": {"cgr.dev": {"auth": auth}}})
    problem = _only().problem
    assert problem
    assert problem.code == "docker-config-broken"
    assert auth not in str(problem)


def test_another_registrys_credentials_are_refused_with_the_file_named(home: Path) -> None:
    auth = base64.b64encode(b"bob:hunter2-is-long").decode()
    path = _docker(home, {"auths": {"cgr.dev": {"auth": auth}}})
    problem = _only().problem
    assert problem
    assert problem.code == "token-unreadable"
    assert str(path) in problem.tried
    assert "hunter2" not in str(problem)


def test_nothing_is_written(home: Path, program: Program) -> None:
    program("docker-credential-fake", f"echo '{_helper_answer()}'")
    path = _docker(home, {"auths": {"cgr.dev": {"auth": AUTH}}, "credsStore": "fake"})
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in home.rglob("*")}
    path.chmod(stat.S_IRUSR)
    assert len(docker_config.find()) == 2
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in home.rglob("*")} == before
