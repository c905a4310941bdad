"""A filter, a gateway or a sign-in page answers in Nexus's place: it is named, and nothing that
its status would mean from Nexus is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cgwizard.errors import AnsweredBy, WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.scripted_server import CE, Reply, ScriptedServer

ME = Credentials("me", Secret("hunter2"))
REST = "/service/rest"
STORES = f"{REST}/v1/blobstores"
PAGE = "<!doctype html><title id=t>Web filter &ndash; category\x1b[1m</title><p>privilege"
HTML = {"Content-Type": "text/html", "Server": "FilterBox"}


def failure(
    path: str, reply: Reply, work: Callable[[NexusClient], object], method: str = "GET"
) -> WizardError:
    with (
        ScriptedServer({f"{method} {path}" if method != "GET" else path: reply}) as server,
        NexusClient(server.url, ME) as client,
        pytest.raises(WizardError) as caught,
    ):
        work(client)
    return caught.value


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 429, 451, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("path", "work", "method"),
    [
        (STORES, NexusClient.blob_stores, "GET"),
        (f"{REST}/v1/http", NexusClient.http_settings, "GET"),
        (f"{REST}/v1/repositorySettings", NexusClient.repositories, "GET"),
        (
            f"{REST}/v1/repositories/docker/proxy/x",
            lambda client: client.docker_proxy("x"),
            "GET",
        ),
        (
            f"{REST}/v1/repositories/x/invalidate-cache",
            lambda client: client.invalidate_cache("x"),
            "POST",
        ),
        (f"{REST}/v1/repositories/x", lambda client: client.delete_repository("x"), "DELETE"),
    ],
)
def test_every_status(
    status: int, path: str, work: Callable[[NexusClient], object], method: str
) -> None:
    error = failure(path, Reply(status, PAGE, HTML), work, method)
    assert error.code == ("nexus-page-of-another" if status < 500 else "nexus-unavailable")
    assert "something between here and Nexus answered" in error.problem.cause
    assert "Web filter \u2013 category[1m" in error.problem.cause
    assert "privilege" not in error.problem.cause + error.problem.next_step
    assert error.facts.answered_by in {AnsweredBy.OTHER, AnsweredBy.PROXY}
    assert not error.facts.sign_in_read


def test_a_refusal_of_a_filter_is_none_of_the_password() -> None:
    routes = {STORES: Reply(401, PAGE, HTML)}
    with ScriptedServer(routes) as server, NexusClient(server.url, ME) as client:
        with pytest.raises(WizardError):
            client.blob_stores()
        server.routes[STORES] = Reply(200, [])
        assert client.blob_stores() == []


@pytest.mark.parametrize(
    "header", [{"Server": CE}, {"X-Siesta-FaultId": "abc"}, {"Server": "nginx"}]
)
def test_pages_of_nexus_itself(header: dict[str, str]) -> None:
    page = "<html><title>403 - Sonatype Nexus Repository</title>"
    reply = Reply(403, page, {"Content-Type": "text/html", **header})
    assert failure(STORES, reply, NexusClient.blob_stores).code == "nexus-forbidden"


def test_what_is_no_page_is_nexus() -> None:
    reply = Reply(403, "", {"Server": "nginx"})
    assert failure(STORES, reply, NexusClient.blob_stores).code == "nexus-forbidden"


@pytest.mark.parametrize("server", ["squid/5.7", "Zscaler/6.2", "BlueCoat-Security-Appliance"])
@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("body", ["", "Access denied"])
def test_a_filter_that_names_itself(server: str, status: int, body: str) -> None:
    error = failure(STORES, Reply(status, body, {"Server": server}), NexusClient.blob_stores)
    assert error.code == "nexus-page-of-another"
    assert not error.facts.sign_in_read


@pytest.mark.parametrize("status", [401, 403, 429])
@pytest.mark.parametrize(
    "body",
    [
        {"message": "Forbidden"},
        {"message": "no Route matched", "request_id": "7"},
        {"statusCode": 401, "message": "Access denied due to missing subscription key"},
    ],
)
def test_the_json_of_a_gateway(status: int, body: dict[str, object]) -> None:
    reply = Reply(status, body, {"Server": "nginx"})
    for path, work, method in (
        (STORES, NexusClient.blob_stores, "GET"),
        (f"{REST}/v1/repositories/x", lambda client: client.delete_repository("x"), "DELETE"),
        (
            f"{REST}/v1/repositories/x/invalidate-cache",
            lambda client: client.invalidate_cache("x"),
            "POST",
        ),
    ):
        error = failure(path, reply, work, method)
        assert error.code == "nexus-page-of-another"
        assert "something between here and Nexus answered" in error.problem.cause
        assert "privilege" not in error.problem.cause
        assert not error.facts.sign_in_read


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ({"id": "*", "message": "no"}, {"Server": "nginx"}),
        ([{"id": "*", "message": "no"}], {"Server": "nginx"}),
        ({"message": "no"}, {"Server": CE}),
        ({"message": "no"}, {"X-Siesta-FaultId": "abc"}),
        ("no", {"Server": "nginx"}),
    ],
)
def test_a_refusal_of_nexus_in_json(body: object, header: dict[str, str]) -> None:
    reply = Reply(403, body, header)  # type: ignore[arg-type]
    assert failure(STORES, reply, NexusClient.blob_stores).code == "nexus-forbidden"
