"""The whole practice world: a Nexus and a cgr.dev on loopback, in this process.

Making one is quick (sockets are bound, addresses known); starting it imports the servers and
may run in a thread while a user already looks at the first screen.
"""

from __future__ import annotations

import inspect
import secrets
import shutil
import socket
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import msgspec

from cgwizard.practice.cgr.server import PracticeRegistry
from cgwizard.practice.serving import Servers, listen
from cgwizard.secrets.secret import Credentials, Secret

if TYPE_CHECKING:
    from cgwizard.practice.docker.format import DockerFormat
    from cgwizard.practice.faults.middleware import FaultMiddleware
    from cgwizard.practice.nexus.presets import Preset
    from cgwizard.practice.nexus.state import NexusState

T = TypeVar("T")

ADMIN = "admin"
ORGANIZATION = "example.com"
START_SECONDS = 30.0


class PortTakenError(OSError):
    """The port for the practice Nexus is not free; ``filename`` is ``HOST:PORT``."""


class PracticeInfo(msgspec.Struct, frozen=True):
    """How to reach a practice world. Valid before the world is started."""

    nexus_url: str  # with the context path, without a slash at the end
    username: str
    password: Secret
    registry_url: str
    organization: str
    pull_token: Credentials


class PracticeWorld:
    """The practice Nexus, the practice cgr.dev and the folder in which they keep everything.

    ``speed`` is bytes per second over all blobs of the registry (None: as fast as it goes).
    ``preset`` is the kind of Nexus: ``"3.96"``, ``"fresh"``, ``"3.76"`` or ``"pro"``.
    ``middleware`` applies faults to the answers of Nexus's REST API.
    ``password`` is the administrator's; without it one is made for this world.
    ``allowed_hosts`` are the host names to answer to besides localhost (see `host_check`).
    Raises PortTakenError when ``nexus_port`` is not free.
    """

    info: PracticeInfo
    registry: PracticeRegistry
    state: NexusState  # after `start`; touch it by `call`
    docker: DockerFormat  # after `start`; touch it by `call`

    def __init__(
        self,
        *,
        nexus_port: int = 0,
        host: str = "127.0.0.1",
        speed: float | None = None,
        preset: str = "3.96",
        context_path: str = "",
        middleware: FaultMiddleware | None = None,
        password: Secret | None = None,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        self.host = host
        self._preset = cast("Preset", preset)
        self._context_path = context_path
        self._middleware = middleware
        self._lock = threading.Lock()
        self._started = self._closed = False
        self._servers = Servers((host, *allowed_hosts))
        nexus = _nexus_socket(nexus_port, host)
        try:
            sockets = (nexus, listen(0), listen(0))
        except OSError:
            nexus.close()
            raise
        self._nexus_socket, registry_socket, blob_socket = self._sockets = sockets
        self.data = Path(tempfile.mkdtemp(prefix="cgwizard-practice-"))
        # At the end of the process too, if `close` was not called.
        self._remove_data = weakref.finalize(self, shutil.rmtree, self.data, ignore_errors=True)
        (self.data / "nexus").mkdir()
        self.registry = PracticeRegistry(
            sock=registry_socket,
            blob_sock=blob_socket,
            data=self.data / "registry",
            organization=ORGANIZATION,
            speed=speed,
        )
        self.info = PracticeInfo(
            nexus_url=f"http://{_reachable(host)}:{nexus.getsockname()[1]}{context_path}",
            username=ADMIN,
            password=password or Secret(_new_password()),
            registry_url=self.registry.url,
            organization=self.registry.organization,
            pull_token=self.registry.pull_token,
        )

    def start(self) -> None:
        """Start everything; returns when it answers. May be called again, and from any thread."""
        with self._lock:
            if self._started or self._closed:
                return
            # Importing takes longest: do it before the loop's thread needs the interpreter too.
            from cgwizard.practice.docker.format import DockerFormat
            from cgwizard.practice.nexus.presets import state_for
            from cgwizard.practice.nexus.server import rest_app

            self.state = state_for(
                self._preset,
                data=self.data / "nexus",
                upstreams={"https://cgr.dev": self.registry.url},
                password=self.info.password,
                context_path=self._context_path,
            )
            self.state.own_ports.add(self._nexus_socket.getsockname()[1])
            self.docker = DockerFormat(self.state, self._servers, host=self.host)
            self.state.docker = self.docker
            self.state.docker_routes = self.docker.routes
            self.state.changed = self.docker.sync
            app = rest_app(self.state)
            if self._middleware is not None:
                app = self._middleware.wrap(app)

            async def serve() -> None:
                await self.registry.start(self._servers)
                await self.docker.sync()
                await self._servers.serve(app, self._nexus_socket)

            self._servers.start()
            self._servers.submit(serve()).result(timeout=START_SECONDS)
            self._started = True

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run ``function`` (plain or async) on the servers' loop and return what it returns."""

        async def run() -> Any:
            result = function(*arguments)
            return await result if inspect.isawaitable(result) else result

        return self._servers.submit(run()).result(timeout=START_SECONDS)

    def close(self) -> None:
        """Stop everything and remove the folder. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._servers.close()
            for sock in self._sockets:
                sock.close()
            self._remove_data()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _new_password() -> str:
    """Four groups of letters and digits that can be typed from a whiteboard, of 79 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # none is taken for another
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _nexus_socket(port: int, host: str) -> socket.socket:
    try:
        return listen(port, host)
    except OSError as error:
        raise PortTakenError(error.errno, error.strerror or str(error), f"{host}:{port}") from error


def _reachable(host: str) -> str:
    """The host under which this machine reaches a server that listens on ``host``."""
    if host in {"", "0.0.0.0"}:
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
