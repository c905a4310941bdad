"""Certificates that are not believed, the wrong scheme, and proxies of the environment."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from cgwizard.net.trust import Trust
from cgwizard.nexus.certificates import UntrustedCertificate
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.connection_errors import NexusElsewhere
from cgwizard.nexus.discovery import find
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer, problem

STATUS = "/service/rest/v1/status"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(cert: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


def test_a_certificate_of_ones_own_authority_and_three_ways_on(
    authority: trustme.CA, tmp_path: Path
) -> None:
    with ScriptedServer(tls=tls(authority.issue_cert("127.0.0.1"))) as nexus:
        error = problem(nexus.url)
        assert error.code == "nexus-tls-untrusted"
        assert isinstance(error, UntrustedCertificate)
        assert (error.host, error.port) == ("127.0.0.1", nexus.port)
        assert "trustme" in error.issuer
        assert "127.0.0.1" in error.certificate.names
        assert error.certificate.not_after is not None
        assert len(error.fingerprint) == 64

        ca_file = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        with NexusClient(nexus.url, trust=Trust(ca_file=ca_file)) as client:
            assert client.server().version == "3.96.3-01"
        with NexusClient(nexus.url, trust=Trust(fingerprint=error.fingerprint)) as client:
            assert client.server().version == "3.96.3-01"
        changed = problem(nexus.url, Trust(fingerprint="0" * 64))
        assert changed.code == "nexus-certificate-changed"


def test_a_certificate_for_another_name(authority: trustme.CA, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with ScriptedServer(tls=tls(authority.issue_cert("nexus.example.com"))) as nexus:
        error = problem(nexus.url, Trust(ca_file=ca_file))
    assert error.code == "nexus-tls-name"
    assert "nexus.example.com" in error.problem.came_back
    assert isinstance(error, UntrustedCertificate)


def test_an_expired_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    old = authority.issue_cert(
        "127.0.0.1",
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2021, 1, 1, tzinfo=UTC),
    )
    with ScriptedServer(tls=tls(old)) as nexus:
        error = problem(nexus.url, Trust(ca_file=ca_file))
    assert error.code == "nexus-tls-expired"
    assert "2021-01-01" in error.problem.came_back


def test_a_pinned_server_that_is_gone() -> None:
    pinned = Trust(fingerprint="0" * 64)
    assert problem(f"https://127.0.0.1:{free_port()}", pinned).code == "nexus-refused"


def test_https_to_a_plain_port_and_back(authority: trustme.CA) -> None:
    with ScriptedServer() as plain:
        error = problem(f"https://127.0.0.1:{plain.port}")
        assert error.code == "nexus-http-https-mismatch"
        assert isinstance(error, NexusElsewhere)
        assert error.base_url == plain.url
    with ScriptedServer(tls=tls(authority.issue_cert("127.0.0.1"))) as nexus:
        error = problem(f"http://127.0.0.1:{nexus.port}")
        assert error.code == "nexus-http-https-mismatch"
        assert isinstance(error, NexusElsewhere)
        assert error.base_url == nexus.url


def this_machine(host: str, port: int, *_: object, **__: object) -> list[object]:
    """Every name is this machine's, which Go and so we never send to a proxy by its usual ones."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = free_port()
    monkeypatch.setenv("HTTP_PROXY", f"http://me:hunter2@127.0.0.1:{proxy}")
    monkeypatch.setattr(socket, "getaddrinfo", this_machine)
    with ScriptedServer() as nexus:
        url = f"http://nexus.test:{nexus.port}"
        error = problem(url)
        assert error.code == "client-proxy-in-the-way"
        assert f"127.0.0.1:{proxy}" in error.problem.tried
        assert "without the proxy a connection works" in error.problem.cause
        assert "hunter2" not in str(error.problem)
        monkeypatch.setenv("NO_PROXY", "nexus.test")
        with NexusClient(url) as client:
            assert client.server().version == "3.96.3-01"


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    routes = {f"http://nexus.invalid:8081{STATUS}": Reply(status, "<h1>blocked by policy</h1>")}
    with ScriptedServer(routes, server_header="squid") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        error = problem("http://nexus.invalid:8081")
        assert error.code == "client-proxy-in-the-way"
        assert "blocked by policy" in error.problem.came_back
        assert "NO_PROXY" in error.problem.next_step


def test_a_proxy_that_refuses_the_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer({"CONNECT nexus.invalid:443": Reply(403)}, server_header="squid") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert problem("https://nexus.invalid").code == "client-proxy-in-the-way"


def test_find_takes_the_scheme_that_answers(authority: trustme.CA, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with ScriptedServer(tls=tls(authority.issue_cert("127.0.0.1"))) as nexus:
        typed = f"127.0.0.1:{nexus.port}"
        with find(typed, None, Trust(ca_file=ca_file)) as client:
            assert client.base_url == nexus.url
        with pytest.raises(UntrustedCertificate):
            find(typed)
