"""`cgwizard pull` from start to exit, beside others in the same run: speed and memory.

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
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.bench.shapes import MIB, SHAPES
from tests.support.programs import needs
from tests.support.pull import PROGRAM
from tests.support.real_registry import OCI_LAYER, image, push, put_manifest

pytestmark = [pytest.mark.bench, needs("docker-registry", "skopeo")]

ROUNDS = {"40 x 1 MiB": 15, "127 x 1 MiB": 9}  # short ones waver more
FEWEST_ROUNDS = 5
AGAINST_SKOPEO = {
    "1 x 512 MiB": 1.2,
    "8 x 64 MiB": 1.2,
    "40 x 1 MiB": 0.85,
    "127 x 1 MiB": 0.85,
}
AGAINST_BARE = {"1 x 512 MiB": 0.85, "8 x 64 MiB": 0.85}
GROWTH_MOST = 1.1
OVER_IDLE_MOST = 60 << 10  # KiB

# The command itself; at the end it tells the most memory that it held. Unlike ru_maxrss, that is
# not inherited from the process that started this one.
TOLD = """
import sys
from cgwizard.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
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


def seconds(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@pytest.mark.parametrize("shape", SHAPES)
def test_throughput(folder: Path, url: str, shape: str) -> None:
    layers = [(data, data, OCI_LAYER) for data in map(os.urandom, SHAPES[shape])]
    name = f"bench/{shape.replace(' ', '').lower()}"
    push(url, name, image(layers=layers), "latest")
    del layers
    reference = f"{url.removeprefix('http://')}/{name}:latest"
    out = folder / "out"
    sides = {
        "skopeo": (
            "skopeo", "copy", "-q", "--src-tls-verify=false",
            f"docker://{reference}", f"oci:{out}:latest",
        ),
        "cgwizard pull --output": (PROGRAM, "pull", reference, "--output", str(out)),
        "bare httpx": (sys.executable, "-c", BARE, reference),
        "cgwizard pull": (PROGRAM, "pull", reference),
    }  # fmt: skip
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS.get(shape, FEWEST_ROUNDS)):
        for side, command in sides.items():
            times[side].append(seconds(*command))
            shutil.rmtree(out, ignore_errors=True)
    medians = {side: statistics.median(values) for side, values in times.items()}
    print(f"\n{shape}: " + ", ".join(f"{side} {value:.2f} s" for side, value in medians.items()))
    folder_ratio = medians["skopeo"] / medians["cgwizard pull --output"]
    print(f"  into a folder: {folder_ratio:.2f} x skopeo copy (at least {AGAINST_SKOPEO[shape]})")
    bare_ratio = medians["bare httpx"] / medians["cgwizard pull"]
    least = AGAINST_BARE.get(shape, 0.0)
    wanted = f"at least {least}" if least else "no target"
    print(f"  thrown away: {bare_ratio:.2f} x a bare HTTP client that hashes ({wanted})")
    assert folder_ratio >= AGAINST_SKOPEO[shape]
    assert bare_ratio >= least


def test_memory(url: str) -> None:
    peaks: dict[int, list[int]] = {}
    for mib in (64, 4096):
        name = f"bench/memory-{mib}"
        push_large(url, name, mib)
        peaks[mib] = [peak(f"{url.removeprefix('http://')}/{name}") for _ in range(3)]
    small, large = (int(statistics.median(values)) for values in peaks.values())
    many = [(data, data, OCI_LAYER) for data in map(os.urandom, [MIB] * 127)]
    push(url, "bench/many", image(layers=many), "latest")
    del many
    layers = peak(f"{url.removeprefix('http://')}/bench/many")
    idle = peak("--help")
    print(
        f"\npeak memory: 1 x 4 GiB {large >> 10} MiB, 1 x 64 MiB {small >> 10} MiB:"
        f" {large / small:.2f} x (at most {GROWTH_MOST}); idle {idle >> 10} MiB:"
        f" {(large - idle) >> 10} MiB over it, with 127 layers {(layers - idle) >> 10}"
        f" (at most {OVER_IDLE_MOST >> 10})"
    )
    assert large / small <= GROWTH_MOST
    assert large - idle <= OVER_IDLE_MOST
    assert layers - idle <= OVER_IDLE_MOST


def peak(*arguments: str) -> int:
    """The most memory that `cgwizard pull` held, in KiB."""
    command = [sys.executable, "-c", TOLD, "pull", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stderr)


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
