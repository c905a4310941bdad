"""What travels with an error of a registry: who answered, whether a sign-in was looked at, and
what the same repository had served before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from cgwizard.errors import AnsweredBy, Facts, Served
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import OCI_INDEX, Descriptor
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.ports import free_port
from tests.support.scripted_server import CE, ReceivedRequest, Reply, Route, ScriptedServer

ME = Credentials("me", Secret("hunter2"))
ONCE = RetryPolicy(tries=0)
OWN = {"Docker-Distribution-Api-Version": "registry/2.0", "Content-Type": "application/json"}
HTML = {"Content-Type": "text/html", "Server": "FilterBox"}
UNKNOWN: dict[str, object] = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}
DIGEST = f"sha256:{hashlib.sha256(b'absent').hexdigest()}"
CHILD = {"digest": DIGEST, "size": 6, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
INDEX = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [CHILD]})
LATEST = "/v2/a/manifests/latest"


def sent(answered_by: AnsweredBy) -> Facts:
    return Facts(answered_by, sign_in_sent=True)


def read(answered_by: AnsweredBy) -> Facts:
    return Facts(answered_by, sign_in_sent=True, sign_in_read=True)


def latest(registry: Registry) -> None:
    registry.manifest("a", "latest")


def facts_of(registry: Registry, work: Callable[[Registry], object] = latest) -> Facts:
    with registry, pytest.raises(RegistryError) as caught:
        work(registry)
    error = caught.value
    assert error.but(tried="something else").facts == error.facts
    return error.facts


def asked(routes: dict[str, Route], credentials: Credentials | None = None, **header: str) -> Facts:
    with ScriptedServer(routes, server_header=header.get("server")) as server:
        return facts_of(Registry(server.url, credentials, patience=ONCE))


@pytest.mark.parametrize(
    ("reply", "answered_by"),
    [
        (Reply(404, UNKNOWN, OWN), AnsweredBy.REGISTRY),
        (Reply(404, "", OWN), AnsweredBy.REGISTRY),
        (Reply(500, "", {}), AnsweredBy.REGISTRY),
        (Reply(404, "", {"Server": CE}), AnsweredBy.NEXUS),
        (Reply(403, "<html>blocked", HTML), AnsweredBy.OTHER),
        (Reply(200, "<html>sign in", HTML), AnsweredBy.OTHER),
        (Reply(404, "404 page not found", {"Content-Type": "text/plain"}), AnsweredBy.OTHER),
        (Reply(407, ""), AnsweredBy.PROXY),
        (Reply(502, "<html>bad gateway", HTML), AnsweredBy.PROXY),
        (Reply(200, "no manifest", OWN), AnsweredBy.REGISTRY),
    ],
)
def test_who_answered(reply: Reply, answered_by: AnsweredBy) -> None:
    assert asked({LATEST: reply}) == Facts(answered_by)


def test_nobody() -> None:
    registry = Registry(f"http://127.0.0.1:{free_port()}", ME, patience=ONCE)
    assert facts_of(registry) == Facts()


BASIC = {"WWW-Authenticate": 'Basic realm="registry"', **OWN}


def wanting(reply: Reply, header: dict[str, str] = BASIC) -> Route:
    def route(request: ReceivedRequest) -> Reply:
        return reply if request.authorization else Reply(401, "", header)

    return route


@pytest.mark.parametrize(
    ("root", "manifest", "facts"),
    [
        # Refused at the root, or taken there and then without rights.
        (wanting(Reply(401, "", BASIC)), Reply(404), read(AnsweredBy.REGISTRY)),
        (wanting(Reply()), wanting(Reply(403, UNKNOWN, OWN)), read(AnsweredBy.REGISTRY)),
        # Something else answered, or the server never asked.
        (wanting(Reply()), wanting(Reply(403, "<html>", HTML)), sent(AnsweredBy.OTHER)),
        (wanting(Reply()), wanting(Reply(429, "", OWN)), sent(AnsweredBy.REGISTRY)),
        (Reply(401, "", OWN), Reply(404), Facts(AnsweredBy.REGISTRY)),
        (Reply(200, "", OWN), Reply(404, UNKNOWN, OWN), Facts(AnsweredBy.REGISTRY)),
    ],
)
def test_a_sign_in(root: Route, manifest: Route, facts: Facts) -> None:
    assert asked({"/v2/": root, LATEST: manifest}, ME) == facts


def bearer(token: Route, manifest: Reply) -> tuple[Facts, ScriptedServer]:
    server = ScriptedServer(server_header=None)
    with server:
        challenge = {"WWW-Authenticate": f'Bearer realm="{server.url}/token",service="x"', **OWN}
        server.routes |= {
            "/v2/": Reply(401, "", challenge),
            "/token": token,
            LATEST: wanting(manifest, challenge),
        }
        return facts_of(Registry(server.url, ME, patience=ONCE)), server


@pytest.mark.parametrize(
    ("token", "facts"),
    [
        (Reply(401, UNKNOWN, OWN), read(AnsweredBy.TOKEN_SERVER)),
        (Reply(400, {"error": "expired"}), read(AnsweredBy.TOKEN_SERVER)),
        (Reply(500), sent(AnsweredBy.TOKEN_SERVER)),
        (Reply(401, "", {"Server": CE}), read(AnsweredBy.NEXUS)),
        (Reply(403, "<html>", HTML), sent(AnsweredBy.OTHER)),
    ],
)
def test_a_token_server_that_refuses(token: Reply, facts: Facts) -> None:
    found, _ = bearer(token, Reply(404))
    assert found == facts


def test_a_manifest_that_is_refused_with_a_token_of_the_sign_in() -> None:
    found, _ = bearer(Reply(200, {"token": "abc"}), Reply(403, UNKNOWN, OWN))
    token = frozenset({Served.TOKEN})
    assert found == Facts(AnsweredBy.REGISTRY, sign_in_sent=True, sign_in_read=True, served=token)


def test_what_was_served_before() -> None:
    routes: dict[str, Route] = {
        LATEST: Reply(200, INDEX, {**OWN, "Content-Type": OCI_INDEX}),
        f"/v2/a/manifests/{DIGEST}": Reply(404, UNKNOWN, OWN),
    }

    def child(registry: Registry) -> None:
        registry.manifest("a", "latest")
        registry.manifest("a", DIGEST)

    def other(registry: Registry) -> None:
        registry.manifest("a", "latest")
        registry.manifest("b", "latest")

    with ScriptedServer(routes, server_header=None) as server:
        served = facts_of(Registry(server.url, patience=ONCE), child).served
        assert served == {Served.INDEX}
        assert facts_of(Registry(server.url, patience=ONCE), other).served == frozenset()


def read_blob(registry: Registry, blob: Descriptor) -> bytes:
    with registry.blob("a", blob) as answer:
        return b"".join(answer.chunks)


def test_storage_gets_no_sign_in_and_judges_none() -> None:
    with (
        ScriptedServer({"/blob": Reply(403, "<Error/>")}, server_header=None) as storage,
        ScriptedServer(server_header=None) as server,
    ):
        elsewhere = storage.url.replace("localhost", "127.0.0.1")
        server.routes |= {
            "/v2/": wanting(Reply()),
            f"/v2/a/blobs/{DIGEST}": Reply(307, "", {"Location": f"{elsewhere}/blob"}),
        }
        registry = Registry(server.url, ME, patience=ONCE)
        facts = facts_of(registry, lambda registry: read_blob(registry, Descriptor(DIGEST, 6)))
        assert facts == Facts(AnsweredBy.STORAGE)
        assert storage.with_credentials == []


def test_a_blob_that_was_served_counts() -> None:
    other = f"sha256:{'0' * 64}"
    routes: dict[str, Route] = {f"/v2/a/blobs/{DIGEST}": Reply(200, "absent")}

    def work(registry: Registry) -> None:
        assert read_blob(registry, Descriptor(DIGEST, 6)) == b"absent"
        read_blob(registry, Descriptor(other, 6))

    with ScriptedServer(routes, server_header=None) as server:
        assert facts_of(Registry(server.url, patience=ONCE), work).served == {Served.BLOB}
