"""Going on without cgr.dev: offered where nothing of it refused, and never where it did."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from cgwizard.cancel import Cancel
from cgwizard.guide.guide import Guide
from cgwizard.guide.step import run_checked
from cgwizard.guide.token import TokenStep
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from tests.conftest import CANARY
from tests.support.guide import act, enter, through
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer, raw_server

HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
CHALLENGE = 'Bearer realm="{}/token",service="cgr.dev"'


def started(world: PracticeWorld, url: str, ca_file: Path | None = None) -> TokenStep:
    """Add token auth of a live session that asks ``url`` in place of cgr.dev."""
    registry = plan.Registry(url, ca_file)
    session = Guide(url=world.info.nexus_url, user="admin", registry=registry)
    session.first_port = free_port()
    enter(session.steps.connect)
    session.steps.connect.set("password", CANARY)
    act(session.steps.connect)
    through(session.steps.routing)
    through(session.steps.developer)
    step = session.steps.token
    enter(step)
    token = world.info.pull_token
    step.set("token", f"{token.username} {token.password.reveal()}")
    step.set("image", f"{world.info.organization}/chainguard-base")
    return step


@contextlib.contextmanager
def refusing_proxy(status: str) -> Iterator[str]:
    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with raw_server(refuse) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def page(status: int) -> Iterator[str]:
    """A filter that answers everything with its page."""
    body = b"<html><title>Blocked by policy</title></html>"
    head = f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)

    with raw_server(answer) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def interception() -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(tls=context, server_header=None) as server:
        yield server.url


@contextlib.contextmanager
def nobody(url: str) -> Iterator[str]:
    yield url


@contextlib.contextmanager
def silent() -> Iterator[str]:
    with raw_server(lambda connection: connection.close()) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def token_page(status: int) -> Iterator[str]:
    """The registry asks for a token, and a filter answers at the token endpoint."""
    with ScriptedServer(server_header=None) as server:
        asks = Reply(401, "", {"WWW-Authenticate": CHALLENGE.format(server.url)})
        server.routes["/v2/"] = asks
        server.routes["/token"] = Reply(status, "<html><title>Filter</title></html>", HTML)
        yield server.url


@contextlib.contextmanager
def token_server(status: int, words: str) -> Iterator[str]:
    with ScriptedServer(server_header=None) as server:
        asks = Reply(401, "", {"WWW-Authenticate": CHALLENGE.format(server.url)})
        server.routes["/v2/"] = asks
        server.routes["/token"] = Reply(
            status, {"errors": [{"code": "UNKNOWN", "message": words}]}, JSON
        )
        yield server.url


Where = Callable[[], contextlib.AbstractContextManager[str]]
UNREACHED: dict[str, Where] = {
    "refused": lambda: nobody(f"http://127.0.0.1:{free_port()}"),
    "no such name": lambda: nobody("http://no-such-host.invalid"),
    "closed without a word": silent,
    "page 200": lambda: page(200),
    "page 302": lambda: page(302),
    "page 403": lambda: page(403),
    "page 503": lambda: page(503),
    "proxy sign-in page": lambda: page(407),
    "token page 200": lambda: token_page(200),
    "token page 403": lambda: token_page(403),
    "TLS interception": interception,
}
PROXIES: dict[str, Where] = {
    "403": lambda: refusing_proxy("403 Forbidden"),
    "407": lambda: refusing_proxy("407 Proxy Authentication Required"),
    "502": lambda: refusing_proxy("502 Bad Gateway"),
    "503": lambda: refusing_proxy("503 Service Unavailable"),
    "down": lambda: nobody(f"http://127.0.0.1:{free_port()}"),
}
REFUSALS: dict[str, Where] = {
    "400": lambda: token_server(400, "keys have expired"),
    "401": lambda: token_server(401, "unauthorized"),
    "403": lambda: token_server(403, "forbidden"),
    "404": lambda: token_server(404, "unable to resolve example.com"),
}


@pytest.mark.parametrize("where", UNREACHED)
def test_it_is_offered_where_cgr_dev_said_nothing(world: PracticeWorld, where: str) -> None:
    with UNREACHED[where]() as url:
        goes_on(started(world, url), world)


@pytest.mark.parametrize("proxy", PROXIES)
def test_it_is_offered_where_a_proxy_is_in_the_way(
    world: PracticeWorld, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PROXIES[proxy]() as url:
        step = started(world, "https://registry.example.com")
        monkeypatch.setenv("HTTPS_PROXY", url)
        goes_on(step, world)


def goes_on(step: TokenStep, world: PracticeWorld) -> None:
    session = step.session
    act(step)
    assert step.problem is not None
    assert session.nexus.docker_proxy("chainguard-private") is None
    name = session.registry_name
    assert step.action().label == "try again", "Enter asks again; F7 leaves the check out"
    assert "skip" in [other.id for other in step.others()], "in the menu"
    (offer,) = (other for other in step.others() if other.key == "f7")
    assert offer.label == f"go on without asking {name} from here"
    run_checked(step, lambda told, stop: step.do(offer.id, told, stop), lambda _: None, Cancel())
    assert step.action().label == "take the token as it is", "F7 chooses, Enter confirms"
    act(step)
    assert step.problem is None
    assert step.checks["accepted"].state == "warning"
    act(step)
    assert step.state == "done"
    assert session.plan.token is not None
    assert session.plan.token.check == "nexus"
    saved = answers_file.parse(answers_file.write(answers_file.of(session.plan)))
    assert saved.token is not None
    assert saved.token.check == "nexus"
    assert saved.registry == session.plan.registry


@pytest.mark.parametrize("status", REFUSALS)
def test_it_is_never_offered_where_cgr_dev_refused(world: PracticeWorld, status: str) -> None:
    with REFUSALS[status]() as url:
        step = started(world, url)
        act(step)
        assert step.problem is not None
        assert "unasked" not in [other.id for other in step.others()], step.problem


def test_another_token_is_asked_about_again(world: PracticeWorld) -> None:
    step = started(world, f"http://127.0.0.1:{free_port()}")
    act(step)
    step.do("unasked", lambda _: None, Cancel())
    act(step)
    assert step.checked is not None
    step.set("image", f"{world.info.organization}/redis")
    assert step.values["check"] == "registry"


def test_another_registry_is_asked_and_named(world: PracticeWorld) -> None:
    step = started(world, world.info.registry_url)
    session = step.session
    name = world.info.registry_url.removeprefix("http://")
    told = session.steps[0].checks["registry"].label
    assert told == f"from here, {world.info.registry_url} is asked in place of cgr.dev"
    assert step.action().label == f"check the token at {name}"
    act(step)
    assert step.problem is None
    assert step.checks["accepted"].label.startswith(f"{name} accepts it")
    assert step.checks["accepted"].state == "done"


def test_a_token_that_nobody_looked_at_is_not_called_accepted(world: PracticeWorld) -> None:
    """A mirror that is open to everybody."""
    image = f"{world.info.organization}/chainguard-base"
    manifest = Reply(
        200,
        b"{}",
        {
            "Docker-Content-Digest": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
            "Content-Type": "application/vnd.oci.image.index.v1+json",
            "Docker-Distribution-Api-Version": "registry/2.0",
        },
    )
    routes = {"/v2/": Reply(200, b"{}", JSON), f"/v2/{image}/manifests/latest": manifest}
    with ScriptedServer(routes, server_header=None) as server:
        step = started(world, server.url)
        act(step)
        assert step.problem is None, step.problem
        accepted = step.checks["accepted"]
        assert accepted.state == "warning"
        assert "nobody looked at the token" in accepted.label


def test_the_authority_of_another_registry_is_believed(
    world: PracticeWorld, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    with ScriptedServer(
        {"/v2/": Reply(503, {"errors": []}, JSON)}, server_header=None, tls=context
    ) as server:
        step = started(world, server.url, path)
        act(step)
        assert step.problem is not None
        assert step.problem.code == "registry-unavailable", "it answered"
