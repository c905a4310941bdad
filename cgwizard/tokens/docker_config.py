"""Pull tokens that Docker or Podman keep already. They are read, never changed.

Docker's ``config.json`` and containers' ``auth.json`` have the same form: ``auths`` holds
credentials in base64, ``credHelpers`` and ``credsStore`` name a program
``docker-credential-NAME`` that is asked with the host on its standard input. A helper for a
host wins over the store, and what they give comes before ``auths`` (docker's order). What cannot
be read is passed over and named; it hides nothing. The path of a key ("cgr.dev/example.com")
may be an image or any part of its name, so no organization is read from it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cgwizard.errors import Code, Problem, WizardError
from cgwizard.system import subprocess as process
from cgwizard.text.decode import Unreadable
from cgwizard.text.sanitize import shortened
from cgwizard.tokens import docker_auths, paste
from cgwizard.tokens.claims import PullToken

MAX_BYTES = 1 << 20  # bytes; a file of credentials has a few thousand
VARIABLE = "DOCKER_AUTH_CONFIG"  # docker reads its value before the file
LEGACY = ".dockercfg"  # holds what is under "auths" in the others
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
        if str(self.path) == VARIABLE:
            return f"the variable {VARIABLE}"
        helper = "" if self.place in {"", "auths"} else f", {self.place}"
        return f"{self.path.name} in {self.path.parent}{helper}"


def find(host: str = docker_auths.HOST, *, timeout: float = 10.0) -> list[CredentialLookup]:
    """Look for pull tokens for ``host``. The list is empty if no file mentions it.

    Runs credential helpers, each for ``timeout`` seconds at most. Raises nothing: for a broken
    file or helper there is a `CredentialLookup` with a problem that names it.
    """
    found: list[CredentialLookup] = []
    paths = [*([Path(VARIABLE)] if os.environ.get(VARIABLE) else []), *places()]
    for path in paths:
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
    else:
        paths.append(Path(f"/run/containers/{os.getuid()}/auth.json"))
    paths.append(config_home / "containers" / "auth.json")
    paths.append(home / LEGACY)
    return list(dict.fromkeys(paths))


def _read(path: Path) -> dict[str, object] | None:
    """The file's members, None where it holds nothing. Raises WizardError."""
    try:
        if str(path) == VARIABLE:
            data = os.environb[VARIABLE.encode()]
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _broken(path, error.strerror or "it cannot be read") from None
    if len(data) > MAX_BYTES:
        raise _broken(path, "more than 1 MiB, so it is no file of credentials")
    text = data.decode("utf-8-sig", "replace").strip()
    if not text:
        return None  # docker and podman take an empty file for an empty configuration
    try:
        found, _ = docker_auths.first_value(text)
    except Unreadable as error:
        raise _broken(path, f"it is no JSON: {shortened(str(error), 80)}") from None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise _broken(path, "it is no JSON object")
    if path.name == LEGACY:
        return {"auths": found}
    # Of the variable's value, docker reads the entries only.
    members = docker_auths.members(found)
    return {"auths": members.get("auths")} if str(path) == VARIABLE else members


def _in_config(
    path: Path, config: dict[str, object], host: str, timeout: float
) -> Iterator[CredentialLookup]:
    try:
        helper = _helper(config, host)
    except Unreadable as error:
        yield CredentialLookup(path, "", problem=_broken(path, str(error)).problem)
        helper = ""
    if helper and (asked := _asked(path, helper, host, timeout)):
        yield asked
    try:
        for entry in docker_auths.entries(config.get("auths")):
            if entry.host != host:
                continue
            if entry.fault:
                said = f"the entry {docker_auths.shown(entry.key)} is passed over: {entry.fault}"
                yield CredentialLookup(path, "auths", problem=_broken(path, said).problem)
            elif entry.username or entry.password:
                yield _judged(path, "auths", entry.username, entry.password)
    except Unreadable as error:
        yield CredentialLookup(path, "auths", problem=_broken(path, str(error)).problem)


def _helper(config: dict[str, object], host: str) -> str:
    """The helper for the host, or the store; "" for none. An empty helper switches the store off
    for its host. Raises Unreadable."""
    helpers, store = config.get("credhelpers", {}), config.get("credsstore", "")
    if not isinstance(helpers, dict):
        raise Unreadable("credHelpers is no object")
    chosen = {docker_auths.host_of(key): name for key, name in helpers.items()}.get(host, store)
    if chosen is not None and not isinstance(chosen, str):
        raise Unreadable("the name of a credential helper is no text")
    return chosen or ""


def _asked(path: Path, helper: str, host: str, timeout: float) -> CredentialLookup | None:
    place = f"docker-credential-{helper}"
    try:
        answer = _ask(path, place, host, timeout)
    except WizardError as error:
        return CredentialLookup(path, place, problem=error.problem)
    return _judged(path, place, *answer) if answer else None


def _ask(path: Path, place: str, host: str, timeout: float) -> tuple[str, str] | None:
    """User name and secret, None if the helper has none. Raises WizardError."""
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
        raise _helper_failed(place, error.strerror or "it could not be started") from None
    if output.exit_code:
        if _NOT_FOUND in (output.stdout + output.stderr).lower():
            return None
        raise _helper_failed(place, f"exit code {output.exit_code}")
    try:
        answer, _ = docker_auths.first_value(output.stdout.strip())
    except Unreadable:
        answer = None
    texts = docker_auths.members(answer) if isinstance(answer, dict) else {}
    username, secret = texts.get("username", ""), texts.get("secret", "")
    if not texts or not isinstance(username, str) or not isinstance(secret, str):
        raise _helper_failed(place, "no credentials as JSON")
    return username, secret


def _judged(path: Path, place: str, username: str, password: str) -> CredentialLookup:
    try:
        token = paste.from_fields(username, password)
    except WizardError as error:
        problem = error.but(tried=f"to read {path} ({place})").problem
        return CredentialLookup(path, place, problem=problem)
    return CredentialLookup(path, place, token=token)


def _broken(path: Path, said: str) -> WizardError:
    return WizardError(Code.DOCKER_CONFIG_BROKEN, tried=f"to read {path}", came_back=said)


def _helper_failed(place: str, said: str) -> WizardError:
    tried = f"to ask {place} for the pull token"
    return WizardError(Code.DOCKER_HELPER_FAILED, tried=tried, came_back=said)
