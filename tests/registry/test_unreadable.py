"""Answers of registries that cannot be decoded: each is one error that names what it is."""

from __future__ import annotations

import json

import pytest

from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from cgwizard.registry.platforms import Platform, fit
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.real_registry import sha256
from tests.support.scripted_server import Reply, Route, ScriptedServer

ONCE = RetryPolicy(tries=0)
ME = Credentials("me", Secret("hunter2"))
NAME = Reference("registry.example.com", "a", "latest")
LATEST = "/v2/a/manifests/latest"
DIGITS = "9" * 5000
DIGEST = f"sha256:{'0' * 64}"
NO_HOSTS = ["http://xn--zz--/", "http://xn--/x", "http://[::/", "http://a:99999/", "//xn--zz--/t"]


def failing(routes: dict[str, Route], credentials: Credentials | None = None) -> RegistryError:
    with (
        ScriptedServer(routes, server_header=None) as server,
        Registry(server.url, credentials, patience=ONCE) as registry,
        pytest.raises(RegistryError) as caught,
    ):
        pull(registry, NAME, platform="linux/arm64/v9")
    return caught.value


def index(variant: str) -> bytes:
    platform = {"os": "linux", "architecture": "arm64", "variant": variant}
    entry = {"mediaType": OCI_MANIFEST, "digest": DIGEST, "size": 2, "platform": platform}
    return json.dumps({"mediaType": OCI_INDEX, "manifests": [entry]}).encode()


def image(size: str, kind: str = "layers") -> bytes:
    config = f'{{"mediaType": "{OCI_CONFIG}", "digest": "{DIGEST}", "size": 2}}'
    layer = f'{{"mediaType": "x", "digest": "{DIGEST[:-1]}1", "size": {size}}}'
    both = f'"config": {config}, "layers": [{layer}]'
    if kind == "config":
        both = f'"config": {config.replace("2}", size + "}")}'
    return f'{{"mediaType": "{OCI_MANIFEST}", {both}}}'.encode()


@pytest.mark.parametrize("variant", [f"v{DIGITS}", DIGITS, "v" + "1" * 19, "v\u0663", "v\u00b2"])
def test_variants(variant: str) -> None:
    assert fit(Platform("linux", "arm64", variant), Platform("linux", "arm64", "v9")) is None
    error = failing({LATEST: Reply(body=index(variant), headers={"Content-Type": OCI_INDEX})})
    assert error.code == "platform"
    assert len(error.problem.came_back) < 300


@pytest.mark.parametrize("kind", ["layers", "config"])
@pytest.mark.parametrize("size", ["1" + "0" * 400, DIGITS, "1e400", str(2**63), "-1", "1e5"])
def test_sizes(size: str, kind: str) -> None:
    error = failing({LATEST: Reply(body=image(size, kind), headers={"Content-Type": OCI_MANIFEST})})
    assert error.code == "manifest-invalid"
    assert error.problem.came_back.isprintable()


@pytest.mark.parametrize("location", NO_HOSTS)
def test_redirects(location: str) -> None:
    error = failing({LATEST: Reply(307, headers={"Location": location})})
    assert error.code == "registry-redirect"


@pytest.mark.parametrize("realm", NO_HOSTS)
def test_realms(realm: str) -> None:
    challenge = Reply(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})
    assert failing({LATEST: challenge, "/v2/": challenge}).code == "challenge-wrong-host"
    assert failing({LATEST: challenge, "/v2/": challenge}, ME).code == "challenge-wrong-host"


@pytest.mark.parametrize(
    "body",
    [
        b'{"token": "\xff"}',
        b"[" * 20_000,
        b'{"token": "a", "expires_in": ' + DIGITS.encode() + b"}",
        b'{"token": "a", "expires_in": 1e400}',
    ],
)
def test_tokens(body: bytes) -> None:
    with ScriptedServer(server_header=None) as server:
        challenge = {"WWW-Authenticate": f'Bearer realm="{server.url}/token"'}
        server.routes |= {LATEST: Reply(401, headers=challenge), "/token": Reply(body=body)}
        with (
            Registry(server.url, patience=ONCE) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.manifest("a", "latest")
    assert caught.value.code == "token-unreadable"


@pytest.mark.parametrize(
    "body", [b"\xff" * 9, b"{" * 20_000, DIGITS.encode(), b'{"errors": 1e400}']
)
def test_refusals(body: bytes) -> None:
    error = failing({LATEST: Reply(404, body, {"Content-Type": "application/json"})})
    assert error.problem.came_back.startswith("404")


@pytest.mark.parametrize("said", [DIGITS, "Sat, 99 Nov 99999 99:99:99 GMT", "\u00b2", "-1"])
def test_retry_after(said: str) -> None:
    error = failing({LATEST: Reply(429, b"", {"Retry-After": said})})
    assert error.problem.came_back.startswith("429")


def test_a_config() -> None:
    raw = b'{"os": "\xff"}'
    config = f'{{"mediaType": "{OCI_CONFIG}", "digest": "{sha256(raw)}", "size": {len(raw)}}}'
    manifest = f'{{"mediaType": "{OCI_MANIFEST}", "config": {config}, "layers": []}}'
    routes: dict[str, Route] = {
        LATEST: Reply(body=manifest, headers={"Content-Type": OCI_MANIFEST}),
        f"/v2/a/blobs/{sha256(raw)}": Reply(body=raw),
    }
    error = failing(routes)
    assert error.code == "manifest-invalid"
    assert "no UTF-8" in error.problem.came_back


@pytest.mark.parametrize("url", ["http://xn--zz--", "https://[::", "http://a:99999"])
def test_the_address_of_a_registry(url: str) -> None:
    with pytest.raises(RegistryError) as caught:
        Registry(url)
    assert caught.value.code == "name-host"
