"""Container engines for tests: real ones that the test starts, and one that misbehaves."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import trustme

from cgwizard.events import LayerProgress, PullEvent
from tests.support.ports import free_port
from tests.support.practice_docker import wait_until
from tests.support.real_registry import running

Reply = Callable[[BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's: a path may have 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="cgw-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def podman_engine(folder: Path, registries: str = "") -> Iterator[str]:
    """A Podman service of the test's own; its address. ``registries``: its registries.conf."""
    conf = folder / "registries.conf"
    conf.write_text(registries)
    path = folder / "podman.sock"
    options = ("--storage-driver=vfs", "--root", f"{folder}/root", "--runroot", f"{folder}/run")
    with (folder / "podman.log").open("wb") as log:
        service = subprocess.Popen(
            ["podman", *options, "system", "service", "--time=0", f"unix://{path}"],
            stdout=log,
            stderr=log,
            env={**os.environ, "CONTAINERS_REGISTRIES_CONF": str(conf)},
        )
    try:
        wait_until(lambda: _listens(path), "podman", seconds=30)
        yield f"unix://{path}"
    finally:
        service.terminate()
        service.wait(30)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0


@contextlib.contextmanager
def tls_registry(folder: Path) -> Iterator[tuple[str, Path]]:
    """What `debian_registry` keeps in ``folder``, over TLS: HOST:PORT, and the file of the
    authority that made its certificate."""
    authority, port = trustme.CA(), free_port()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    config = folder / "tls.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder / 'registry'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}', tls: {{certificate: {folder / 'server.pem'}, "
        f"key: {folder / 'server.pem'}}}}}\n"
    )
    with running(["docker-registry", "serve", str(config)], port, folder / "tls.log"):
        yield f"127.0.0.1:{port}", folder / "ca.pem"


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def strange_engine(folder: Path, create: Reply, *, api: str = "1.41") -> Iterator[str]:
    """Something that says it is Docker; ``create`` answers the pull. Its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/version"):
                self.answer(f'{{"Version": "27.0", "ApiVersion": "{api}"}}')
            elif self.path.endswith("/_ping"):
                self.answer("OK")
            else:
                self.answer('{"Os": "linux", "Architecture": "amd64", "RepoDigests": []}')

        def do_POST(self) -> None:
            create(self)

        def answer(self, text: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def address_string(self) -> str:
            return "socket"

        def log_message(self, format: str, *args: object) -> None: ...

    path = folder / "engine.sock"
    with _Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()


def stream(*lines: str, cut: bool = False) -> Reply:
    """A pull's answer of these lines; ``cut``: the connection ends before the answer does."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for line in lines:
            data = f"{line}\r\n".encode()
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        if not cut:
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    return reply


def states(events: list[PullEvent]) -> dict[str, list[str]]:
    """The states through which each layer went, without repetition."""
    found: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, LayerProgress):
            seen = found.setdefault(event.digest, [])
            if not seen or seen[-1] != event.state:
                seen.append(event.state)
    return found


def own_address() -> str | None:
    """An address of this machine that is not loopback; None where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing: it only chooses a route
        except OSError:
            return None
        address: str = sock.getsockname()[0]
        return None if address.startswith("127.") else address


def connections_to(port: int) -> int:
    """How many TCP connections to ``port`` of this machine stand."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = (line.split() for line in lines)
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)
