"""Which container engines answer on this machine, and what is wrong with those that do not."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from cgwizard.engines.docker import Docker
from cgwizard.engines.endpoints import Candidate, Kind, docker_sockets, path_of, podman_sockets
from cgwizard.engines.errors import TITLES, WITHOUT
from cgwizard.engines.model import Name
from cgwizard.engines.podman import Podman
from cgwizard.engines.socket import EngineSocket
from cgwizard.errors import Code, Problem, WizardError
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from cgwizard.engines.model import Engine

CONNECT_SECONDS = 3.0
CONNECT_POLL_SECONDS = 0.05
ANSWER_SECONDS = 5.0  # an engine that hangs may still take connections


class FoundEngine(msgspec.Struct, frozen=True):
    """An engine that answers, or the reason why none does. ``name`` is what answers: a Podman
    may listen where DOCKER_HOST points."""

    name: Name
    address: str
    why: str
    engine: Engine | None = None
    error: WizardError | None = None

    @property
    def problem(self) -> Problem | None:
        return self.error.problem if self.error else None


class _Component(msgspec.Struct, rename="pascal"):
    name: str = ""
    version: str = ""


class _Version(msgspec.Struct, rename="pascal"):
    version: str = ""
    api_version: str = ""
    components: list[_Component] | None = None


def find(env: Mapping[str, str] | None = None) -> list[FoundEngine]:
    """Every engine that answers, first the one that its own command would use; for a kind of
    which none answers, the problem. Each is asked once at most; blocks a few seconds at most."""
    env = os.environ if env is None else env
    found: list[FoundEngine] = []
    for candidates in (list(docker_sockets(env)), list(podman_sockets(env))):
        answers: list[FoundEngine] = []
        for candidate in candidates:
            if _same_place(candidate.address, found):
                continue
            answers.append(_look(candidate))
        working = [answer for answer in answers if answer.engine]
        if working:
            found += working
        elif answers:
            found.append(_most_telling(answers))
    return found


def get(kind: Kind, env: Mapping[str, str] | None = None) -> Engine:
    """The engine of this kind that its own command would use. Raises WizardError
    `engine-absent`, `engine-permission`, `engine-remote`, ..."""
    env = os.environ if env is None else env
    sockets = docker_sockets(env) if kind == "docker" else podman_sockets(env)
    failures: list[FoundEngine] = []
    for candidate in sockets:
        answer = _look(candidate)
        if answer.engine and (answer.name == kind or candidate.named):
            return answer.engine
        if answer.error:
            failures.append(answer)
    if failures and (error := _most_telling(failures).error):
        raise error
    raise _absent(kind, f"the sockets of {TITLES[kind]}", "another engine answers there")


def _same_place(address: str, found: list[FoundEngine]) -> bool:
    """Some distributions link /var/run/docker.sock to Podman's socket."""
    place = os.path.realpath(address.removeprefix("unix://"))
    known = (f.address.removeprefix("unix://") for f in found if f.engine)
    return any(os.path.realpath(path) == place for path in known)


def _look(candidate: Candidate) -> FoundEngine:
    try:
        engine = _engine(candidate)
    except WizardError as error:
        return FoundEngine(candidate.kind, candidate.address, candidate.why, error=error)
    return FoundEngine(engine.name, candidate.address, candidate.why, engine)


def _engine(candidate: Candidate) -> Docker:
    path = path_of(candidate)
    _knock(candidate, path)
    with EngineSocket(path, ANSWER_SECONDS) as engine:
        libpod = engine.get("/_ping").headers.get("libpod-api-version")
        version = engine.ask("/version", _Version)
    components = {c.name: c.version for c in version.components or ()}
    told = shortened(version.version)
    if libpod or "Podman Engine" in components:
        return Podman(path, told, version.api_version, libpod=bool(libpod))
    return Docker(path, told, version.api_version)


def _knock(candidate: Candidate, path: str) -> None:
    """Connect once: the system's error distinguishes cases that httpx does not."""
    title = TITLES[candidate.kind]
    tried = f"connecting to {title} at {path} ({candidate.why})"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(CONNECT_SECONDS)
        try:
            _connect(sock, path)
        except PermissionError as error:
            raise _no_permission(candidate.kind, path, tried) from error
        except (TimeoutError, BlockingIOError) as error:
            raise WizardError(
                Code.ENGINE_HANGS,
                tried=tried,
                came_back=f"no connection within {CONNECT_SECONDS:.0f} seconds",
                cause=f"{title} hangs",
                next_step=f"look at its log, restart it; or {WITHOUT}",
            ) from error
        except OSError as error:
            raise _absent(candidate.kind, tried, error.strerror or str(error)) from error


def _connect(sock: socket.socket, path: str) -> None:
    """While too many connections wait, Linux refuses at once, whatever the socket's timeout."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            sock.connect(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(CONNECT_POLL_SECONDS)
        else:
            return


def _no_permission(kind: Kind, path: str, tried: str) -> WizardError:
    if kind == "docker":
        cause = f"Docker runs, and {path} is for root and the group docker, without this user"
        advice = "sudo usermod -aG docker $USER, then sign in again"
    else:
        cause = f"{path} belongs to another user's Podman"
        advice = "start your own: systemctl --user start podman.socket"
    return WizardError(
        Code.ENGINE_PERMISSION,
        tried=tried,
        came_back="permission denied",
        cause=cause,
        next_step=f"{advice}; or {WITHOUT}",
    )


def _absent(kind: Kind, tried: str, came_back: str) -> WizardError:
    start = {
        "docker": "sudo systemctl start docker",
        "podman": "systemctl --user start podman.socket",
    }
    return WizardError(
        Code.ENGINE_ABSENT,
        tried=tried,
        came_back=came_back,
        cause=f"{TITLES[kind]} is not installed or not running",
        next_step=f"start it: {start[kind]}; or {WITHOUT}",
    )


def _most_telling(failures: list[FoundEngine]) -> FoundEngine:
    """A socket that exists and refuses says more than one that does not exist."""
    telling = (f for f in failures if f.error and f.error.code != Code.ENGINE_ABSENT)
    return next(telling, failures[0])
