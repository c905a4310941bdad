"""Signing in: Basic and Bearer at a real registry, and what Nexus and broken servers ask."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.errors import WizardError
from cgwizard.practice.faults.other_answer import OtherAnswer
from cgwizard.practice.faults.proxy import FaultProxy, fault_proxy
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.programs import needs
from tests.support.real_registry import PASSWORD, USERNAME, docker_registry, image, push
from tests.support.token_server import SERVICE, TokenServer, token_server

pytestmark = needs("docker-registry")

RIGHT = Credentials(USERNAME, Secret(PASSWORD))
WRONG = Credentials(USERNAME, Secret("incorrect-horse"))
QUICK = RetryPolicy(answer_seconds=5, first_pause=0.01, longest_pause=0.02, tries=2)
OPEN, CLOSED = "public/image", "private/image"
UNAUTHORIZED = b'{"errors":[{"code":"UNAUTHORIZED","message":"no access","detail":null}]}'


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("basic"), htpasswd=True) as url:
        push(url, CLOSED, image([5000, 5000, 5000, 5000]), "latest", (USERNAME, PASSWORD))
        yield url


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("plain")) as url:
        push(url, OPEN, image([5000, 5000]), "latest")
        yield url


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenServer]:
    with token_server(tmp_path) as tokens:
        yield tokens


@pytest.fixture
def bearer(tmp_path: Path, tokens: TokenServer, plain: str) -> Iterator[str]:
    """A registry with token sign-in; its content is made by one without."""
    for name in (OPEN, CLOSED):
        with docker_registry(tmp_path / "bearer") as url:
            push(url, name, image([5000, 5000]), "latest")
    with docker_registry(tmp_path / "bearer", token=tokens.settings) as url:
        yield url


def code_of(url: str, name: str, credentials: Credentials | None) -> str:
    with Registry(url, credentials, patience=QUICK) as registry:
        with pytest.raises(WizardError) as caught:
            registry.manifest(name, "latest")
        assert PASSWORD not in repr(caught.value.problem)
        assert "incorrect-horse" not in repr(caught.value.problem)
        return caught.value.code


def pulled(url: str, name: str, credentials: Credentials | None) -> None:
    with Registry(url, credentials, patience=QUICK) as registry:
        pull(registry, Reference.parse(f"{url.removeprefix('http://')}/{name}"))


def test_basic(basic: str) -> None:
    pulled(basic, CLOSED, RIGHT)
    with Registry(basic, RIGHT) as registry:
        registry.check_credentials(CLOSED)


def test_basic_without_credentials(basic: str) -> None:
    assert code_of(basic, CLOSED, None) == "no-login"


def test_wrong_password_is_sent_once(basic: str) -> None:
    with fault_proxy(basic) as proxy, Registry(proxy.url, WRONG, patience=QUICK) as registry:
        for _ in range(3):
            with pytest.raises(WizardError) as caught:
                registry.manifest(CLOSED, "latest")
            assert caught.value.code == "token-refused"
        with pytest.raises(WizardError):
            registry.check_credentials(CLOSED)
        assert sum("authorization" in asked.headers for asked in proxy.requests) == 1


def test_password_that_ends_during_a_pull_is_not_tried_again(basic: str) -> None:
    with fault_proxy(basic) as proxy, Registry(proxy.url, RIGHT, patience=QUICK) as registry:
        proxy.rule(
            "blobs/",
            OtherAnswer("401 Unauthorized", UNAUTHORIZED, WWW_Authenticate='BASIC realm="x"'),
            after=2,
        )
        with pytest.raises(WizardError) as caught:
            pull(registry, Reference.parse(f"127.0.0.1:{proxy.port}/{CLOSED}"), parallel=1)
        assert caught.value.code == "no-read-privilege"
        assert proxy.count("blobs/") == 3


def test_bearer_for_everybody(bearer: str, tokens: TokenServer) -> None:
    pulled(bearer, OPEN, None)
    # One token for manifest, config and layers, asked for with what the challenge said.
    assert tokens.asked == [(SERVICE, [f"repository:{OPEN}:pull"], "")]


def test_bearer_with_credentials(bearer: str, tokens: TokenServer) -> None:
    tokens.member = "access_token"
    tokens.expires_in = None
    pulled(bearer, CLOSED, RIGHT)
    assert tokens.asked == [(SERVICE, [f"repository:{CLOSED}:pull"], USERNAME)]


def test_bearer_is_per_repository(bearer: str, tokens: TokenServer) -> None:
    with Registry(bearer, RIGHT) as registry:
        registry.manifest(OPEN, "latest")
        registry.manifest(CLOSED, "latest")
        registry.manifest(OPEN, "latest")
    assert [scopes for _, scopes, _ in tokens.asked] == [
        [f"repository:{OPEN}:pull"],
        [f"repository:{CLOSED}:pull"],
    ]


def test_token_is_renewed_when_it_runs_out(bearer: str, tokens: TokenServer) -> None:
    tokens.lives = -60  # the registry refuses it at once
    with Registry(bearer, RIGHT, patience=QUICK) as registry:
        with pytest.raises(WizardError) as caught:
            registry.manifest(CLOSED, "latest")
        assert caught.value.code == "no-read-privilege"
        assert len(tokens.asked) <= 3, "it is not asked for again and again"
        tokens.lives = 300
        assert registry.manifest(CLOSED, "latest")


def test_token_that_ran_out_unnoticed_is_renewed(bearer: str, tokens: TokenServer) -> None:
    with fault_proxy(bearer) as proxy, Registry(proxy.url, RIGHT) as registry:
        registry.manifest(CLOSED, "latest")
        challenge = f'Bearer realm="{tokens.url}/token",service="{SERVICE}",error="invalid_token"'
        proxy.rule(
            "manifests/",
            OtherAnswer("401 Unauthorized", UNAUTHORIZED, WWW_Authenticate=challenge),
            times=1,
        )
        assert registry.manifest(CLOSED, "latest")
    assert len(tokens.asked) == 2


def test_scope_of_the_challenge_is_asked_for_too(bearer: str, tokens: TokenServer) -> None:
    more = "repository:public/base:pull"
    challenge = f'Bearer realm="{tokens.url}/token",service="{SERVICE}",scope="{more}"'
    with fault_proxy(bearer) as proxy, Registry(proxy.url) as registry:
        proxy.rule(
            "manifests/",
            OtherAnswer("401 Unauthorized", UNAUTHORIZED, WWW_Authenticate=challenge),
            times=1,
        )
        assert registry.manifest(OPEN, "latest")
    assert tokens.asked == [(SERVICE, [f"repository:{OPEN}:pull", more], "")]


def test_anonymous_is_refused(bearer: str) -> None:
    assert code_of(bearer, CLOSED, None) == "not-entitled"


def test_wrong_password_is_sent_to_the_token_endpoint_once(
    bearer: str, tokens: TokenServer
) -> None:
    with Registry(bearer, WRONG, patience=QUICK) as registry:
        for name in (CLOSED, OPEN, CLOSED):
            with pytest.raises(WizardError) as caught:
                registry.check_credentials(name)
            assert caught.value.code == "token-refused"
            assert "401" in caught.value.problem.came_back
    assert len(tokens.asked) == 1


def test_threads_send_a_wrong_password_once(bearer: str, tokens: TokenServer) -> None:
    with Registry(bearer, WRONG, patience=QUICK) as registry:

        def ask() -> None:
            with pytest.raises(WizardError):
                registry.manifest(CLOSED, "latest")

        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(tokens.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"{}", b'{"token":""}', b'{"token":7}', b'{"token":"a\\r\\nb"}', b"[" * 9999],
)
def test_unusable_token(bearer: str, tokens: TokenServer, body: bytes) -> None:
    tokens.answer = (200, body)
    assert code_of(bearer, OPEN, None) == "token-unreadable"


def test_failing_token_endpoint_is_retried_with_an_end(bearer: str, tokens: TokenServer) -> None:
    tokens.answer = (502, b"")
    assert code_of(bearer, OPEN, RIGHT) == "registry-unavailable"
    assert len(tokens.asked) == 1 + QUICK.tries


# --- Nexus ---

NEXUS = {"Server": "Nexus/3.96.0-01 (COMMUNITY)", "Docker_Distribution_Api_Version": "registry/2.0"}
LOCKED = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"Too many authentication attempts"}]}'


@pytest.fixture
def nexus(plain: str) -> Iterator[FaultProxy]:
    with fault_proxy(plain) as proxy:
        yield proxy


def basic_nexus(proxy: FaultProxy, status: str, body: bytes) -> None:
    """A connector with forced Basic sign-in that answers so to every sign-in."""
    asks = 'BASIC realm="Sonatype Nexus Repository Manager"'
    asking = OtherAnswer("401 Unauthorized", UNAUTHORIZED, WWW_Authenticate=asks, **NEXUS)
    proxy.rule("/v2/", asking, times=1)
    proxy.rule("/v2/", OtherAnswer(status, body, WWW_Authenticate=asks, **NEXUS))


def test_nexus_wrong_password(nexus: FaultProxy) -> None:
    basic_nexus(nexus, "401 Unauthorized", UNAUTHORIZED)
    assert code_of(nexus.url, OPEN, WRONG) == "login-wrong"
    assert len(nexus.requests) == 2


def test_nexus_locks_out(nexus: FaultProxy) -> None:
    basic_nexus(nexus, "429 Too Many Requests", LOCKED)
    with Registry(nexus.url, RIGHT, patience=QUICK) as registry:
        for _ in range(2):
            with pytest.raises(WizardError) as caught:
                registry.manifest(OPEN, "latest")
            assert caught.value.code == "nexus-locked-out"
    assert len(nexus.requests) == 2, "no password is sent while Nexus counts them"


NOT_FOUND, FORBIDDEN, DOWN = "404 Not Found", "403 Forbidden", "503 Service Unavailable"


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (NOT_FOUND, "Remote Auto Blocked until 2026-08-13T07:45:05.681Z", "remote-auto-blocked"),
        (NOT_FOUND, "Remote Manually Blocked", "remote-manually-blocked"),
        (NOT_FOUND, "manifest unknown", "manifest-unknown"),
        (DOWN, "Repository offline", "repository-offline"),
        (DOWN, "Nexus Repository Manager is in read-only mode", "nexus-read-only"),
        (FORBIDDEN, "PAYMENT REQUIRED: At current usage levels, ...", "nexus-ce-limit"),
        (FORBIDDEN, "You must accept the End User License Agreement", "nexus-eula"),
        (FORBIDDEN, "denied", "no-read-privilege"),
    ],
)
def test_nexus_says_why(nexus: FaultProxy, status: str, message: str, code: str) -> None:
    body = f'{{"errors":[{{"code":"X","message":"{message}"}}]}}'.encode()
    nexus.rule("manifests/", OtherAnswer(status, body, **NEXUS))
    assert code_of(nexus.url, OPEN, None) == code
    assert len(nexus.requests) == 1, "none of these passes by itself"


@pytest.mark.parametrize(
    "realm",
    [
        "null://127.0.0.1:{port}/v2/token",
        "http://nexus.example.com/v2/token",
        "http://127.0.0.1:5051:5051/v2/token",
        "file:///etc/passwd",
    ],
)
def test_realm_that_must_not_have_the_password(nexus: FaultProxy, realm: str) -> None:
    asks = f'Bearer realm="{realm.format(port=nexus.port)}",service="x"'
    nexus.rule("/v2/", OtherAnswer("401 Unauthorized", UNAUTHORIZED, WWW_Authenticate=asks))
    assert code_of(nexus.url, OPEN, RIGHT) == "challenge-wrong-host"
    assert not any("authorization" in asked.headers for asked in nexus.requests)


def test_sign_in_that_stands_in_a_realm_is_not_used(nexus: FaultProxy) -> None:
    realm = f"http://someone:else@127.0.0.1:{nexus.port}/token"
    asks = f'Bearer realm="{realm}",service="x"'
    nexus.rule("/token", OtherAnswer("401 Unauthorized"))
    nexus.rule("/v2/", OtherAnswer("401 Unauthorized", UNAUTHORIZED, WWW_Authenticate=asks))
    code_of(nexus.url, OPEN, RIGHT)
    (sent,) = (asked for asked in nexus.requests if asked.target.startswith("/token"))
    pair = f"{USERNAME}:{PASSWORD}".encode()
    assert sent.headers["authorization"] == f"Basic {b64encode(pair).decode()}"


# --- redirects ---


def test_credentials_do_not_follow_a_redirect(basic: str, plain: str) -> None:
    with fault_proxy(plain) as elsewhere, fault_proxy(basic) as proxy:
        document = image([1000])
        push(plain, "cdn", document, "latest")
        push(basic, "cdn", document, "latest", (USERNAME, PASSWORD))
        for digest in document.blobs:
            path = f"/v2/cdn/blobs/{digest}"
            proxy.rule(
                path,
                OtherAnswer("307 Temporary Redirect", Location=f"{elsewhere.url}{path}?signed=1"),
            )
        with Registry(proxy.url, RIGHT) as registry:
            done = pull(registry, Reference.parse(f"127.0.0.1:{proxy.port}/cdn"))
        assert {source.host for source in done.sources} == {f"127.0.0.1:{elsewhere.port}"}
        assert elsewhere.requests
        assert not any("authorization" in asked.headers for asked in elsewhere.requests)
        assert any("authorization" in asked.headers for asked in proxy.requests)


def test_credentials_stay_away_when_a_redirect_comes_back(basic: str) -> None:
    """Elsewhere could choose what is asked for at home with our sign-in."""
    with fault_proxy(basic) as proxy, fault_proxy(basic) as elsewhere:
        away = f"{elsewhere.url}/v2/{CLOSED}/manifests/latest"
        home = f"{proxy.url}/v2/{CLOSED}/manifests/other"
        proxy.rule("manifests/latest", OtherAnswer("302 Found", Location=away))
        elsewhere.rule("manifests/", OtherAnswer("302 Found", Location=home))
        assert code_of(proxy.url, CLOSED, RIGHT) == "sign-in-not-shown"
        back = [asked for asked in proxy.requests if "other" in asked.target]
        assert back
        assert "authorization" not in back[0].headers


def test_host_of_a_redirect_cannot_ask_for_the_password(basic: str, tokens: TokenServer) -> None:
    with fault_proxy(basic) as elsewhere, fault_proxy(basic) as proxy:
        asks = f'Bearer realm="{tokens.url}/token",service="x"'
        elsewhere.rule("/", OtherAnswer("401 Unauthorized", WWW_Authenticate=asks))
        proxy.rule("manifests/", OtherAnswer("307 Found", Location=f"{elsewhere.url}/away"))
        assert code_of(proxy.url, CLOSED, RIGHT) == "registry-redirect"
        assert tokens.asked == []
        assert not any("authorization" in asked.headers for asked in elsewhere.requests)


@pytest.mark.parametrize("echo", ["{password}", "Basic {basic}"])
def test_server_that_repeats_the_password_is_not_repeated(basic: str, echo: str) -> None:
    encoded = b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    said = f"got {echo.format(password=PASSWORD, basic=encoded)}".encode()
    with fault_proxy(basic) as proxy, Registry(proxy.url, RIGHT, patience=QUICK) as registry:
        proxy.rule("manifests/", OtherAnswer("400 Bad Request", said))
        with pytest.raises(WizardError) as caught:
            registry.manifest(CLOSED, "latest")
    assert "***" in caught.value.problem.came_back
    assert PASSWORD not in str(caught.value)
    assert encoded not in str(caught.value)
