"""What a registry serves to fill the memory: refused, or pulled within 250 MB."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cgwizard.errors import WizardError
from cgwizard.registry.client import Registry
from cgwizard.registry.layer_digest import Unpacker
from cgwizard.registry.models import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Descriptor
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from tests.support.real_registry import sha256
from tests.support.scripted_server import Reply, Route, ScriptedServer

zstd = pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")

CEILING = 250 << 20  # bytes of resident memory
MIB = 1 << 20
# Pulls, and prints the peak of its memory (Linux counts in kB) and how it ended.
PULLER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from cgwizard.errors import WizardError
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
with Registry(sys.argv[1], patience=RetryPolicy(tries=0)) as registry:
    try:
        pull(registry, Reference("x", "a", "latest"), platform=sys.argv[2] or None,
             verify_uncompressed=True)
        code = "done"
    except WizardError as error:
        code = error.code
peak = next(l for l in open("/proc/self/status") if l.startswith("VmHWM"))
print(code, int(peak.split()[1]) * 1024)
"""


class Content:
    """What a registry has, by the paths under which it is asked for it."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}

    def manifest(self, raw: bytes, media_type: str, name: str = "") -> dict[str, object]:
        header = {"Content-Type": media_type}
        for each in filter(None, (sha256(raw), name)):
            self.routes[f"/v2/a/manifests/{each}"] = Reply(200, raw, header)
        return {"mediaType": media_type, "digest": sha256(raw), "size": len(raw)}

    def blob(self, raw: bytes, media_type: str) -> dict[str, object]:
        self.routes[f"/v2/a/blobs/{sha256(raw)}"] = Reply(200, raw)
        return {"mediaType": media_type, "digest": sha256(raw), "size": len(raw)}

    def pulled(self, platform: str = "") -> str:
        """How a pull ends, in a process that stays below the ceiling."""
        with ScriptedServer(self.routes, server_header=None) as server:
            done = subprocess.run(
                [sys.executable, "-c", PULLER, server.url, platform],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        assert done.returncode == 0, done.stderr
        code, peak = done.stdout.split()
        assert int(peak) <= CEILING, f"{int(peak) / 1e6:.0f} MB, {code}"
        return code


def padding(number: int, size: int, shape: str) -> bytes:
    """A member of a manifest that means nothing; each shape takes other memory when decoded."""
    unit = {"text": "x" * 99, "lists": "[],", "objects": "{},", "pairs": '"%d":"",'}[shape]
    if shape == "text":
        return b'"pad":"%d%s"' % (number, unit.encode() * (size // len(unit)))
    if shape == "pairs":
        inside = ",".join(f'"{n}":""' for n in range(size // 11))
        return b'"annotations":{%s}' % inside.encode()
    return b'"pad":[%d,%s0]' % (number, unit.encode() * (size // len(unit)))


def large_manifest(content: Content, number: int, shape: str, size: int) -> dict[str, object]:
    config = content.blob(b'{"os":"linux","architecture":"amd64"}', OCI_CONFIG)
    raw = b'{"mediaType":"%s","config":%s,"layers":[],%s}' % (
        OCI_MANIFEST.encode(),
        json.dumps(config).encode(),
        padding(number, size, shape),
    )
    return content.manifest(raw, OCI_MANIFEST)


@pytest.mark.parametrize("shape", ["text", "lists", "objects", "pairs"])
def test_manifests_for_every_platform(shape: str) -> None:
    content = Content()
    entries = [large_manifest(content, n, shape, 4 * MIB - 2000) for n in range(20)]
    index = json.dumps({"mediaType": OCI_INDEX, "manifests": entries}).encode()
    content.manifest(index, OCI_INDEX, "latest")
    assert content.pulled("all") == "answer-too-large"


def test_null_members_of_a_large_manifest() -> None:
    content = Content()
    config = json.dumps(content.blob(b"{}", OCI_CONFIG)).encode()
    pad = padding(1, 4 * MIB - 2000, "objects")
    content.manifest(b'{"config":%s,"layers":null,%s}' % (config, pad), OCI_MANIFEST, "latest")
    assert content.pulled("all") == "manifest-invalid"


def test_configs_of_images_without_a_platform() -> None:
    content = Content()
    entries = []
    for number in range(40):
        config = b'{"os":"plan9","architecture":"mips","pad":"%d%s"}' % (number, b"x" * 7_800_000)
        image = {"mediaType": OCI_MANIFEST, "config": content.blob(config, OCI_CONFIG)}
        entries.append(content.manifest(json.dumps(image | {"layers": []}).encode(), OCI_MANIFEST))
    index = json.dumps({"mediaType": OCI_INDEX, "manifests": entries}).encode()
    content.manifest(index, OCI_INDEX, "latest")
    assert content.pulled("linux/amd64") == "answer-too-large"


def zstd_with_window(log: int, size: int) -> bytes:
    options = {
        int(zstd.CompressionParameter.window_log): log,
        int(zstd.CompressionParameter.enable_long_distance_matching): 1,
    }
    # Without its size in the header, the reader must believe the window.
    with io.BytesIO() as out:
        stream = zstd.ZstdCompressor(options=options)
        for _ in range(size >> 20):
            out.write(stream.compress(bytes(MIB)))
        out.write(stream.flush())
        return out.getvalue()


def image_of(content: Content, layers: Iterator[bytes], size: int) -> None:
    raws = list(layers)
    ids = [sha256(bytes(size))] * len(raws)
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}}
    document = {
        "mediaType": OCI_MANIFEST,
        "config": content.blob(json.dumps(config).encode(), OCI_CONFIG),
        "layers": [content.blob(raw, "x") for raw in raws],
    }
    content.manifest(json.dumps(document).encode(), OCI_MANIFEST, "latest")


def test_windows_of_zstd() -> None:
    content = Content()
    wide = zstd_with_window(27, 160 * MIB)
    assert len(wide) < 100_000
    skippable = (b"\x50\x2a\x4d\x18\x01\0\0\0" + bytes([n]) for n in range(3))
    image_of(content, (wide + note for note in skippable), 160 * MIB)
    assert content.pulled() == "layer-corrupt"


@pytest.mark.parametrize(("log", "size", "fits"), [(23, 0, True), (24, 0, False), (27, 0, False)])
def test_the_window_that_is_allowed(log: int, size: int, fits: bool) -> None:
    raw = zstd_with_window(log, 32 * MIB)
    digest = sha256(bytes(32 * MIB))
    unpacker = Unpacker(Descriptor(sha256(raw), len(raw)), digest)
    if fits:
        unpacker.update(raw)
        unpacker.finish()
        return
    with pytest.raises(WizardError) as caught:
        unpacker.update(raw)
    assert caught.value.code == "layer-corrupt"
    assert "at most 8 MiB" in caught.value.problem.came_back


@pytest.mark.parametrize(
    ("size", "window"), [(0, 8), (9 * MIB, 16), (100 * MIB, 128), (4 << 30, 128)]
)
def test_a_large_layer_may_have_a_large_window(size: int, window: int) -> None:
    assert Unpacker(Descriptor("x", size), sha256(b"")).window == window * MIB


def test_gzip_bombs_take_no_memory() -> None:
    content = Content()
    image_of(content, (gzip.compress(bytes(64 * MIB), 9, mtime=0) for _ in range(1)), 64 * MIB)
    assert content.pulled() == "done"


def test_sixty_four_mebibytes_are_what_a_pull_may_read() -> None:
    content = Content()
    entries = [large_manifest(content, n, "text", 4 * MIB - 2000) for n in range(15)]
    index = json.dumps({"mediaType": OCI_INDEX, "manifests": entries}).encode()
    content.manifest(index, OCI_INDEX, "latest")
    with (
        ScriptedServer(content.routes, server_header=None) as server,
        Registry(server.url, patience=RetryPolicy(tries=0)) as registry,
    ):
        assert pull(registry, Reference("x", "a", "latest"), platform="all").platform == "all"
