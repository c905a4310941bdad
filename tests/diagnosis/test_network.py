"""The way to a host, looked at from here and by Nexus, with servers that spoil each part of it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from cgwizard.cancel import Cancel
from cgwizard.diagnosis import network
from cgwizard.diagnosis.chain import conclude
from cgwizard.diagnosis.finding import Finding
from cgwizard.diagnosis.host_view import HostPort, HostView, Stage, is_public, look
from cgwizard.diagnosis.runner import run
from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.errors import Code
from cgwizard.net.trust import Trust
from cgwizard.nexus.client import NexusClient
from tests.support.ports import free_port
from tests.support.scripted_server import ADMIN, Reply, ScriptedServer, raw_server

REGISTRY = Reply(401, headers={"WWW-Authenticate": 'Bearer realm="https://cgr.dev/token"'})
GOOGLE = "CN=WR3,O=Google Trust Services,C=US"
CORPORATE = "CN=Example Corp Proxy CA"
FINE = HostView("", "TLSv1.3", GOOGLE)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer({"/v2/": REGISTRY}, tls=context) as server:
        yield server


def test_registry_in_plain_http() -> None:
    with ScriptedServer({"/v2/": REGISTRY}) as server:
        seen = look(HostPort("127.0.0.1", server.port, tls=False), registry=True)
    assert seen == HostView("", "connected; GET /v2/: 401")


def test_no_address() -> None:
    seen = look(HostPort("no-such-host.invalid", 443, tls=True), registry=True)
    assert seen.stage == "dns"
    assert "no-such-host.invalid" in seen.evidence


def test_refused() -> None:
    assert look(HostPort("127.0.0.1", free_port(), tls=True), registry=True).stage == "refused"


def test_authority_that_is_trusted_here(
    tls_server: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    address = HostPort("127.0.0.1", tls_server.port, tls=True)
    seen = look(address, registry=True, trust=Trust(ca_file=ca_file))
    assert seen.stage == ""
    assert "trustme" in seen.issuer
    assert len(seen.certificate) == 64
    assert "TLSv1.3" in seen.evidence


def test_authority_that_nobody_knows_is_interception(tls_server: ScriptedServer) -> None:
    seen = look(HostPort("127.0.0.1", tls_server.port, tls=True), registry=True)
    assert seen.stage == "tls-intercepted"
    assert "trustme" in seen.evidence


def test_handshake_that_is_cut() -> None:
    with raw_server(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as port:
        assert look(HostPort("127.0.0.1", port, tls=True), registry=True).stage == "tls"


def test_web_page_in_place_of_the_registry() -> None:
    page = Reply(200, "<html>blocked</html>", {"Content-Type": "text/html"})
    with ScriptedServer({"/v2/": page}, server_header="FilterBox") as server:
        seen = look(HostPort("127.0.0.1", server.port, tls=False), registry=True)
    assert seen.stage == "http"
    assert "a web page instead of a registry (from: FilterBox)" in seen.evidence


def test_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name need not be known here: it is the proxy's business."""
    with ScriptedServer({"http://cgr.invalid/v2/": REGISTRY}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        seen = look(HostPort("cgr.invalid", 80, tls=False), registry=True)
    assert seen.stage == ""
    assert seen.proxy == proxy.url
    assert seen.evidence.startswith(f"through the proxy {proxy.url}")


def test_proxy_that_wants_a_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer({"http://cgr.invalid/v2/": Reply(407)}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2@127.0.0.1:{proxy.port}")
        seen = look(HostPort("cgr.invalid", 80, tls=False), registry=True)
    assert seen.stage == "proxy"
    assert "hunter2" not in f"{seen}"


def test_proxy_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    assert look(HostPort("cgr.invalid", 443, tls=True), registry=True).stage == "proxy"


@pytest.mark.parametrize(
    ("issuer", "public"),
    [(GOOGLE, True), (CORPORATE, False), ("", None), ("O=Let's Encrypt", True)],
)
def test_public_authorities(issuer: str, public: bool | None) -> None:
    assert is_public(issuer) is public


# What both views together mean. The view from here is given, the one of Nexus is asked for.


def certificate(issuer: str) -> Reply:
    return Reply(200, {"issuerCommonName": issuer, "issuerOrganization": ""})


def hosts(
    monkeypatch: pytest.MonkeyPatch, here: HostView, nexus: dict[str, Reply], *ids: str
) -> list[Finding]:
    monkeypatch.setattr(network, "look", lambda *_args, **_options: here)
    routes = {f"/service/rest{path}": reply for path, reply in nexus.items()}
    routes["/service/rest/v1/system/eula"] = Reply(200, {"accepted": True, "disclaimer": ""})
    with (
        ScriptedServer(routes) as server,
        NexusClient(server.url, ADMIN) as client,
        Subject(nexus=client, free=WantedImage("free", "chainguard/wolfi-base", "x")) as subject,
    ):
        return run(subject, lambda _event: None, Cancel(), only=ids)


def test_authority_of_ones_own_that_this_machine_trusts(
    tls_server: ScriptedServer,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    here = look(
        HostPort("127.0.0.1", tls_server.port, tls=True),
        registry=True,
        trust=Trust(ca_file=ca_file),
    )
    (found,) = hosts(monkeypatch, here, {}, "host-cgr.dev")
    assert (found.slug, found.verdict) == ("host-tls-intercepted", "warning")
    assert "trustme" in found.evidence
    assert "this machine trusts that authority" in found.cause


def test_needed_host_that_only_nexus_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    nexus = {"/v1/security/ssl": certificate("Google Trust Services WR3")}
    for host in ("host-cgr.dev", "host-layers"):
        (found,) = hosts(monkeypatch, HostView("dns", "no address"), nexus, host)
        assert (found.slug, found.verdict) == ("host-dns", "warning")
        assert "Nexus reaches it" in found.cause


@pytest.mark.parametrize(
    ("stage", "slug"),
    [
        ("dns", "host-dns"),
        ("refused", "host-refused"),
        ("timeout", "host-timeout"),
        ("tls", "host-tls"),
        ("tls-intercepted", "host-tls-intercepted"),
        ("proxy", "host-proxy"),
        ("http", "host-http"),
    ],
)
def test_each_way_to_fail_has_its_code(
    stage: Stage, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = hosts(monkeypatch, HostView(stage, "no"), {}, "host-cgr.dev")
    assert (found.code, found.verdict) == (Code(slug), "problem")
    assert found.cause
    assert found.next_step


def test_needed_host_that_nobody_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Reply(400, {"id": "*", "message": '"Unknown host cgr.dev"'})
    found = hosts(
        monkeypatch,
        HostView("timeout", "no connection"),
        {"/v1/security/ssl": unknown},
        "host-cgr.dev",
        "nexus-host-cgr.dev",
    )
    assert [(f.slug, f.verdict) for f in found] == [
        ("host-timeout", "problem"),
        ("remote-dns", "problem"),
    ]
    cause = conclude(found)
    assert cause is not None
    assert cause.slug == "remote-dns"


def test_nexus_sees_another_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    nexus = {"/v1/security/ssl": certificate("Example Corp Proxy CA")}
    (found,) = hosts(monkeypatch, FINE, nexus, "nexus-host-cgr.dev")
    assert (found.slug, found.verdict) == ("remote-tls-intercepted", "problem")
    assert found.evidence == (f"certificate issued by Example Corp Proxy CA; from here: {GOOGLE}")


def test_nexus_accepts_that_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    available = {"online": True, "description": "Remote Available"}
    nexus = {
        "/v1/security/ssl": certificate("Example Corp Proxy CA"),
        "/internal/ui/repositories/details": Reply(200, [{"name": "x", "status": available}]),
    }
    (found,) = hosts(monkeypatch, FINE, nexus, "nexus-host-cgr.dev")
    assert (found.slug, found.verdict) == ("remote-tls-intercepted", "warning")


def test_nexus_needs_the_proxy_that_is_used_here(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Reply(400, {"id": "*", "message": '"connect timed out"'})
    here = HostView("", "through the proxy", proxy="http://proxy.corp:3128")
    (found,) = hosts(monkeypatch, here, {"/v1/security/ssl": late}, "nexus-host-cgr.dev")
    assert found.slug == "remote-proxy-needed"
    assert "http://proxy.corp:3128" in found.next_step


def test_nexus_with_a_proxy_need_not_reach_it_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    nexus = {
        "/v1/security/ssl": Reply(400, {"id": "*", "message": '"connect timed out"'}),
        "/v1/http": Reply(200, {"httpsProxy": {"enabled": True, "host": "p", "port": "3128"}}),
    }
    (found,) = hosts(monkeypatch, FINE, nexus, "nexus-host-cgr.dev")
    assert found.verdict == "unknown"


def test_user_who_may_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    nexus = {"/v1/security/ssl": Reply(403)}
    (found,) = hosts(monkeypatch, FINE, nexus, "nexus-host-cgr.dev")
    assert (found.slug, found.verdict) == ("nexus-forbidden", "unknown")


def test_other_hosts_are_warnings_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"host-{host.name}" for host in network.OTHERS]
    found = hosts(monkeypatch, HostView("refused", "refused"), {}, *ids)
    assert [f.check for f in found] == ids
    assert {f.verdict for f in found} == {"warning"}
    assert conclude(found) is None
