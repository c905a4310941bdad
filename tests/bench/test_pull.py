"""The built-in puller's speed and memory, as whole processes, beside others in the same run.

Against a real docker-registry on loopback, incompressible layers, everything in memory where the
machine has /dev/shm. The sides take turns; medians are compared.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.helpers_registry import OCI_LAYER, docker_registry, image, push, put_manifest
from tests.programs import needs

pytestmark = [pytest.mark.bench, needs("docker-registry", "skopeo")]

ROUNDS = 5
MIB = 1 << 20
SHAPES = {"1 x 512 MiB": [512 * MIB], "8 x 64 MiB": [64 * MIB] * 8, "40 x 1 MiB": [MIB] * 40}
OUTPUT_TARGETS = {"1 x 512 MiB": 1.2, "8 x 64 MiB": 1.2, "40 x 1 MiB": 0.85}
BARE_TARGETS = {"1 x 512 MiB": 0.85, "8 x 64 MiB": 0.85}

OURS = """
import sys
from pathlib import Path
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
if len(sys.argv) > 1:
    reference = Reference.parse(sys.argv[1])
    sink = LayoutSink(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    with Registry(f"http://{reference.host}") as registry:
        pull(registry, reference, sink=sink)
else:
    import httpx
    httpx.Client()
# Unlike ru_maxrss, not inherited from the process that started this one.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
BARE = """
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
import httpx
host, name = sys.argv[1].removesuffix(":latest").split("/", 1)
client = httpx.Client(base_url=f"http://{host}/v2/{name}/")
accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
manifest = client.get("manifests/latest", headers=accept).json()
def fetch(blob):
    digest = hashlib.sha256()
    with client.stream("GET", f"blobs/{blob['digest']}") as response:
        for chunk in response.iter_raw(1 << 20):
            digest.update(chunk)
    assert digest.hexdigest() == blob["digest"].removeprefix("sha256:")
with ThreadPoolExecutor(3) as pool:
    list(pool.map(fetch, [manifest["config"], *manifest["layers"]]))
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with docker_registry(folder / "registry") as url:
        yield url


def seconds(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@pytest.mark.parametrize("shape", SHAPES)
def test_throughput(folder: Path, url: str, shape: str) -> None:
    blobs = (os.urandom(size) for size in SHAPES[shape])
    layers = [(data, data, OCI_LAYER) for data in blobs]
    name = f"bench/{shape.replace(' ', '').lower()}"
    push(url, name, image(layers=layers), "latest")
    del layers
    reference = f"{url.removeprefix('http://')}/{name}:latest"
    out = folder / "out"
    python = sys.executable
    sides = {
        "skopeo": (
            "skopeo", "copy", "-q", "--src-tls-verify=false",
            f"docker://{reference}", f"oci:{out}:latest",
        ),
        "ours into a folder": (python, "-c", OURS, reference, str(out)),
        "bare httpx": (python, "-c", BARE, reference),
        "ours, discarding": (python, "-c", OURS, reference),
    }  # fmt: skip
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, command in sides.items():
            times[side].append(seconds(*command))
            shutil.rmtree(out, ignore_errors=True)
    medians = {side: statistics.median(values) for side, values in times.items()}
    print(f"\n{shape}: " + ", ".join(f"{side} {value:.2f} s" for side, value in medians.items()))
    ratio = medians["skopeo"] / medians["ours into a folder"]
    print(f"  into a folder against skopeo: {ratio:.2f} x (target {OUTPUT_TARGETS[shape]})")
    ratio = medians["bare httpx"] / medians["ours, discarding"]
    target = BARE_TARGETS.get(shape)
    print(f"  discarding against bare httpx: {ratio:.2f} x (target {target or 'none'})")


def test_memory(url: str) -> None:
    peaks: dict[int, list[int]] = {}
    for mib in (64, 4096):
        name = f"bench/memory-{mib}"
        push_large(url, name, mib)
        reference = f"{url.removeprefix('http://')}/{name}:latest"
        peaks[mib] = [peak(reference) for _ in range(3)]
    small, large = statistics.median(peaks[64]), statistics.median(peaks[4096])
    idle = peak()
    print(
        f"\npeak memory: idle {idle >> 10} MiB, 1 x 64 MiB {int(small) >> 10} MiB,"
        f" 1 x 4 GiB {int(large) >> 10} MiB: {large / small:.2f} x (target at most 1.1),"
        f" {(int(large) - idle) >> 10} MiB over idle (target at most 60)"
    )
    assert large / small <= 1.1
    assert large - idle <= 60 << 10


def peak(*arguments: str) -> int:
    """The most memory that the puller's process held, in KiB."""
    command = [sys.executable, "-c", OURS, *arguments]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def push_large(url: str, name: str, mib: int) -> None:
    """An image of one layer that is never whole in this process."""
    block = os.urandom(MIB - 8)

    def content() -> Iterator[bytes]:
        for number in range(mib):
            yield number.to_bytes(8, "big") + block

    digest = hashlib.sha256()
    for chunk in content():
        digest.update(chunk)
    stored = f"sha256:{digest.hexdigest()}"
    layer = {"mediaType": OCI_LAYER, "digest": stored, "size": mib * MIB}
    made = image(layers=[], more_layers=[layer])
    with httpx.Client(base_url=url, timeout=300, trust_env=False) as client:
        started = client.post(f"/v2/{name}/blobs/uploads/")
        target = httpx.URL(started.headers["location"]).copy_merge_params({"digest": stored})
        client.put(target, content=content()).raise_for_status()
        put_manifest(client, name, made, "latest")
