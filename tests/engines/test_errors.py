"""What engines say when a pull fails, word for word, and what is made of it."""

from __future__ import annotations

import pytest

from cgwizard.engines.errors import plain_http_setting, refused
from cgwizard.engines.model import Name

HOST = "nexus.example.com:5051"

# From the engines themselves: Docker 20.10 and 28, Podman 4.3 and 5.
TEXTS: list[tuple[Name, bool, str, str]] = [
    (
        "docker",
        True,
        'Get "https://nexus.example.com:5051/v2/": http: server gave HTTP response to HTTPS client',
        "client-plain-http",
    ),
    (
        "podman",
        True,
        "initializing source docker://nexus.example.com:5051/a/b:latest: pinging container "
        'registry nexus.example.com:5051: Get "https://nexus.example.com:5051/v2/": http: server '
        "gave HTTP response to HTTPS client",
        "client-plain-http",
    ),
    (
        "docker",
        True,
        'Get "https://nexus.example.com:5051/v2/": x509: certificate signed by unknown authority',
        "client-untrusted-ca",
    ),
    (
        "docker",
        True,
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
        "current time 2026-11-24T09:00:00Z is after 2026-01-01T00:00:00Z",
        "registry-tls-expired",
    ),
    (
        "podman",
        True,
        "tls: failed to verify certificate: x509: certificate is valid for other.example.com, "
        "not nexus.example.com",
        "registry-tls-name",
    ),
    ("docker", True, "remote error: tls: handshake failure", "registry-tls"),
    (
        "docker",
        False,
        'Head "https://nexus.example.com:5051/v2/a/b/manifests/latest": no basic auth credentials',
        "no-login",
    ),
    (
        "podman",
        False,
        "reading manifest latest in nexus.example.com:5051/a/b: unauthorized: access to the "
        "requested resource is not authorized",
        "no-login",
    ),
    (
        "docker",
        True,
        "unauthorized: access to the requested resource is not authorized",
        "login-wrong",
    ),
    (
        "docker",
        False,
        "pull access denied for nexus.example.com:5051/a/b, repository does not exist or may "
        "require 'docker login': denied: requested access to the resource is denied",
        "no-login",
    ),
    ("docker", True, "denied: requested access to the resource is denied", "no-read-privilege"),
    ("docker", True, "manifest unknown", "manifest-unknown"),
    (
        "docker",
        True,
        "manifest for nexus.example.com:5051/a/b:no not found: manifest unknown: manifest unknown",
        "manifest-unknown",
    ),
    (
        "docker",
        True,
        "no matching manifest for linux/s390x in the manifest list entries",
        "platform",
    ),
    (
        "podman",
        True,
        "choosing an image from manifest list docker://a/b: no image found in image index for "
        'architecture "s390x", variant "", OS "linux"',
        "platform",
    ),
    (
        "docker",
        True,
        "dial tcp: lookup nexus.example.com on 10.0.0.53:53: no such host",
        "registry-dns",
    ),
    ("docker", True, "dial tcp 10.0.0.1:5051: connect: connection refused", "registry-refused"),
    (
        "docker",
        True,
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded while "
        "awaiting headers)",
        "registry-timeout",
    ),
    ("docker", True, "write /var/lib/docker/tmp/x: no space left on device", "engine-disk-full"),
    (
        "docker",
        True,
        "proxyconnect tcp: dial tcp: lookup proxy.corp on 10.0.0.53:53: no such host",
        "engine-proxy",
    ),
    (
        "docker",
        True,
        "filesystem layer verification failed for digest sha256:0123",
        "digest-mismatch",
    ),
    ("docker", True, "toomanyrequests: Too Many Requests", "rate-limited"),
    (
        "docker",
        True,
        "Error response from daemon: error parsing HTTP 429 response body: Too many "
        "authentication attempts",
        "nexus-locked-out",
    ),
    (
        "docker",
        True,
        "received unexpected HTTP status: 502 Bad Gateway",
        "registry-unavailable",
    ),
    ("docker", True, "unexpected EOF", "registry-cut"),
    (
        "podman",
        True,
        "Error processing tar file(exit status 1): unexpected layer",
        "engine-storage",
    ),
    (
        "podman",
        True,
        "initializing source docker://nexus.example.com:5051/a/b:latest: getting username and "
        "password: 1 error occurred:\n\t* error getting credentials - err: docker-credential-x "
        "resolves to executable in current directory (./docker-credential-x), out: ``\n\n\n",
        "engine-credential-helper",
    ),
    ("docker", True, "something nobody has seen before", "engine-pull-failed"),
]


DIGEST = f"sha256:{'ab' * 32}"
# What engines say of an image of which the registry does not have a part.
PARTS: list[tuple[Name, str, str, str]] = [
    (
        "docker",
        "error pulling image configuration: download failed after attempts=1: unknown blob",
        "blob-unknown",
        "its config",
    ),
    ("docker", "unknown blob", "blob-unknown", "a layer or its config"),
    (
        "docker",  # with containerd's store
        f"failed to copy: httpReadSeeker: failed open: content at https://{HOST}/v2/a/b/blobs/"
        f"{DIGEST} not found: not found",
        "blob-unknown",
        "a layer or its config",
    ),
    (
        "docker",
        f"failed to copy: httpReadSeeker: failed open: content at https://{HOST}/v2/a/b/manifests/"
        f"{DIGEST} not found: not found",
        "manifest-unknown",
        "the manifest for a platform",
    ),
    (
        "podman",
        f"copying system image from manifest list: reading blob {DIGEST}: fetching blob: blob "
        "unknown to registry",
        "blob-unknown",
        "a layer or its config",
    ),
    (
        "podman",
        f"reading blob {DIGEST}: Requesting blob: invalid status code from registry 404 (Not "
        "Found)",
        "blob-unknown",
        "a layer or its config",
    ),
    (
        "podman",
        f"initializing image from manifest list: reading manifest {DIGEST} in {HOST}/a/b: "
        "manifest unknown",
        "manifest-unknown",
        "the manifest for a platform",
    ),
    (
        "podman",
        f"parsing image configuration: fetching blob: StatusCode: 404, blob unknown {DIGEST}",
        "blob-unknown",
        "its config",
    ),
]


@pytest.mark.parametrize(("engine", "text", "code", "missing"), PARTS)
def test_a_missing_part_is_named(engine: Name, text: str, code: str, missing: str) -> None:
    tried = f"pulling {HOST}/a/b:latest with {engine}"
    error = refused(engine, "", text, host=HOST, tried=tried, signed_in=True)
    assert (error.code, error.missing) == (code, missing)
    assert missing in error.problem.cause
    assert "check the name" not in error.problem.next_step
    assert "no such name" not in error.problem.cause


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (f"@{DIGEST}", f"reading manifest {DIGEST} in {HOST}/a/b: manifest unknown"),
        (f"@{DIGEST}", f"manifest for {HOST}/a/b@{DIGEST} not found: manifest unknown"),
        (":no", f"reading manifest no in {HOST}/a/b: manifest unknown"),
        (":no", f"failed to resolve reference '{HOST}/a/b:no': {HOST}/a/b:no: not found"),
    ],
)
def test_an_unknown_image_misses_no_part(rest: str, text: str) -> None:
    tried = f"pulling {HOST}/a/b{rest} with podman"
    error = refused("podman", "", text, host=HOST, tried=tried, signed_in=True)
    assert error.code == "manifest-unknown"
    assert not error.missing
    assert "check the name" in error.problem.next_step


@pytest.mark.parametrize(("engine", "signed_in", "text", "code"), TEXTS)
def test_code(engine: Name, signed_in: bool, text: str, code: str) -> None:
    error = refused(
        engine, "/var/run/docker.sock", text, host=HOST, tried="pulling", signed_in=signed_in
    )
    assert error.code == code
    for words in (error.problem.cause, error.problem.next_step):
        assert words
        assert "{" not in words.replace('{"insecure-registries"', "")


def test_control_characters_do_not_reach_the_terminal() -> None:
    error = refused("docker", "", "\x1b[2Jgone\r\n", host=HOST, tried="pulling", signed_in=False)
    assert error.problem.came_back == "[2Jgone"


def test_setting_for_plain_http() -> None:
    line = f'{{"insecure-registries": ["{HOST}"]}}'
    root = plain_http_setting("docker", "/var/run/docker.sock", HOST)
    assert line in root
    assert "/etc/docker/daemon.json" in root
    rootless = plain_http_setting("docker", "/run/user/1000/docker.sock", HOST)
    assert line in rootless
    assert "~/.config/docker/daemon.json" in rootless
    desktop = plain_http_setting("docker", "/Users/me/.docker/run/docker.sock", HOST)
    assert "Settings" in desktop
    podman = plain_http_setting("podman", "/run/podman/podman.sock", HOST)
    assert f'location = "{HOST}"' in podman
    assert "registries.conf" in podman


def test_the_helper_that_is_missing_is_named_from_the_end_of_a_long_text() -> None:
    text = f"error getting credentials - {'x' * 900}: docker-credential-ecr-login not found"
    error = refused("podman", "", text, host=HOST, tried="pulling", signed_in=True)
    assert error.code == "engine-credential-helper"
    assert "docker-credential-ecr-login" in error.problem.cause
