"""Pull tokens that Docker or Podman keep already. They are read, never changed.

Docker's ``config.json`` and containers' ``auth.json`` have the same form: ``auths`` holds
credentials in base64, ``credHelpers`` and ``credsStore`` name a program
``docker-credential-NAME`` that is asked with the host on its standard input. A helper for a
host wins over the store, and both win over ``auths`` (docker's order).
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cgwizard.errors import Code, Problem, WizardError
from cgwizard.system import subprocess as process
from cgwizard.tokens import paste
from cgwizard.tokens.claims import PullToken

MAX_BYTES = 1 << 20  # bytes; a file of credentials has a few thousand
_HELPER = re.compile(r"docker-credential-[A-Za-z0-9._-]+")
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True, slots=True)
class CredentialLookup:
    """What was found for the host in one place: a token, or a problem."""

    path: Path  # the file that named them
    place: str  # "auths" or "docker-credential-pass"
    token: PullToken | None = None
    problem: Problem | None = None

    @property
    def where(self) -> str:
        """The place in a few words: "config.json in /root/.docker, docker-credential-pass"."""
        helper = "" if self.place in {"", "auths"} else f", {self.place}"
        return f"{self.path.name} in {self.path.parent}{helper}"


class _Auth(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""


class _DockerConfig(msgspec.Struct, rename="camel"):
    auths: dict[str, _Auth | None] | None = None
    creds_store: str = ""
    cred_helpers: dict[str, str] | None = None


class _HelperAnswer(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def find(host: str = "cgr.dev", *, timeout: float = 10.0) -> list[CredentialLookup]:
    """Look for pull tokens for ``host``. The list is empty if no file mentions it.

    Runs credential helpers, each for ``timeout`` seconds at most. Raises nothing: for a broken
    file or helper there is a `CredentialLookup` with a problem that names it.
    """
    found: list[CredentialLookup] = []
    for path in places():
        try:
            config = _read(path)
        except WizardError as error:
            found.append(CredentialLookup(path, "", problem=error.problem))
            continue
        if config:
            found.extend(_in_config(path, config, host, timeout))
    return found


def places() -> list[Path]:
    """The files to read, in order and without repetition, whether they exist or not."""
    env = os.environ
    home = Path.home()
    config_home = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    paths = [Path(env.get("DOCKER_CONFIG") or home / ".docker") / "config.json"]
    if "REGISTRY_AUTH_FILE" in env:
        paths.append(Path(env["REGISTRY_AUTH_FILE"]))
    if "XDG_RUNTIME_DIR" in env:
        paths.append(Path(env["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
    paths.append(config_home / "containers" / "auth.json")
    return list(dict.fromkeys(paths))


def _read(path: Path) -> _DockerConfig | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _broken(path, error.strerror or type(error).__name__) from None
    if len(data) > MAX_BYTES:
        raise _broken(path, "more than 1 MiB, so it is no file of credentials")
    if not data.strip():
        return None  # docker and podman take an empty file for an empty configuration
    try:
        return msgspec.json.decode(data, type=_DockerConfig)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _broken(path, str(error)) from None


def _in_config(
    path: Path, config: _DockerConfig, host: str, timeout: float
) -> Iterator[CredentialLookup]:
    helpers = {_host(key): name for key, name in (config.cred_helpers or {}).items()}
    helper = helpers.get(host) or config.creds_store
    if helper:
        asked = _asked(path, helper, host, timeout)
        if asked:
            yield asked
        if host in helpers:
            return
    for key, auth in (config.auths or {}).items():
        # Podman allows an entry for a part of a registry: "cgr.dev/example.com".
        registry, _, namespace = _key(key).partition("/")
        if registry != host or auth is None:
            continue
        try:
            username, password = _pair(auth)
        except ValueError:
            problem = _broken(path, f"the entry {key} is not base64 of USER:PASSWORD").problem
            yield CredentialLookup(path, "auths", problem=problem)
            continue
        if username or password:
            yield _judged(path, "auths", username, password, namespace)


def _pair(auth: _Auth) -> tuple[str, str]:
    """User name and password of an entry, both empty if a store keeps them. Raises ValueError."""
    if auth.username and auth.password:
        return auth.username, auth.password
    if not auth.auth:
        return "", auth.identitytoken
    try:
        text = base64.b64decode(auth.auth, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError from error
    username, colon, password = text.partition(":")
    if not colon:
        raise ValueError
    return username, password.strip("\0")


def _asked(path: Path, helper: str, host: str, timeout: float) -> CredentialLookup | None:
    place = f"docker-credential-{helper}"
    try:
        answer = _ask(path, place, host, timeout)
    except WizardError as error:
        return CredentialLookup(path, place, problem=error.problem)
    return _judged(path, place, answer.username, answer.secret, "") if answer else None


def _ask(path: Path, place: str, host: str, timeout: float) -> _HelperAnswer | None:
    program = shutil.which(place) if _HELPER.fullmatch(place) else None
    if program is None:
        raise WizardError(
            Code.DOCKER_HELPER_MISSING,
            tried=f"to ask {place}, which {path} names",
            came_back="no program of that name on the PATH",
        )
    try:
        output = process.run([program, "get"], given=host, timeout=timeout)
    except process.TookTooLong:
        raise _helper_failed(place, f"nothing in {timeout:g} seconds") from None
    except OSError as error:
        raise _helper_failed(place, error.strerror or type(error).__name__) from None
    if output.exit_code:
        if _NOT_FOUND in (output.stdout + output.stderr).lower():
            return None
        raise _helper_failed(place, f"exit code {output.exit_code}")
    try:
        return msgspec.json.decode(output.stdout, type=_HelperAnswer)
    except msgspec.DecodeError:
        raise _helper_failed(place, "no credentials as JSON") from None


def _judged(
    path: Path, place: str, username: str, password: str, namespace: str
) -> CredentialLookup:
    try:
        token = paste.from_fields(username, password)
    except WizardError as error:
        problem = error.but(tried=f"to read {path} ({place})").problem
        return CredentialLookup(path, place, problem=problem)
    return CredentialLookup(path, place, token=token.named(namespace) if namespace else token)


def _key(key: str) -> str:
    """An entry's key as HOST or HOST/NAMESPACE. Older keys are URLs that end in /v1 or /v2."""
    bare = re.sub(r"^https?://", "", key).rstrip("/")
    return re.sub(r"/v[12]$", "", bare)


def _host(key: str) -> str:
    return _key(key).partition("/")[0]


def _broken(path: Path, said: str) -> WizardError:
    return WizardError(Code.DOCKER_CONFIG_BROKEN, tried=f"to read {path}", came_back=said)


def _helper_failed(place: str, said: str) -> WizardError:
    tried = f"to ask {place} for the pull token"
    return WizardError(Code.DOCKER_HELPER_FAILED, tried=tried, came_back=said)
