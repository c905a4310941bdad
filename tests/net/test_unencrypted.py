"""Whether a password that is sent to a URL crosses a network unencrypted."""

from __future__ import annotations

import socket

import pytest

from cgwizard.net.unencrypted import crosses
from tests.support.network_namespace import NOT_LOOPBACK


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "nexus.localhost", "[::1]", "0.0.0.0",
     "[::ffff:127.0.0.1]"],
)  # fmt: skip
@pytest.mark.parametrize("port", ["", ":8081"])
def test_this_machine(host: str, port: str) -> None:
    assert not crosses(f"http://{host}{port}")


def test_an_address_of_this_machine_and_names_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as own:
        try:
            own.bind((NOT_LOOPBACK, 0))
        except OSError:
            pytest.skip("only a worker of pytest-xdist has that address")
    assert not crosses(f"http://{NOT_LOOPBACK}:8081")
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (NOT_LOOPBACK, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert not crosses("http://this-host.example.com")
    found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("198.51.100.7", 0)))
    assert crosses("http://this-host.example.com"), "one of its addresses is another machine's"


@pytest.mark.parametrize(
    "host",
    ["192.0.2.77", "198.51.100.7:5051", "[2001:db8::1]", "[fe80::1234]", "nexus.invalid",
     "127.0.0.1.invalid", "localhost.invalid", "10.0.0.5", "xn--bcher-kva.invalid"],
)  # fmt: skip
def test_another_machine(host: str) -> None:
    assert crosses(f"http://{host}")
    assert not crosses(f"https://{host}")


@pytest.mark.parametrize("url", ["", "nexus.example.com", "http://", "http://[::", "ftp://a.b"])
def test_what_is_no_url_of_plain_http(url: str) -> None:
    assert not crosses(url) or url == "http://"


def test_a_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it goes over the network to whatever the proxy takes for that host."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the proxy looks the name up, not this machine")

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:3128")
    assert not crosses("http://localhost:8081")
    assert not crosses("http://[::1]:8081")
    monkeypatch.setattr(socket, "getaddrinfo", never)
    assert crosses("http://nexus.example.com:8081")
    assert crosses(f"http://{NOT_LOOPBACK}")
