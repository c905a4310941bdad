"""A remote that fails is left alone for a while, as Nexus does it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import trustme

from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.world import PracticeWorld
from tests.support.practice_docker import (
    ADMIN_AUTH,
    FREE_IMAGE,
    PRIVATE_IMAGE,
    add_repository,
    layers,
    remove_repository,
    status,
    stop_registry,
    upstream,
    wait_until,
)

MANIFEST = f"/v2/{FREE_IMAGE}/manifests/latest"
OTHER = "/v2/chainguard/python/manifests/latest"
BLOCKED = re.compile(r"Remote Auto Blocked until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, auth=ADMIN_AUTH)


def _message(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["message"])


def test_a_new_proxy_is_ready_and_then_available(world: PracticeWorld) -> None:
    url = add_repository(world)
    assert status(world).description == "Ready to Connect"
    httpx.get(url + MANIFEST, auth=ADMIN_AUTH)
    assert status(world).description == "Remote Available"
    add_repository(world, online=False)
    assert status(world).description == "Repository Offline"
    assert not status(world).online


def test_a_refused_connection_blocks_and_what_is_cached_is_served(world: PracticeWorld) -> None:
    with _client(add_repository(world)) as client:
        cached = client.get(MANIFEST).content
        stop_registry(world)
        assert client.get(OTHER).status_code == 502
        now = status(world)
        assert now.description == "Remote Auto Blocked and Unavailable"
        assert now.reason is not None
        assert now.reason.startswith("org.apache.http.conn.HttpHostConnectException: Connect to ")
        blocked = client.get(OTHER)
        assert blocked.status_code == 404
        assert BLOCKED.fullmatch(_message(blocked))
        world.docker.clock.skip(1441 * 60)
        assert client.get(MANIFEST).content == cached


def test_a_server_error_blocks(world: PracticeWorld) -> None:
    with _client(add_repository(world)) as client:
        world.registry.faults.add(ErrorStatus(place="manifest", status=500, count=1))
        assert client.get(MANIFEST).status_code == 503
        assert status(world).reason == "Internal Server Error"
        asked = len(world.registry.requests)
        assert BLOCKED.fullmatch(_message(client.get(MANIFEST)))
        assert len(world.registry.requests) == asked
        # The clock that counts is skipped; the background check waits in real time.
        world.docker.clock.skip(41)
        assert client.get(MANIFEST).status_code == 200
        assert status(world).description == "Remote Available"


def test_each_further_failure_blocks_for_longer(world: PracticeWorld) -> None:
    with _client(add_repository(world)) as client:
        stop_registry(world)
        for seconds in (40, 40, 80, 120, 200):
            assert client.get(MANIFEST).status_code == 502
            world.docker.clock.skip(seconds - 1)
            assert BLOCKED.fullmatch(_message(client.get(MANIFEST))), seconds
            world.docker.clock.skip(1.5)


def test_a_background_check_lifts_the_block(world: PracticeWorld) -> None:
    world.docker.first_block_seconds = 0.2
    with _client(add_repository(world)) as client:
        world.registry.faults.add(ErrorStatus(place="manifest", status=502, count=1))
        assert client.get(MANIFEST).status_code == 503
        wait_until(lambda: status(world).description == "Remote Available", "the check")
        assert [s.method for s in world.registry.requests if s.path == "/"] == ["HEAD"]


def test_without_auto_block_the_remote_is_asked_each_time(world: PracticeWorld) -> None:
    with _client(add_repository(world, httpClient={"autoBlock": False})) as client:
        world.registry.faults.add(ErrorStatus(place="manifest", status=500, count=2))
        assert client.get(MANIFEST).status_code == 503
        assert status(world).description == "Remote Unavailable"
        assert client.get(MANIFEST).status_code == 503
        assert client.get(MANIFEST).status_code == 200


def test_blocked_by_hand(world: PracticeWorld) -> None:
    url = add_repository(world)
    port = httpx.URL(url).port
    with _client(url) as client:
        cached = client.get(MANIFEST).content
    add_repository(world, port=port, httpClient={"blocked": True})
    asked = len(world.registry.requests)
    with _client(url) as client:
        refused = client.get(OTHER)
        assert (refused.status_code, _message(refused)) == (404, "Remote Manually Blocked")
        assert client.get(MANIFEST).content == cached
    assert status(world).description == "Remote Manually Blocked"
    assert len(world.registry.requests) == asked


def test_a_blob_host_that_fails_does_not_block(world: PracticeWorld) -> None:
    with _client(add_repository(world)) as client:
        digest = layers(client, FREE_IMAGE)[0]["digest"]
        world.registry.faults.add(ErrorStatus(place="blob", status=503, count=1))
        assert client.get(f"/v2/{FREE_IMAGE}/blobs/{digest}").status_code == 503
        assert status(world).description == "Remote Available"
        assert client.get(OTHER).status_code == 200


def test_new_settings_start_afresh(world: PracticeWorld) -> None:
    url = add_repository(world)
    world.registry.faults.add(ErrorStatus(place="manifest", status=500, count=1))
    httpx.get(url + MANIFEST, auth=ADMIN_AUTH)
    assert status(world).description == "Remote Auto Blocked and Unavailable"
    url = add_repository(world)
    assert status(world).description == "Ready to Connect"
    assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 200


def test_a_block_is_not_remembered_as_a_missing_image(world: PracticeWorld) -> None:
    with _client(add_repository(world)) as client:
        world.registry.faults.add(ErrorStatus(place="manifest", status=500, count=1))
        client.get(MANIFEST)
        assert client.get(MANIFEST).status_code == 404
        world.docker.clock.skip(41)
        assert client.get(MANIFEST).status_code == 200


@pytest.mark.parametrize(
    ("remote", "reason"),
    [
        (
            "https://no-such-host.invalid/",
            "java.net.UnknownHostException: no-such-host.invalid: Name or service not known",
        ),
        ("https://127.0.0.1:1/", "org.apache.http.conn.HttpHostConnectException"),
    ],
)
def test_other_remotes_are_really_contacted(world: PracticeWorld, remote: str, reason: str) -> None:
    url = add_repository(world, remote=remote)
    assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 502
    assert (status(world).reason or "").startswith(reason)
    assert upstream(world, MANIFEST) == 0


def test_a_remote_that_does_not_answer_ends_by_the_repositorys_timeout(
    world: PracticeWorld,
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        remote = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        connection = {"timeout": 1, "retries": 0}
        url = add_repository(world, remote=remote, httpClient={"connection": connection})
        assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 502
    assert status(world).reason == "java.net.SocketTimeoutException: Read timed out"


@contextlib.contextmanager
def _https(ca: trustme.CA) -> Iterator[str]:
    """Something that speaks TLS and answers 404 to everything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_untrusted_remote_until_it_is_in_the_truststore(world: PracticeWorld) -> None:
    ca = trustme.CA()
    with _https(ca) as remote:
        url = add_repository(world, remote=remote)
        assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 502
        assert (status(world).reason or "").startswith("javax.net.ssl.SSLHandshakeException")
        pem = ca.cert_pem.bytes()
        world.call(lambda: world.state.certificates.update(practice=pem))
        trusting = {"connection": {"useTrustStore": True, "retries": 0}}
        url = add_repository(world, remote=remote, httpClient=trusting)
        # BaseHTTPRequestHandler has no GET and answers 501: an answer, and another failure.
        assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 503
        assert status(world).reason == "Not Implemented"


def test_the_way_out_is_a_proxy_where_the_server_has_one(world: PracticeWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        settings = {
            "nonProxyHosts": ["*.corp"],
            "httpProxy": {"enabled": True, "host": "127.0.0.1", "port": str(port)},
        }
        world.call(lambda: setattr(world.state, "http", settings))
        asked: list[bytes] = []

        def serve() -> None:
            connection, _ = proxy.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        url = add_repository(world, remote="http://registry.example/")
        assert httpx.get(url + MANIFEST, auth=ADMIN_AUTH).status_code == 503
        thread.join(timeout=10)
    assert asked[0].startswith(b"GET http://registry.example" + MANIFEST.encode())
    assert status(world).reason == "Proxy Authentication Required"


def test_a_refusal_may_outlive_new_credentials(world: PracticeWorld) -> None:
    private = f"/v2/{PRIVATE_IMAGE}/manifests/latest"
    world.call(lambda: setattr(world.docker, "refusals_stick", True))
    url = add_repository(world)
    assert httpx.get(url + private, auth=ADMIN_AUTH).status_code == 404
    url = add_repository(world, token=world.info.pull_token)
    assert httpx.get(url + private, auth=ADMIN_AUTH).status_code == 404
    remove_repository(world, "chainguard")
    url = add_repository(world, token=world.info.pull_token)
    assert httpx.get(url + private, auth=ADMIN_AUTH).status_code == 200
