"""What stands in front of a Nexus, or in its place: nginx and a real registry."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from cgwizard.errors import WizardError
from cgwizard.net.trust import Trust
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.discovery import find
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials
from tests.support.ports import free_port
from tests.support.programs import needs

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_set_header Host $http_host;
  server {{
    listen 127.0.0.1:{tls} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.pem;
    location / {{ proxy_pass {nexus}; }}
  }}
  server {{ listen 127.0.0.1:{upgrade}; return 301 https://$host:{tls}$request_uri; }}
  server {{ listen 127.0.0.1:{down}; location / {{ proxy_pass http://127.0.0.1:{nothing}; }} }}
  server {{
    listen 127.0.0.1:{strips};
    location / {{ proxy_pass {nexus}; proxy_set_header Authorization ""; }}
  }}
}}
"""


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None, f"{command[0]} ended"
                    assert time.monotonic() < deadline, f"{command[0]} does not listen"
                    time.sleep(0.02)
            yield
        finally:
            process.terminate()


@needs("nginx")
def test_behind_nginx(world: PracticeWorld, tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "server.pem")
    )
    ports = {name: free_port() for name in ("tls", "upgrade", "down", "nothing", "strips")}
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, nexus=world.info.nexus_url, **ports))
    admin = Credentials(world.info.username, world.info.password)
    trust = Trust(ca_file=ca_file)
    with running(["nginx", "-p", str(tmp_path), "-c", str(config)], ports["tls"]):
        # nginx puts its own name in the Server header: Nexus is known by its API's description.
        # Plain HTTP and the redirect lead to HTTPS, and what was typed without a scheme does, too.
        for typed in (
            f"https://localhost:{ports['tls']}",
            f"localhost:{ports['tls']}",
            f"http://localhost:{ports['tls']}",
            f"http://localhost:{ports['upgrade']}",
        ):
            with find(typed, admin, trust) as client:
                assert client.base_url == f"https://localhost:{ports['tls']}"
                server = client.server()
                assert server.version is not None
                assert server.version.startswith("3.96.3")
                assert server.header.startswith("nginx")
                assert client.sign_in().administrator
                assert client.docker_supported()
        for port, code in (("down", "nexus-starting"), ("tls", "nexus-http-https-mismatch")):
            url = f"http://127.0.0.1:{ports[port]}"
            with pytest.raises(WizardError, match=code), NexusClient(url) as client:
                client.server()
        strips = f"http://127.0.0.1:{ports['strips']}"
        with (
            NexusClient(strips, admin) as client,
            pytest.raises(WizardError, match="nexus-behind-proxy-strips-auth"),
        ):
            client.sign_in()


@needs("docker-registry")
def test_a_registry_is_no_nexus(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {tmp_path}/data\n"
        f"http:\n  addr: 127.0.0.1:{port}\n"
    )
    with running(["docker-registry", "serve", str(config)], port):
        with pytest.raises(WizardError, match="nexus-wrong-port-is-connector"):
            find(f"127.0.0.1:{port}")
        with pytest.raises(WizardError, match="nexus-http-https-mismatch"):
            find(f"https://127.0.0.1:{port}")


def test_a_server_that_wants_a_client_certificate(tmp_path: Path) -> None:
    from tests.support.scripted_server import ScriptedServer

    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with (
        ScriptedServer(tls=context) as nexus,
        NexusClient(nexus.url, trust=Trust(ca_file=ca_file)) as client,
        pytest.raises(WizardError) as caught,
    ):
        client.server()
    assert caught.value.code == "nexus-tls-failed"
    assert "client certificate" in caught.value.problem.cause
