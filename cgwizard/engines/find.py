"""Which container engines are here: their sockets by the usual rules, and what is wrong with
those that do not answer."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from cgwizard.engines.docker import Docker
from cgwizard.engines.errors import TITLES, WITHOUT
from cgwizard.engines.model import Name
from cgwizard.engines.podman import Podman
from cgwizard.engines.socket import EngineSocket
from cgwizard.errors import Code, Problem, WizardError
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from cgwizard.engines.model import Engine

Kind = Literal["docker", "podman"]
CONNECT_SECONDS = 3.0
CONNECT_POLL_SECONDS = 0.05
ANSWER_SECONDS = 5.0  # an engine that hangs may still take connections


class Candidate(msgspec.Struct, frozen=True):
    """A socket that the rules name. ``named``: the user chose it, and no other will do."""

    kind: Kind
    address: str  # "unix:///var/run/docker.sock"
    why: str  # where it was named, for people
    named: bool = False


class Found(msgspec.Struct, frozen=True):
    """An engine that answers, or the reason why none does. ``name`` is what answers: a Podman
    may listen where DOCKER_HOST points."""

    name: Name
    address: str
    why: str
    engine: Engine | None = None
    problem: Problem | None = None


class _Context(msgspec.Struct, rename="pascal"):
    name: str = ""
    endpoints: dict[str, dict[str, object]] | None = None


class _Config(msgspec.Struct, rename="camel"):
    current_context: str = ""


class _Component(msgspec.Struct, rename="pascal"):
    name: str = ""
    version: str = ""


class _Version(msgspec.Struct, rename="pascal"):
    version: str = ""
    api_version: str = ""
    components: list[_Component] | None = None


def find(env: Mapping[str, str] | None = None) -> list[Found]:
    """Every engine that answers, the one that its own command would use first, and for a kind
    of which none does the problem. Each is asked at most once; blocks a few seconds at most."""
    env = os.environ if env is None else env
    found: list[Found] = []
    for candidates in (list(docker_sockets(env)), list(podman_sockets(env))):
        answers: list[Found] = []
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
    failures: list[Found] = []
    for candidate in sockets:
        answer = _look(candidate)
        if answer.engine and (answer.name == kind or candidate.named):
            return answer.engine
        if answer.problem:
            failures.append(answer)
    problem = _most_telling(failures).problem if failures else None
    if problem is None:
        raise _absent(kind, f"the sockets of {TITLES[kind]}", "another engine answers there")
    raise WizardError(
        problem.code,
        tried=problem.tried,
        came_back=problem.came_back,
        cause=problem.cause,
        next_step=problem.next_step,
    )


def docker_sockets(env: Mapping[str, str]) -> Iterator[Candidate]:
    """As the docker command looks: DOCKER_HOST, then the context, then the usual places."""
    home = Path(env.get("HOME") or Path.home())
    if host := env.get("DOCKER_HOST"):
        yield Candidate("docker", host, "DOCKER_HOST", named=True)
        return
    config = Path(env.get("DOCKER_CONFIG") or home / ".docker")
    context = env.get("DOCKER_CONTEXT") or _read(config / "config.json", _Config).current_context
    if context and context != "default":
        meta = config / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest()
        endpoints = _read(meta / "meta.json", _Context).endpoints or {}
        address = endpoints.get("docker", {}).get("Host")
        # Without one docker refuses, too: another engine than the one that was meant is no help.
        known = address if isinstance(address, str) else ""
        yield Candidate("docker", known, f"docker context {context}", named=True)
        return
    paths = [Path("/var/run/docker.sock")]
    if runtime := env.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "docker.sock")
    paths += [Path(f"/run/user/{os.getuid()}/docker.sock"), home / ".docker/run/docker.sock"]
    paths.append(home / ".docker/desktop/docker.sock")
    for path in dict.fromkeys(paths):
        yield Candidate("docker", f"unix://{path}", "the usual place")


def podman_sockets(env: Mapping[str, str]) -> Iterator[Candidate]:
    """CONTAINER_HOST, then the user's own service, then the system's."""
    if host := env.get("CONTAINER_HOST"):
        yield Candidate("podman", host, "CONTAINER_HOST", named=True)
        return
    paths = []
    if runtime := env.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "podman/podman.sock")
    paths += [Path(f"/run/user/{os.getuid()}/podman/podman.sock"), Path("/run/podman/podman.sock")]
    for path in dict.fromkeys(paths):
        yield Candidate("podman", f"unix://{path}", "the usual place")


def _same_place(address: str, found: list[Found]) -> bool:
    """Distributions link /var/run/docker.sock to Podman's."""
    place = os.path.realpath(address.removeprefix("unix://"))
    known = (f.address.removeprefix("unix://") for f in found if f.engine)
    return any(os.path.realpath(path) == place for path in known)


T = TypeVar("T", _Config, _Context)


def _read(path: Path, kind: type[T]) -> T:
    """A file of the docker command; empty where there is none or it is broken, as docker's own
    complaint about that is better than ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return kind()


def _look(candidate: Candidate) -> Found:
    try:
        engine = _engine(candidate)
    except WizardError as error:
        return Found(candidate.kind, candidate.address, candidate.why, problem=error.problem)
    return Found(engine.name, candidate.address, candidate.why, engine)


def _engine(candidate: Candidate) -> Docker:
    path = _path(candidate)
    _knock(candidate, path)
    with EngineSocket(path, ANSWER_SECONDS) as engine:
        libpod = engine.get("/_ping").headers.get("libpod-api-version")
        version = engine.ask("/version", _Version)
    components = {c.name: c.version for c in version.components or ()}
    told = shortened(version.version)
    if libpod or "Podman Engine" in components:
        return Podman(path, told, version.api_version, libpod=bool(libpod))
    return Docker(path, told, version.api_version)


def _path(candidate: Candidate) -> str:
    scheme, _, path = candidate.address.partition("://")
    if scheme == "unix" and path.startswith("/"):
        return path
    tried = f"using the engine that {candidate.why} names"
    if not candidate.address:
        raise WizardError(
            Code.ENGINE_ABSENT,
            tried=tried,
            came_back="there is no such context, or it names no engine",
            cause="it was removed, or its name in DOCKER_CONTEXT or docker's settings is wrong",
            next_step=f"choose another: docker context ls; or {WITHOUT}",
        )
    bare = candidate.address.removeprefix("unix://")
    if "/" in bare and "://" not in bare:
        raise WizardError(
            Code.ENGINE_REMOTE,
            tried=tried,
            came_back=f"{candidate.address} is no address of a socket",
            cause="that is unix:// and the whole path",
            next_step=f"if it is on this machine: unix://{Path(bare).absolute()}",
        )
    # Podman takes passwords in addresses.
    shown = re.sub(r"(://[^:@/]*):.*@", r"\1:***@", candidate.address)
    raise WizardError(
        Code.ENGINE_REMOTE,
        tried=tried,
        came_back=f"{shown} is no unix:// socket",
    )


def _knock(candidate: Candidate, path: str) -> None:
    """Connect once: the system's own error tells the cases apart that httpx makes one."""
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
    """Linux refuses at once while too many wait to be taken, whatever the socket's timeout."""
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


def _most_telling(failures: list[Found]) -> Found:
    """A socket that is there and refuses says more than one that is not."""
    telling = (f for f in failures if f.problem and f.problem.code != Code.ENGINE_ABSENT)
    return next(telling, failures[0])
