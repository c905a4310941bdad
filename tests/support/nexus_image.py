"""A Nexus image for the tests: the practice Nexus with the interpreter that runs the tests, in
one layer, pushed to a real registry so that an engine pulls it as any other image."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx

import cgwizard
from tests.support.practice_docker import wait_until

APP = "app"
SERVE = """
import os, signal, sys
from pathlib import Path
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Secret

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("starting", flush=True)
if os.environ.get("FAIL"):
    print("java.lang.OutOfMemoryError: it was meant to fail", flush=True)
    sys.exit(int(os.environ["FAIL"]))
if os.environ.get("HANG"):
    signal.pause()
port, folder = int(os.environ["NEXUS_PORT"]), Path("/nexus-data")
password = Secret("otter-harbour-42")
world = PracticeWorld(nexus_port=port, host="0.0.0.0", preset="fresh", password=password)
if not (folder / "db").exists():  # as Nexus: written on the first start
    (folder / "db").mkdir()
    (folder / "admin.password").write_text(world.info.password.reveal())
world.start()
print("Started Sonatype Nexus", flush=True)
signal.pause()
"""
NEEDED = (
    *("starlette", "uvicorn", "httpx", "msgspec", "click", "cryptography", "pyjwt"),
    *("truststore", "platformdirs", "tomli-w"),
)
LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "tkinter", "ensurepip", "site-packages"}
LEFT_OUT |= {"lib2to3", "turtledemo", "pydoc_data", "dist-packages"}


def push_nexus_images(registry: str, name: str, **environments: dict[str, str]) -> None:
    """Push the image under each tag with that tag's environment."""
    layer = rootfs()
    with httpx.Client(base_url=registry, trust_env=False, timeout=60) as client:
        layer_digest = _blob(client, name, layer)
        for tag, environment in environments.items():
            config = _config(layer_digest, environment)
            manifest = {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": _blob(client, name, config),
                    "size": len(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.oci.image.layer.v1.tar",
                        "digest": layer_digest,
                        "size": len(layer),
                    }
                ],
            }
            client.put(
                f"/v2/{name}/manifests/{tag}",
                content=json.dumps(manifest).encode(),
                headers={"Content-Type": str(manifest["mediaType"])},
            ).raise_for_status()


def _config(layer_digest: str, environment: dict[str, str]) -> bytes:
    env = {
        "PATH": "/usr/bin",
        "PYTHONPATH": f"/{APP}",
        "NEXUS_DATA": "/nexus-data",
        "NEXUS_PORT": "8081",
        **environment,
    }
    inside: dict[str, Any] = {
        "Env": [f"{key}={value}" for key, value in env.items()],
        "Entrypoint": [str(Path(sys.executable).resolve()), f"/{APP}/serve.py"],
        "ExposedPorts": {"8081/tcp": {}},
        "Volumes": {"/nexus-data": {}},
    }
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
    rootfs = {"type": "layers", "diff_ids": [layer_digest]}
    told = {"architecture": machine, "os": "linux", "config": inside, "rootfs": rootfs}
    return json.dumps(told).encode()


def _blob(client: httpx.Client, name: str, data: bytes) -> str:
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    if client.head(f"/v2/{name}/blobs/{digest}").status_code == 200:
        return digest
    started = client.post(f"/v2/{name}/blobs/uploads/").raise_for_status()
    url = httpx.URL(started.headers["location"]).copy_merge_params({"digest": digest})
    client.put(url, content=data).raise_for_status()
    return digest


def rootfs() -> bytes:
    """A tar of the interpreter, its libraries, what the practice servers import, and themselves."""
    files = dict(_files())
    libraries = _libraries(
        path for path in files.values() if path.suffix == ".so" or path.stem.startswith("python3")
    )
    files.update(libraries)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in ("tmp", "nexus-data"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
        for name, path in sorted(files.items()):
            _add(tar, name, path.read_bytes(), path.stat().st_mode & 0o755)
        _add(tar, f"{APP}/serve.py", SERVE.encode(), 0o644)
    return out.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def _files() -> Iterator[tuple[str, Path]]:
    """Names in the image, and what lies there."""
    program = Path(sys.executable).resolve()
    yield str(program).lstrip("/"), program
    for path in _tree(Path(sysconfig.get_path("stdlib")).resolve()):
        yield str(path).lstrip("/"), path
    package = Path(cgwizard.__file__).parent
    for path in _tree(package):
        yield f"{APP}/cgwizard/{path.relative_to(package)}", path
    for name in _closure(NEEDED):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            if ".." not in file.parts and not LEFT_OUT & set(file.parts) and path.is_file():
                yield f"{APP}/{file}", path


def _tree(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink() or path.name in LEFT_OUT or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _tree(path)
        elif path.is_file():
            yield path


def _closure(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = re.sub(r"[-_.]+", "-", queue.pop()).lower()
        if name in found:
            continue
        try:
            requires = importlib.metadata.distribution(name).requires or ()
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        found.add(name)
        queue += [
            r for line in requires if "extra" not in line for r in re.findall(r"^[\w.-]+", line)
        ]
    return found


def _libraries(binaries: Iterable[Path]) -> dict[str, Path]:
    told = subprocess.run(
        ["ldd", *map(str, binaries)], check=False, capture_output=True, text=True
    ).stdout
    paths = {Path(found) for found in re.findall(r"(/\S+\.so\S*) \(0x", told)}
    return {str(path).lstrip("/"): path for path in paths}


@contextlib.contextmanager
def bridge() -> Iterator[str]:
    """A bridge of the tests' own; its name, or "" where this machine does not allow one.

    Docker's own bridge would do, but any other daemon without one removes it.
    """
    name, number = f"cgw{os.getpid()}", os.getpid() % 12_000
    commands = (
        ("ip", "link", "add", "name", name, "type", "bridge"),
        ("ip", "address", "add", f"10.{200 + number // 240}.{number % 240}.1/24", "dev", name),
        ("ip", "link", "set", name, "up"),
    )
    remove = ("ip", "link", "delete", name)
    if not shutil.which("ip"):
        yield ""
        return
    made = all(
        subprocess.run(c, check=False, capture_output=True).returncode == 0 for c in commands
    )
    try:
        yield name if made else ""
    finally:
        subprocess.run(remove, check=False, capture_output=True)


@contextlib.contextmanager
def docker_daemon(folder: Path, bridge: str) -> Iterator[str]:
    """A docker daemon that publishes ports by its own proxy, without touching the firewall."""
    address = f"unix://{folder}/docker.sock"
    command = [
        *("dockerd", "--iptables=false", "--ip6tables=false", f"--bridge={bridge or 'none'}"),
        *("--storage-driver=vfs", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
        *("--pidfile", f"{folder}/pid", "-H", address),
    ]
    with _service(command, folder / "dockerd.log", address):
        yield address
    netns = f"{folder}/exec/netns/default"  # left mounted, which keeps the folder
    subprocess.run(["umount", netns], check=False, capture_output=True)


@contextlib.contextmanager
def podman_service(folder: Path) -> Iterator[str]:
    """Podman's API, as it starts containers for a root whose limits are not to be raised, on
    any mixture of cgroups."""
    address = f"unix://{folder}/podman.sock"
    config = folder / "containers.conf"
    config.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
    command = [
        *("podman", "--storage-driver=vfs", "--cgroup-manager=cgroupfs"),
        *(("--runtime", runc) if (runc := shutil.which("runc")) else ()),
        *("--root", f"{folder}/root", "--runroot", f"{folder}/run"),
        *("system", "service", "--time=0", address),
    ]
    with _service(command, folder / "podman.log", address, CONTAINERS_CONF=str(config)):
        yield address


@contextlib.contextmanager
def _service(command: list[str], log: Path, address: str, **environment: str) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **environment}
        )
    try:
        wait_until(lambda: _answers(address), f"{command[0]}, see {log}", seconds=60)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    transport = httpx.HTTPTransport(uds=address.removeprefix("unix://"))
    with httpx.Client(transport=transport, base_url="http://engine") as client:
        try:
            return client.get("/_ping").status_code == 200
        except httpx.TransportError:
            return False
