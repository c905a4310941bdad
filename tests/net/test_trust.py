"""Certificates of one's own authority: files in PEM and in DER, named by hand or by a variable."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from cgwizard.errors import WizardError
from cgwizard.net.trust import Trust
from cgwizard.nexus.client import NexusClient
from cgwizard.registry.client import Registry
from cgwizard.registry.retry import RetryPolicy
from tests.support.scripted_server import ScriptedServer, problem

VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def url(authority: trustme.CA) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(tls=context) as server:
        yield server.url


@pytest.fixture(params=["pem", "der", "two-der"])
def file(request: pytest.FixtureRequest, authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority"
    pem = authority.cert_pem.bytes()
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    other = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
    path.write_bytes({"pem": pem, "der": der, "two-der": other + der}[request.param])
    return path


def refused(url: str, trust: Trust) -> list[WizardError]:
    with (
        Registry(url, trust=trust, patience=RetryPolicy(tries=0)) as registry,
        pytest.raises(WizardError) as caught,
    ):
        registry.manifest("nginx", "latest")
    errors = [problem(url, trust), caught.value]
    assert [each.code for each in errors] == ["nexus-tls-untrusted", "registry-tls-untrusted"]
    return errors


def test_ca_file(url: str, file: Path) -> None:
    with NexusClient(url, trust=Trust(ca_file=file)) as client:
        assert client.server().version == "3.96.3-01"


@pytest.mark.parametrize("variable", VARIABLES)
def test_variable(monkeypatch: pytest.MonkeyPatch, url: str, file: Path, variable: str) -> None:
    for each in refused(url, Trust()):
        assert not any(name in each.problem.cause for name in VARIABLES)
    monkeypatch.setenv(variable, str(file))
    with NexusClient(url) as client:
        assert client.server().version == "3.96.3-01"
    with Registry(url) as registry:
        assert registry.ping().status == 404


@pytest.mark.parametrize("variable", VARIABLES)
def test_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, tmp_path: Path, variable: str
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv(variable, str(other))
    for each in refused(url, Trust()):
        assert f"{variable} names {other}, which does not hold" in each.problem.cause
    for text in (b"no certificate", b"-----BEGIN CERTIFICATE-----\nbroken", b""):
        other.write_bytes(text)
        for each in refused(url, Trust()):
            assert f"{variable} names {other}, which cannot be read" in each.problem.cause
    other.unlink()
    for each in refused(url, Trust()):
        assert "No such file" in each.problem.cause


def test_order(monkeypatch: pytest.MonkeyPatch, url: str, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    for each in refused(url, Trust(ca_file=other)):
        assert f"the CA file {other} does not hold" in each.problem.cause
        assert "REQUESTS_CA_BUNDLE" not in each.problem.cause
    monkeypatch.setenv("CURL_CA_BUNDLE", str(other))
    with NexusClient(url) as client:
        assert client.server().version == "3.96.3-01"


def test_plain_http_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with ScriptedServer() as nexus, NexusClient(nexus.url) as client:
        assert client.server().version == "3.96.3-01"


@pytest.mark.parametrize("raw", [b"", b"neither", b"\x30\x03\x02\x01", b"-----BEGIN X-----\n"])
def test_no_certificate_in_the_ca_file(url: str, tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "ca"
    path.write_bytes(raw)
    error = problem(url, Trust(ca_file=path))
    assert error.code == "ca-file-unreadable"
    assert str(path) in error.problem.tried
