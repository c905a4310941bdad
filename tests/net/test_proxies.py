"""Which proxy a request takes: as docker, podman, containerd and crane choose it."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from cgwizard.errors import WizardError
from cgwizard.net.client import http_client
from cgwizard.net.proxies import choose, direct_by, exception_for, proxy_for
from cgwizard.nexus.client import NexusClient
from cgwizard.registry.client import Registry
from cgwizard.registry.retry import RetryPolicy
from tests.commands.test_pull_input import ended
from tests.support.ports import free_port
from tests.support.scripted_server import Reply, ScriptedServer, problem

PROXY = "http://proxy.corp:3128"
NAMES = [
    "http://nexus.example.com",
    "https://nexus.example.com",
    "https://nexus.example.com:8443",
    "https://example.com",
    "https://badexample.com",
    "https://a.b.example.com",
    "https://cgr.dev",
    "https://xn--bcher-kva.example",
    "http://10.0.5.1:8081",
    "https://10.1.0.9",
    "https://192.168.7.1",
    "http://[fd00::1]:8081",
    "https://[fd00:0:0::2]",
    "https://[2001:db8::1]:8443",
    "https://[::ffff:10.0.5.1]",
    "http://localhost:8081",
    "http://localhost.localdomain",
    "http://sub.localhost",
    "http://127.0.0.1:8081",
    "http://127.9.9.9",
    "https://[::1]:8443",
]
LISTS = [
    "",
    "*",
    "foo,*",
    "*,foo",
    "example.com",
    ".example.com",
    "*.example.com",
    "EXAMPLE.com",
    " example.com , cgr.dev ",
    "example.com cgr.dev",
    "nexus.example.com:8443",
    "nexus.example.com:443",
    "example.com:",
    ":443",
    "example.com.",
    "xample.com",
    "com",
    ".",
    "*.",
    "*example.com",
    "a.b.example.com,,",
    "10.0.0.0/16",
    "10.0.5.1/8",
    "10.0.5.1/08",
    "10.0.0.0/255.0.0.0",
    "10.0.0.0/99",
    "10.0.5.1",
    "10.0.5.1:8081",
    "10.0.5.1:80",
    "10.0.5",
    "10.",
    "010.0.5.1",
    "fd00::1",
    "FD00::1",
    "fd00::/8",
    "[fd00::1]:8081",
    "[fd00::1]:80",
    "fd00:0:0:0::2",
    "2001:db8::/32,cgr.dev",
    "::ffff:10.0.5.1",
    "::ffff:10.0.0.0/112",
    "0.0.0.0/0",
    "::/0",
    "[::1]",
    "[::1]:8443",
    "[",
    "]",
    "[::1",
    "a:b:c",
    "http://example.com",
    "/",
    "b\u00fccher.example",
    "localhost",
    "%",
    "-",
]
VALUES = [
    "http://proxy.corp:3128",
    "proxy.corp:3128",
    "proxy.corp",
    "HTTP://proxy.corp:3128/",
    "http://me:secret@proxy.corp:3128",
    "me:secret@proxy.corp:3128",
    "https://proxy.corp",
    "socks5://proxy.corp:1080",
    "localhost:3128",
    "10.0.0.1:3128",
    "[fd00::9]:3128",
    "http://[fd00::9]:3128",
    "",
]


def chosen(url: str) -> str:
    return proxy_for(httpx.URL(url)) or "direct"


# Go's answers, recorded; the referee below compares all pairs where Go is installed.
@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("example.com", "https://nexus.example.com", True),
        ("example.com", "https://badexample.com", False),
        (".example.com", "https://example.com", False),
        (".example.com", "https://a.b.example.com", True),
        ("*.example.com", "https://example.com", False),
        ("*.example.com", "https://nexus.example.com", True),
        ("*", "https://cgr.dev", True),
        ("foo,*", "https://cgr.dev", True),
        ("nexus.example.com:8443", "https://nexus.example.com:8443", True),
        ("nexus.example.com:8443", "https://nexus.example.com", False),
        ("nexus.example.com:443", "https://nexus.example.com", True),
        ("example.com cgr.dev", "https://cgr.dev", False),
        ("10.0.0.0/16", "http://10.0.5.1:8081", True),
        ("10.0.0.0/16", "https://10.1.0.9", False),
        ("10.0.5.1:8081", "http://10.0.5.1:8081", True),
        ("10.0.5.1:80", "http://10.0.5.1:8081", False),
        ("10.0.5", "http://10.0.5.1:8081", False),
        ("fd00::1", "http://[fd00::1]:8081", True),
        ("FD00::1", "http://[fd00::1]:8081", True),
        ("[fd00::1]:8081", "http://[fd00::1]:8081", True),
        ("[fd00::1]:80", "http://[fd00::1]:8081", False),
        ("fd00::/8", "https://[fd00:0:0::2]", True),
        ("::/0", "https://10.1.0.9", False),
        ("10.0.5.1", "https://[::ffff:10.0.5.1]", True),
        ("b\u00fccher.example", "https://xn--bcher-kva.example", True),
        ("[::1]", "https://cgr.dev", False),
        ("", "http://localhost:8081", True),
        ("", "http://127.9.9.9", True),
        ("", "https://[::1]:8443", True),
        ("", "http://sub.localhost", False),
        # Not as Go, which reads these as a name that no host has.
        ("[fd00::1]", "http://[fd00::1]:8081", True),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, direct: bool) -> None:
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert chosen(url) == ("direct" if direct else PROXY)


@pytest.fixture(scope="session")
def referee() -> Callable[[dict[str, str], list[str]], list[str]]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed; its recorded answers are tested")
    folder = Path(tempfile.gettempdir(), f"cgwizard-referee-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    program = folder / "referee"
    subprocess.run(
        ["go", "build", "-o", program, Path(__file__).parent.parent / "support/proxy_referee.go"],
        check=True,
        env={
            **os.environ,
            "GOCACHE": str(folder / "cache"),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
        },
    )

    def ask(variables: dict[str, str], urls: list[str]) -> list[str]:
        done = subprocess.run(
            [program],
            env=variables,
            input="\n".join(urls),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    return ask


def test_go_is_of_the_same_opinion(
    referee: Callable[[dict[str, str], list[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for no_proxy in LISTS:
        variables = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert [chosen(url) for url in NAMES] == referee(variables, NAMES), no_proxy


def test_go_reads_the_same_address(
    referee: Callable[[dict[str, str], list[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = ["http://cgr.dev", "https://cgr.dev"]
    for value in VALUES:
        variables = {"HTTP_PROXY": value, "HTTPS_PROXY": value}
        for name in variables:
            monkeypatch.setenv(name, value)
        assert [chosen(url) for url in urls] == referee(variables, urls), value


def test_small_letters_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://big:1")
    monkeypatch.setenv("https_proxy", "http://small:1")
    monkeypatch.setenv("NO_PROXY", "cgr.dev")
    monkeypatch.setenv("no_proxy", "other.dev")
    assert chosen("https://cgr.dev") == "http://small:1"
    assert choose(httpx.URL("https://cgr.dev")).variable == "https_proxy"  # type: ignore[union-attr]
    monkeypatch.setenv("https_proxy", "")
    assert chosen("https://cgr.dev") == "http://big:1"
    assert chosen("https://other.dev") == "direct"
    assert exception_for(httpx.URL("https://other.dev")) == "other.dev"


def test_all_proxy_counts_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://tls:1")
    assert (chosen("https://cgr.dev"), chosen("http://cgr.dev")) == ("http://tls:1", "http://all:1")


@pytest.mark.parametrize(
    "variables",
    [
        {"NO_PROXY": "[::1]"},
        {"no_proxy": "[::1],[fe80::1%eth0],*:80,:,[,%zz"},
        {"ALL_PROXY": "socks5://127.0.0.1:1080"},
        {"HTTPS_PROXY": "socks5h://127.0.0.1:1080"},
        {"HTTP_PROXY": "http://[", "NO_PROXY": "*"},
        {"HTTPS_PROXY": "ftp://\u00fc:@:x", "ALL_PROXY": "nonsense://"},
        {"HTTP_PROXY": "socks4://x", "NO_PROXY": "127.0.0.0/8"},
    ],
)
def test_what_is_not_used_never_fails(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer() as nexus:
        with NexusClient(nexus.url) as client:
            assert client.server().version == "3.96.3-01"
        with Registry(nexus.url) as registry:
            assert registry.ping().status == 404


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_socks_proxy_that_would_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "socks5://me:hunter2@proxy.corp:1080")
    error = problem("https://nexus.invalid")
    with Registry("https://nexus.invalid") as registry, pytest.raises(WizardError) as caught:
        registry.ping()
    for each in (error, caught.value):
        assert each.code == "client-proxy-in-the-way"
        assert variable in each.problem.cause
        assert "SOCKS" in each.problem.came_back
        assert "hunter2" not in str(each.problem)


@pytest.mark.parametrize("password", ["hunter2", "p@ss", "a%40b", "a/b#c?"])
def test_sign_in_at_a_proxy(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    with ScriptedServer({"http://nexus.invalid/": Reply(200, "{}")}) as proxy:
        value = proxy.url.removeprefix("http://")
        monkeypatch.setenv("HTTP_PROXY", f"me:{password}@{value}")
        assert chosen("http://nexus.invalid") == proxy.url
        with http_client("http://nexus.invalid") as client:
            assert client.get("/").status_code == 200


def test_the_address_of_a_plain_proxy_says_https(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as proxy:
        for variable, url in (
            ("HTTP_PROXY", "http://nexus.invalid"),
            ("https_proxy", "https://nexus.invalid"),
        ):
            monkeypatch.setenv(variable, proxy.url.replace("http:", "https:"))
            error = problem(url)
            with (
                Registry(url, patience=RetryPolicy(tries=0)) as registry,
                pytest.raises(WizardError) as caught,
            ):
                registry.manifest("nginx", "latest")
            for each in (error, caught.value):
                assert each.code == "client-proxy-in-the-way"
                assert variable in each.problem.cause
                assert each.problem.next_step == f"write {proxy.url} in {variable}"


def test_a_proxy_asked_in_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> None:
    """Its certificate is believed as those of servers are."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer({"http://nexus.invalid/": Reply(200, "{}")}, tls=context) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with http_client("http://nexus.invalid") as client:
            assert client.get("/").status_code == 200


def test_failures_name_variable_and_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_home(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    port = free_port()
    monkeypatch.setattr(socket, "getaddrinfo", at_home)
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
    with Registry("http://nexus.example.com", patience=RetryPolicy(tries=0)) as registry:
        with pytest.raises(WizardError) as through:
            registry.manifest("nginx", "latest")
        monkeypatch.setenv("NO_PROXY", ".com")
        with pytest.raises(WizardError) as direct:
            registry.manifest("nginx", "latest")
    assert through.value.code == "client-proxy-in-the-way"
    assert "http_proxy" in through.value.problem.cause
    assert "http_proxy" in through.value.problem.next_step
    assert direct.value.code == "registry-refused"
    assert "the entry .com of NO_PROXY" in direct.value.problem.cause
    error = problem(f"http://nexus.example.com:{port}")
    assert error.code == "nexus-refused"
    assert "the entry .com of NO_PROXY" in error.problem.cause
    assert direct_by(httpx.URL("http://127.0.0.1")) == ""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_proxy_that_wants_a_sign_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Reply(407, "<html><title>Proxy sign-in</title>", {"Content-Type": "text/html"})
    routes = {"http://nexus.invalid/v2/a/manifests/latest": page}
    with ScriptedServer(routes, server_header="squid") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with (
            Registry("http://nexus.invalid", patience=RetryPolicy(tries=0)) as registry,
            pytest.raises(WizardError) as caught,
        ):
            registry.manifest("a", "latest")
    assert caught.value.code == "client-proxy-in-the-way"
    assert "http_proxy" in caught.value.problem.cause
    assert "http_proxy" in caught.value.problem.next_step


@pytest.mark.parametrize(
    "variables",
    [{"NO_PROXY": "[::1]"}, {"ALL_PROXY": "socks5://x:1"}, {"https_proxy": "http://["}],
)
def test_commands_do_not_care_for_what_is_not_used(variables: dict[str, str]) -> None:
    unknown = Reply(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
    with ScriptedServer({"/v2/a/manifests/latest": unknown}, server_header=None) as server:
        code, _, errors = ended(f"127.0.0.1:{server.port}/a", env=variables)
    assert code == 12, errors
    assert "proxy" not in errors.lower()
