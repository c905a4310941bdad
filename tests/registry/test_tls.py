"""HTTPS: nginx before a real registry, with certificates that are trusted, pinned, or wrong."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from cgwizard.errors import WizardError
from cgwizard.net.trust import Trust
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import fault_proxy
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.ports import free_port
from tests.support.programs import needs
from tests.support.real_registry import PASSWORD, USERNAME, docker_registry, image, push, running

pytestmark = needs("docker-registry", "nginx")

NGINX = """
daemon off; worker_processes 1; pid {folder}/pid-{port}; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; proxy_buffering off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    client_max_body_size 0;
    location / {{
      proxy_pass {upstream};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""


@dataclass
class Served:
    url: str  # https://127.0.0.1:PORT
    upstream: str  # the registry itself, in plain HTTP
    ca_file: Path
    fingerprint: str

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]


@contextlib.contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[str]:
    """TLS before ``upstream``, with the certificate that lies in ``folder``."""
    port = free_port()
    settings = folder / f"nginx-{port}.conf"
    settings.write_text(NGINX.format(folder=folder, port=port, upstream=upstream))
    command = ["nginx", "-e", str(folder / "error.log"), "-c", str(settings)]
    with running(command, port, folder / "out"):
        yield f"https://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("nginx")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    certificate = ca.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    parsed = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    fingerprint = parsed.fingerprint(hashes.SHA256()).hex()
    with docker_registry(folder / "registry", htpasswd=True) as upstream:
        push(upstream, "a", image([50_000, 50_000]), "latest", (USERNAME, PASSWORD))
        with nginx(folder, upstream) as url:
            yield Served(url, upstream, folder / "ca.pem", fingerprint)


RIGHT = Credentials(USERNAME, Secret(PASSWORD))


def code_of(url: str, trust: Trust = Trust()) -> str:  # noqa: B008 -- immutable
    with pytest.raises(WizardError) as caught, Registry(url, RIGHT, trust=trust) as registry:
        registry.manifest("a", "latest")
    assert all([caught.value.problem.cause, caught.value.problem.next_step])
    return caught.value.code


@pytest.mark.parametrize("by", ["ca", "pin"])
def test_pull_over_tls(served: Served, by: str) -> None:
    trust = Trust(ca_file=served.ca_file)
    if by == "pin":
        trust = Trust(fingerprint=served.fingerprint)
    with Registry(served.url, RIGHT, trust=trust) as registry:
        done = pull(registry, Reference.parse(f"127.0.0.1:{served.port}/a"))
    assert done.layers == 3


@needs("skopeo")
def test_agrees_with_skopeo_over_tls(served: Served, tmp_path: Path) -> None:
    certificates = tmp_path / "certs"
    certificates.mkdir()
    os.link(served.ca_file, certificates / "ca.crt")
    inspected = subprocess.run(
        ["skopeo", "inspect", "--cert-dir", str(certificates), "--creds", f"{USERNAME}:{PASSWORD}",
         "--format", "{{.Digest}}", f"docker://127.0.0.1:{served.port}/a"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with Registry(served.url, RIGHT, trust=Trust(ca_file=served.ca_file)) as registry:
        assert registry.head("a", "latest").digest == inspected.stdout.strip()


def test_unknown_authority(served: Served) -> None:
    assert code_of(served.url) == "registry-tls-untrusted"


def test_other_name(served: Served) -> None:
    url = f"https://localhost:{served.port}"
    assert code_of(url, Trust(ca_file=served.ca_file)) == "registry-tls-name"


def test_plain_http_answered_to_https(served: Served) -> None:
    url = served.upstream.replace("http://", "https://")
    assert code_of(url) == "registry-http-https-mismatch"


def test_plain_http_sent_to_https(served: Served) -> None:
    url = served.url.replace("https://", "http://")
    assert code_of(url) == "registry-http-https-mismatch"


def test_password_is_not_sent_to_a_plain_realm(served: Served) -> None:
    """Nexus behind a proxy that forgets X-Forwarded-Proto names a realm in plain HTTP."""
    with fault_proxy(served.upstream) as plain:
        asks = f'Bearer realm="{plain.url}/token",service="x"'
        plain.rule("/v2/", OtherAnswer("401 Unauthorized", WWW_Authenticate=asks))
        with nginx(served.ca_file.parent, plain.url) as url:
            assert code_of(url, Trust(ca_file=served.ca_file)) == "challenge-wrong-host"
        assert not any("authorization" in asked.headers for asked in plain.requests)
