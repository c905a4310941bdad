"""A part of an image is missing: what is said names it, and does not doubt the image's name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from cgwizard.errors import Code
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import OCI_INDEX, OCI_MANIFEST
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from tests.support.scripted_server import CE, Reply, Route, ScriptedServer

ONCE = RetryPolicy(tries=0)
OWN = {"Docker-Distribution-Api-Version": "registry/2.0"}


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def described(raw: bytes, kind: str, **more: object) -> dict[str, object]:
    return {"digest": digest_of(raw), "size": len(raw), "mediaType": kind, **more}


CONFIG = json.dumps({"os": "linux", "architecture": "arm64", "rootfs": {"diff_ids": []}}).encode()
LAYERS = [b"layer one", b"layer two", b"layer three"]
IMAGE = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described(CONFIG, "application/vnd.oci.image.config.v1+json"),
        "layers": [described(x, "application/vnd.oci.image.layer.v1.tar") for x in LAYERS],
    }
).encode()
ARM64 = {"os": "linux", "architecture": "arm64"}
INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [described(IMAGE, OCI_MANIFEST, platform=ARM64)],
    }
).encode()
CHILD = f"/v2/a/b/manifests/{digest_of(IMAGE)}"
LATEST = "/v2/a/b/manifests/latest"


def blob(raw: bytes) -> str:
    return f"/v2/a/b/blobs/{digest_of(raw)}"


def whole(header: dict[str, str]) -> dict[str, Route]:
    served: dict[str, Route] = {blob(raw): Reply(200, raw, header) for raw in (CONFIG, *LAYERS)}
    served[LATEST] = Reply(200, INDEX, {**header, "Content-Type": OCI_INDEX})
    served[CHILD] = Reply(200, IMAGE, {**header, "Content-Type": OCI_MANIFEST})
    return served


def errors(code: str) -> dict[str, object]:
    return {"errors": [{"code": code, "message": "gone"}]}


ANSWERS: dict[str, Callable[[str], Reply]] = {
    "its code": lambda code: Reply(404, errors(code), OWN),
    "another code": lambda _code: Reply(404, errors("NAME_UNKNOWN"), OWN),
    "no body": lambda _code: Reply(404, "", OWN),
    "gone": lambda _code: Reply(410, "", OWN),
    "nexus": lambda code: Reply(404, errors(code), {**OWN, "Server": CE}),
}
PARTS = {
    "the manifest for linux/arm64": (CHILD, Code.MANIFEST_UNKNOWN),
    "its config": (blob(CONFIG), Code.BLOB_UNKNOWN),
    "layer 1 of 3": (blob(LAYERS[0]), Code.BLOB_UNKNOWN),
    "layer 3 of 3": (blob(LAYERS[2]), Code.BLOB_UNKNOWN),
}


def pulled(server: ScriptedServer, rest: str = ":latest") -> RegistryError:
    reference = Reference.parse(f"{server.url.removeprefix('http://')}/a/b{rest}")
    with Registry(server.url, patience=ONCE) as registry, pytest.raises(RegistryError) as caught:
        pull(registry, reference, platform="linux/arm64")
    return caught.value


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("part", PARTS)
def test_the_part_is_named(part: str, answer: str) -> None:
    path, code = PARTS[part]
    header = {**OWN, "Server": CE} if answer == "nexus" else OWN
    routes = whole(header)
    routes[path] = ANSWERS[answer](code.name)
    with ScriptedServer(routes, server_header=None) as server:
        error = pulled(server)
    assert error.code == code
    assert error.missing == part
    assert part in error.problem.cause
    assert "check the name" not in error.problem.next_step
    assert "no such name" not in error.problem.cause
    assert "not a registry" not in error.problem.cause


def test_a_part_that_the_storage_does_not_have() -> None:
    nothing = ScriptedServer(server_header=None)
    with nothing as storage, ScriptedServer(server_header=None) as server:
        xml = "<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"
        storage.routes["/x"] = Reply(404, xml, {"Content-Type": "application/xml"})
        server.routes |= whole(OWN)
        server.routes[blob(LAYERS[1])] = Reply(307, "", {"Location": f"{storage.url}/x"})
        error = pulled(server)
    assert error.code == Code.BLOB_UNKNOWN
    assert error.problem.cause == (
        "the registry has the manifest but not this blob of it: layer 2 of 3 is missing"
    )


def test_the_page_of_a_filter_is_no_missing_part() -> None:
    routes = whole(OWN)
    page = "<html><title>Blocked by policy</title></html>"
    routes[blob(LAYERS[0])] = Reply(404, page, {"Content-Type": "text/html"})
    with ScriptedServer(routes, server_header=None) as server:
        error = pulled(server)
    assert error.code == Code.REGISTRY_NOT_HERE
    assert "Blocked by policy" in error.problem.cause
    assert not error.missing


def test_another_server_that_answers_is_no_missing_part() -> None:
    routes = whole(OWN)
    routes[CHILD] = Reply(404, "404 page not found", {"Content-Type": "text/plain"})
    with ScriptedServer(routes, server_header=None) as server:
        error = pulled(server)
    assert error.code == Code.REGISTRY_NOT_HERE
    assert "served the image before" in error.problem.cause


UNKNOWN = Reply(404, errors("MANIFEST_UNKNOWN"), OWN)


def by_tag(registry: Registry) -> None:
    registry.manifest("a/b", "1.2")


def by_digest(registry: Registry) -> None:
    registry.manifest("a/b", digest_of(b"another"))


def elsewhere(registry: Registry) -> None:
    registry.manifest("a/c", digest_of(IMAGE))


@pytest.mark.parametrize("ask", [by_tag, by_digest, elsewhere])
def test_what_no_served_image_names_is_a_wrong_name(ask: Callable[[Registry], None]) -> None:
    routes = whole(OWN)
    for path in ("/v2/a/b/manifests/1.2", f"/v2/a/b/manifests/{digest_of(b'another')}"):
        routes[path] = UNKNOWN
    routes[f"/v2/a/c/manifests/{digest_of(IMAGE)}"] = UNKNOWN
    with (
        ScriptedServer(routes, server_header=None) as server,
        Registry(server.url, patience=ONCE) as registry,
    ):
        registry.manifest("a/b", "latest")
        with pytest.raises(RegistryError) as caught:
            ask(registry)
    assert caught.value.code == Code.MANIFEST_UNKNOWN
    assert caught.value.problem.next_step == "check the name and the tag"
    assert not caught.value.missing
