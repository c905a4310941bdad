"""Whole pulls from a real registry, with skopeo as the referee."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.events import Finished, LayerProgress, PullEvent, Resolved, Totals
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import fault_proxy
from cgwizard.practice.faults.slow_link import SlowBody
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.pull import pull
from tests.support.programs import needs
from tests.support.pull import failing, named, skopeo
from tests.support.real_registry import OCI_LAYER, OCI_MANIFEST, image, index, push, sha256, tar_of

pytestmark = needs("docker-registry")

AMD64 = {"os": "linux", "architecture": "amd64"}
ARM64 = {"os": "linux", "architecture": "arm64"}
UNKNOWN = {"os": "unknown", "architecture": "unknown"}


@pytest.fixture(scope="module", params=[False, True], ids=["oci", "docker"])
def docker(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@needs("skopeo")
def test_agrees_with_skopeo(url: str, registry: Registry, tmp_path: Path, docker: bool) -> None:
    parts = [(image(architecture=p["architecture"], docker=docker), p) for p in (AMD64, ARM64)]
    whole = index(*parts, docker=docker)
    name = f"agree/{'docker' if docker else 'oci'}"
    push(url, name, whole, "latest")
    for made, platform in parts:
        out = tmp_path / platform["architecture"]
        done = pull(
            registry, named(url, name), platform=f"linux/{platform['architecture']}",
            sink=LayoutSink(out), verify_uncompressed=True,
        )  # fmt: skip
        where = f"docker://{named(url, name)}"
        theirs = skopeo(
            "--override-arch", platform["architecture"], "inspect", "--tls-verify=false", where
        )
        assert done.digest == theirs["Digest"] == whole.digest
        assert done.manifest_digest == made.digest
        resolved_layers = [source.digest for source in done.sources[1:]]
        assert resolved_layers == theirs["Layers"]
        assert done.bytes == sum(len(data) for data in made.blobs.values())
        assert done.platform == f"linux/{platform['architecture']}"
        # What was written is read back, and copied with every digest kept.
        # skopeo 1.9 looks for a tag among OCI types only; without a tag it takes both.
        layout = f"oci:{out}" if docker else f"oci:{out}:latest"
        skopeo("copy", "--preserve-digests", layout, f"dir:{out}-copy")
        assert (tmp_path / f"{out}-copy" / "manifest.json").read_bytes() == made.raw


@needs("skopeo")
def test_all_platforms(url: str, registry: Registry, tmp_path: Path) -> None:
    shared = tar_of("shared", os.urandom(2000))
    layer = (gzip.compress(shared), shared, f"{OCI_LAYER}+gzip")
    parts = [image(architecture=p["architecture"], layers=[layer]) for p in (AMD64, ARM64)]
    whole = index((parts[0], AMD64), (parts[1], ARM64))
    push(url, "all", whole, "latest")
    out = tmp_path / "out"
    done = pull(registry, named(url, "all"), platform="all", sink=LayoutSink(out))
    assert (done.platform, done.manifest_digest) == ("all", whole.digest)
    assert done.layers == 3, "two configs, and one layer that both share"
    skopeo("copy", "--all", "--preserve-digests", f"oci:{out}:latest", f"dir:{tmp_path}/copy")
    assert (tmp_path / "copy" / "manifest.json").read_bytes() == whole.raw


@needs("podman")
def test_podman_reads_the_layout(url: str, registry: Registry, tmp_path: Path) -> None:
    push(url, "podman", image([3000]), "v1")
    out = tmp_path / "out"
    done = pull(registry, named(url, "podman:v1"), sink=LayoutSink(out))
    # podman takes no runroot of more than 50 characters.
    with tempfile.TemporaryDirectory() as run:
        roots = ["--root", str(tmp_path / "root"), "--runroot", run]
        command = ["podman", "--storage-driver=vfs", *roots, "pull", "-q", f"oci:{out}:v1"]
        pulled = subprocess.run(command, capture_output=True, text=True, check=False)
    assert pulled.returncode == 0, pulled.stderr
    assert pulled.stdout.strip() == done.sources[0].digest.removeprefix("sha256:")


def test_index_in_an_index(url: str, registry: Registry) -> None:
    amd64, arm64 = image([1000]), image([1000], architecture="arm64")
    inner = index((arm64, ARM64))
    push(url, "nested", index((inner, None), (index((amd64, AMD64)), None)), "latest")
    for made, platform in ((amd64, "linux/amd64"), (arm64, "linux/arm64")):
        done = pull(registry, named(url, "nested"), platform=platform)
        assert done.manifest_digest == made.digest


def test_indexes_without_end_are_refused(url: str, registry: Registry) -> None:
    made = index((image([1000]), AMD64))
    for _ in range(6):
        made = index((made, None))
    push(url, "deep", made, "latest")
    assert failing(registry, named(url, "deep"), platform="all").code == "manifest-invalid"
    assert failing(registry, named(url, "deep"), platform="amd64").code == "platform"


def test_best_variant_is_chosen(url: str, registry: Registry) -> None:
    v5, v6 = (image([1000], architecture="arm", variant=v) for v in ("v5", "v6"))
    arm = {"os": "linux", "architecture": "arm"}
    made = index((v5, {**arm, "variant": "v5"}), (v6, {**arm, "variant": "v6"}), (v5, UNKNOWN))
    push(url, "variants", made, "latest")
    assert (
        pull(registry, named(url, "variants"), platform="linux/arm/v7").manifest_digest == v6.digest
    )
    error = failing(registry, named(url, "variants"), platform="linux/riscv64")
    assert error.code == "platform"
    assert "linux/arm/v5, linux/arm/v6" in error.problem.came_back
    assert "unknown" not in error.problem.came_back


def test_index_that_names_no_platforms(url: str, registry: Registry) -> None:
    amd64, arm64 = image([1000]), image([1000], architecture="arm64")
    push(url, "nameless", index((amd64, None), (arm64, None)), "latest")
    done = pull(registry, named(url, "nameless"), platform="arm64")
    assert (done.manifest_digest, done.platform) == (arm64.digest, "linux/arm64")


def test_single_image_of_another_platform(url: str, registry: Registry) -> None:
    made = image([1000], architecture="s390x")
    push(url, "single", made, "latest")
    assert pull(registry, named(url, "single")).platform == "linux/s390x"
    error = failing(registry, named(url, "single"), platform="linux/amd64")
    assert (error.code, error.problem.came_back) == ("platform", "platforms there: linux/s390x")
    assert failing(registry, named(url, "single"), platform="a/b/c/d").code == "platform"


def test_by_digest_and_by_unknown_names(url: str, registry: Registry) -> None:
    made = image([1000])
    push(url, "named", made, "v1")
    assert pull(registry, named(url, f"named@{made.digest}")).digest == made.digest
    assert pull(registry, named(url, f"named:nonsense@{made.digest}")).digest == made.digest
    for rest in ("named:v2", "nowhere:v1", f"named@sha256:{'0' * 64}"):
        assert failing(registry, named(url, rest)).code == "manifest-unknown"


def test_same_layer_twice_is_pulled_once(url: str) -> None:
    tar = tar_of("a", os.urandom(5000))
    layer = (gzip.compress(tar), tar, f"{OCI_LAYER}+gzip")
    made = image(layers=[layer, layer, layer])
    push(url, "twice", made, "latest")
    with fault_proxy(url) as proxy, Registry(proxy.url) as registry:
        done = pull(registry, named(url, "twice"), verify_uncompressed=True)
        assert proxy.count(sha256(layer[0])) == 1
    assert (done.layers, done.bytes) == (2, sum(map(len, made.blobs.values())))


def test_foreign_layer_that_is_elsewhere_is_left_out(
    url: str, registry: Registry, tmp_path: Path
) -> None:
    digest = sha256(b"elsewhere")
    foreign = {
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "digest": digest,
        "size": 9,
        "urls": ["http://127.0.0.1:9/never-asked"],
    }
    push(url, "foreign", image([1000], more_layers=[foreign]), "latest")
    events: list[PullEvent] = []
    done = pull(
        registry, named(url, "foreign"), on_event=events.append, sink=LayoutSink(tmp_path / "out")
    )
    assert done.layers == 2
    states = {e.digest: e.state for e in events if isinstance(e, LayerProgress)}
    assert states[digest] == "skipped"
    assert not list((tmp_path / "out").rglob("*part*"))


def test_missing_layer_is_named(url: str) -> None:
    made = image([1000, 1000])
    push(url, "missing", made, "latest")
    digest = made.document["layers"][1]["digest"]
    body = b'{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}'
    with fault_proxy(url) as proxy, Registry(proxy.url) as registry:
        answer = OtherAnswer("404 Not Found", body, Content_Type="application/json")
        proxy.rule(f"blobs/{digest}", answer)
        error = failing(registry, named(url, "missing"))
    assert error.code == "blob-unknown"
    assert digest in error.problem.tried


def test_bombs_are_refused_before_they_are_fetched(url: str) -> None:
    entry = {"mediaType": OCI_LAYER, "digest": sha256(b""), "size": 0}
    config = {**entry, "mediaType": "application/vnd.oci.image.config.v1+json"}
    base = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config}
    many = [{**entry, "digest": sha256(str(n).encode())} for n in range(5000)]
    cases = {
        "5000 layers": {**base, "layers": many},
        "two sizes": {**base, "layers": [entry, {**entry, "size": 1}]},
        "size": {**base, "layers": [{**entry, "size": -1}]},
        "no digest we can check": {**base, "layers": [{**entry, "digest": "md5:abc"}]},
        "../../": {**base, "layers": [{**entry, "digest": "../../etc/passwd"}]},
        "index and an image at once": {**base, "layers": [], "manifests": []},
        "schema 1": {"schemaVersion": 1, "fsLayers": []},
    }
    for words, document in cases.items():
        raw = json.dumps(document).encode()
        with fault_proxy(url) as proxy, Registry(proxy.url) as registry:
            proxy.rule("manifests/", OtherAnswer("200 OK", raw, Content_Type=OCI_MANIFEST))
            error = failing(registry, named(url, "bomb"))
            assert error.code == "manifest-invalid"
            assert words in error.problem.came_back
            assert proxy.count("blobs/") == 0


# --- events ---


def test_events_are_throttled_and_the_last_arrives(url: str) -> None:
    made = image([400_000, 400_000])
    push(url, "slow", made, "latest")
    events: list[tuple[float, PullEvent]] = []
    threads: set[str] = set()
    inside = threading.Lock()

    def on_event(event: PullEvent) -> None:
        assert inside.acquire(blocking=False), "never two at once"
        threads.add(threading.current_thread().name)
        events.append((time.monotonic(), event))
        inside.release()

    with fault_proxy(url) as proxy, Registry(proxy.url) as registry:
        proxy.rule("blobs/", SlowBody(4_000, 0.02), after=1)
        done = pull(registry, named(url, "slow"), on_event=on_event)
    resolved = next(event for _, event in events if isinstance(event, Resolved))
    assert resolved.total == done.bytes
    for layer in resolved.layers:
        told = [
            (t, e) for t, e in events if isinstance(e, LayerProgress) and e.digest == layer.digest
        ]
        assert told[0][1].state == "queued"
        assert (told[-1][1].state, told[-1][1].done) == ("done", layer.size)
        assert [e.done for _, e in told] == sorted(e.done for _, e in told)
        running = [t for t, e in told if e.state == "downloading"]
        assert all(b - a > 0.15 for a, b in pairwise(running[1:]))
    totals = [(t, e) for t, e in events if isinstance(e, Totals)]
    assert all(b - a > 0.2 for (a, _), (b, _) in pairwise(totals[:-1]))
    last = totals[-1][1]
    assert (last.done, last.total, last.seconds_left) == (done.bytes, done.bytes, 0.0)
    assert any(e.seconds_left and e.bytes_per_second > 0 for _, e in totals)
    assert isinstance(events[-1][1], Finished)
    assert len(threads) > 1


# --- what else a registry can be asked ---


def test_head_and_referrers_by_tag(url: str, registry: Registry) -> None:
    made, signature = image([100]), image([50])
    push(url, "signed", made, "latest")
    head = registry.head("signed", "latest")
    assert (head.digest, head.size, head.media_type) == (made.digest, len(made.raw), OCI_MANIFEST)
    assert registry.referrers("signed", made.digest) == ()
    push(url, "signed", index((signature, None)), made.digest.replace(":", "-"))
    assert [r.digest for r in registry.referrers("signed", made.digest)] == [signature.digest]


def test_nobody_there(url: str) -> None:
    with Registry("http://127.0.0.1:9") as registry, pytest.raises(WizardError) as caught:
        registry.manifest("a", "b")
    assert caught.value.code == "registry-refused"
    away = "http://no-such-host.invalid:5000"
    with Registry(away) as registry, pytest.raises(WizardError) as caught:
        registry.ping()
    assert caught.value.code == "registry-dns"
    # Everybody's address, to which no system makes a connection, whatever its routes.
    with Registry("http://255.255.255.255:5000") as registry, pytest.raises(WizardError) as caught:
        registry.ping()
    assert caught.value.code == "registry-unreachable"
    assert "unreachable" in caught.value.problem.came_back
    assert "no connection to 255.255.255.255:5000" in caught.value.problem.cause
