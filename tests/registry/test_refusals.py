"""What a refusal is said to mean: by who answered and what was shown to it, not by its status."""

from __future__ import annotations

import pytest

from cgwizard.commands.pull.options import PullOptions, advised
from cgwizard.errors import AnsweredBy
from cgwizard.registry.client import Registry
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import Descriptor
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.scripted_server import ReceivedRequest, Reply, Route, ScriptedServer

ME = Credentials("me", Secret("hunter2"))
ONCE = RetryPolicy(tries=0)
OWN = {"Docker-Distribution-Api-Version": "registry/2.0", "Content-Type": "application/json"}
JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
HTML = {"Content-Type": "text/html; charset=utf-8", "Server": "FilterBox"}
PAGE = "<!DOCTYPE html><html><head><title lang=en>Blocked &amp; logged\x1b[31m</title></head>no"
LATEST = "/v2/a/manifests/latest"
BLOB = Descriptor(f"sha256:{'0' * 64}", 6)
BASIC = {"WWW-Authenticate": 'Basic realm="registry"', **OWN}


def wanting(reply: Reply, header: dict[str, str] = BASIC) -> Route:
    def route(request: ReceivedRequest) -> Reply:
        return reply if request.authorization else Reply(401, "", header)

    return route


def refusal(server: ScriptedServer, credentials: Credentials | None = ME) -> RegistryError:
    with (
        Registry(server.url, credentials, patience=ONCE, name="cgr.dev") as registry,
        pytest.raises(RegistryError) as caught,
    ):
        registry.manifest("a", "latest")
    return caught.value


def at_the_realm(reply: Reply, credentials: Credentials | None = ME) -> RegistryError:
    with ScriptedServer(server_header=None) as server:
        challenge = {"WWW-Authenticate": f'Bearer realm="{server.url}/token",service="x"', **OWN}
        server.routes |= {"/v2/": Reply(401, "", challenge), "/token": reply}
        server.routes[LATEST] = wanting(Reply(404, "{}", OWN), challenge)
        return refusal(server, credentials)


# --- the words of the token endpoint ---


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(400, {"errors": [{"code": "X", "message": "keys have expired"}]}, JSON), "keys"),
        (Reply(400, "keys have expired", TEXT), "keys have expired"),
        (Reply(400, {"error": "invalid_grant", "error_description": "too old"}, JSON), "too old"),
        (Reply(400, {"code": 3, "message": "unable to resolve acme.org", "details": []}, JSON),
         "unable to resolve acme.org"),
        (Reply(401, {"message": "token revoked"}, JSON), "token revoked"),
        (Reply(403, {"errors": [{"code": "DENIED", "message": "not yours"}]}, JSON), "not yours"),
        (Reply(404, {"errors": [{"code": "NAME_UNKNOWN", "message": "no such id"}]}, OWN), "no"),
        (Reply(404, {"error": "identity not found"}, JSON), "identity not found"),
        (Reply(422, {"detail": "bad scope"}, JSON), "bad scope"),
    ],
)  # fmt: skip
def test_words_of_the_token_server(reply: Reply, words: str) -> None:
    error = at_the_realm(reply)
    assert error.code == "token-refused"
    assert words in error.problem.came_back
    if reply.headers != TEXT:
        assert words in error.problem.cause
    assert "pull token" in error.problem.next_step
    assert error.facts.answered_by is AnsweredBy.TOKEN_SERVER
    assert error.facts.sign_in_read


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(401, {"message": "authentication required"}, JSON), "no-login"),
        (Reply(400, {"message": "unable to resolve acme.org"}, JSON), "not-entitled"),
        (Reply(403, "", JSON), "not-entitled"),
    ],
)
def test_words_without_a_sign_in(reply: Reply, code: str) -> None:
    assert at_the_realm(reply, None).code == code


@pytest.mark.parametrize("credentials", [ME, None])
@pytest.mark.parametrize(
    "reply",
    [Reply(404, "404 page not found", TEXT), Reply(404, "", OWN), Reply(405, "", {}), Reply(410)],
)
def test_no_token_server_at_the_realm(reply: Reply, credentials: Credentials | None) -> None:
    error = at_the_realm(reply, credentials)
    assert error.code == "token-unreadable"
    assert "cgr.dev" in error.problem.cause
    assert not error.facts.sign_in_read


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(429, {"message": "slow down"}, JSON), "rate-limited"),
        (Reply(503, {"message": "later"}, JSON), "registry-unavailable"),
        (Reply(403, PAGE, HTML), "registry-not-here"),
        (Reply(404, PAGE, HTML), "registry-not-here"),
        (Reply(400, PAGE, HTML), "registry-not-here"),
        (Reply(502, PAGE, HTML), "registry-unavailable"),
    ],
)
def test_what_judges_no_sign_in(reply: Reply, code: str) -> None:
    error = at_the_realm(reply)
    assert error.code == code
    assert not error.facts.sign_in_read


# --- a sign-in that was given and never shown ---

UNUSABLE = [
    {},
    {"WWW-Authenticate": "Negotiate"},
    {"WWW-Authenticate": 'Digest realm="x", nonce="y"'},
    {"WWW-Authenticate": 'Bearer service="x"'},
]


@pytest.mark.parametrize("header", UNUSABLE)
@pytest.mark.parametrize("where", ["/v2/", LATEST])
def test_nobody_asked(header: dict[str, str], where: str) -> None:
    routes: dict[str, Route] = {"/v2/": Reply(200, "{}", OWN), where: Reply(401, "", OWN | header)}
    with ScriptedServer(routes, server_header=None) as server:
        error = refusal(server)
        assert error.code == "sign-in-not-shown"
        assert "never shown" in error.problem.cause
        assert "--username" not in advised(error.problem, PullOptions("a")).next_step
        assert not error.facts.sign_in_sent
        assert not error.facts.sign_in_read
        assert server.with_credentials == []


@pytest.mark.parametrize("header", [{}, BASIC])
@pytest.mark.parametrize("where", ["/v2/", LATEST])
def test_not_passed_on_to_another_host(header: dict[str, str], where: str) -> None:
    with ScriptedServer({"/": Reply(401, "", header)}, server_header=None) as other:
        away = Reply(307, "", {"Location": f"{other.url}/"})
        routes: dict[str, Route] = {"/v2/": wanting(Reply()), LATEST: wanting(away), where: away}
        with ScriptedServer(routes, server_header=None) as server:
            error = refusal(server)
        assert "is not passed on" in error.problem.cause
        assert "--username" not in advised(error.problem, PullOptions("a")).next_step
        assert other.with_credentials == []
        assert not error.facts.sign_in_read


def test_a_root_that_is_open_accepts_no_password() -> None:
    """It ignores the password, which is judged at the manifest."""
    routes: dict[str, Route] = {
        "/v2/": Reply(200, "{}", OWN),
        LATEST: wanting(Reply(401, "", BASIC)),
    }
    with ScriptedServer(routes, server_header=None) as server:
        with Registry(server.url, ME, patience=ONCE) as registry:
            assert registry.check_credentials("a") is False
            for _ in range(3):
                with pytest.raises(RegistryError) as caught:
                    registry.manifest("a", "latest")
        assert caught.value.code == "token-refused"
        assert "was taken" not in caught.value.problem.cause
        assert len(server.with_credentials) == 1, "what was refused is not sent again"


def test_a_password_that_was_taken() -> None:
    with ScriptedServer({"/v2/": wanting(Reply())}, server_header=None) as server:
        with Registry(server.url, ME, patience=ONCE) as registry:
            assert registry.check_credentials("a") is True
        server.routes[LATEST] = wanting(Reply(401, "", BASIC))
        assert refusal(server).code == "no-read-privilege"


# --- pages of others ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 418, 451, 500, 501, 502, 503, 504])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_page_says_nothing_of_the_image(status: int, signed_in: bool) -> None:
    page = Reply(status, PAGE, HTML)
    routes: dict[str, Route] = {"/v2/": wanting(Reply()), LATEST: page}
    routes[f"/v2/a/blobs/{BLOB.digest}"] = page
    with ScriptedServer(routes, server_header=None) as server:
        error = refusal(server, ME if signed_in else None)
        with (
            Registry(server.url, patience=ONCE) as registry,
            pytest.raises(RegistryError) as of_a_blob,
            registry.blob("a", BLOB),
        ):
            pass
    for each in (error, of_a_blob.value):
        between = {"registry-not-here", "registry-unavailable"}
        assert each.code in between
        assert "something between here and" in each.problem.cause
        assert "Blocked & logged[31m" in each.problem.cause
        assert "Blocked & logged[31m" in each.problem.came_back
        assert each.facts.answered_by in {AnsweredBy.OTHER, AnsweredBy.PROXY}
        assert not each.facts.sign_in_read


def test_a_page_of_a_filter_before_the_storage() -> None:
    with (
        ScriptedServer({"/b": Reply(403, PAGE, HTML)}, server_header=None) as storage,
        ScriptedServer(server_header=None) as server,
    ):
        away = Reply(307, "", {"Location": f"{storage.url}/b"})
        server.routes[f"/v2/a/blobs/{BLOB.digest}"] = away
        with (
            Registry(server.url, patience=ONCE) as registry,
            pytest.raises(RegistryError) as caught,
            registry.blob("a", BLOB),
        ):
            pass
    assert "something between" in caught.value.problem.cause
    assert "link" not in caught.value.problem.cause


def test_a_sentence_of_nexus_in_the_page_of_another() -> None:
    page = "<html><title>Proxy</title>read and accept our End User License Agreement"
    with ScriptedServer({LATEST: Reply(403, page, HTML)}, server_header=None) as server:
        assert refusal(server, None).code == "registry-not-here"


def test_a_long_title_is_cut() -> None:
    page = f"<html><title>{'x' * 9000}</title>"
    with ScriptedServer({LATEST: Reply(403, page, HTML)}, server_header=None) as server:
        assert len(refusal(server, None).problem.cause) < 300


FOREIGN = {
    "gateway": Reply(403, {"message": "Forbidden"}, {**JSON, "x-amzn-RequestId": "1"}),
    "gateway 401": Reply(401, {"message": "Missing Authentication Token"}, JSON),
    "fault": Reply(403, {"fault": {"faultstring": "no"}, "message": "policy"}, JSON),
    "limits": Reply(400, {"statusCode": 400, "message": "no subscription"}, JSON),
    "squid": Reply(403, "", {"Server": "squid/5.7"}),
    "zscaler": Reply(403, "", {"Server": "Zscaler/6.2"}),
    "bluecoat": Reply(401, "", {"Server": "BlueCoat-Security-Appliance"}),
    "text": Reply(403, "Access denied by policy 12", TEXT),
}


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("kind", FOREIGN)
def test_an_answer_of_another_says_nothing_of_the_image(kind: str, signed_in: bool) -> None:
    routes: dict[str, Route] = {"/v2/": wanting(Reply()), LATEST: FOREIGN[kind]}
    with ScriptedServer(routes, server_header=None) as server:
        error = refusal(server, ME if signed_in else None)
    assert error.code == "registry-not-here"
    assert "something between here and cgr.dev answered" in error.problem.cause
    assert error.facts.answered_by is AnsweredBy.OTHER
    assert not error.facts.sign_in_read


@pytest.mark.parametrize("server", ["squid/5.7", "Zscaler/6.2", "BlueCoat-Security-Appliance"])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_filter_at_the_token_endpoint_judges_no_sign_in(server: str, status: int) -> None:
    error = at_the_realm(Reply(status, "", {"Server": server}))
    assert error.code == "registry-not-here"
    assert server in error.problem.cause
    assert not error.facts.sign_in_read


@pytest.mark.parametrize("page", ["<html>Welcome to the guest network", PAGE, "<!doctype html>"])
def test_a_page_in_place_of_a_token(page: str) -> None:
    error = at_the_realm(Reply(200, page, HTML))
    assert error.code == "registry-not-here"
    assert error.facts.answered_by is AnsweredBy.OTHER
    assert not error.facts.sign_in_read


def test_a_page_at_the_root_accepts_no_password() -> None:
    for root in (Reply(200, PAGE, HTML), wanting(Reply(200, PAGE, HTML))):
        with (
            ScriptedServer({"/v2/": root}, server_header=None) as server,
            Registry(server.url, ME, patience=ONCE) as registry,
            pytest.raises(RegistryError) as caught,
        ):
            registry.check_credentials("a")
        assert caught.value.code == "registry-not-here"
        assert not caught.value.facts.sign_in_read


def test_a_captive_portal() -> None:
    with ScriptedServer({"/login": Reply(200, PAGE, HTML)}, server_header=None) as portal:
        away = Reply(302, "", {"Location": f"{portal.url}/login"})
        with ScriptedServer({"/": away, "/v2/": away, LATEST: away}, server_header=None) as server:
            for credentials in (ME, None):
                error = refusal(server, credentials)
                assert error.code == "registry-not-here"
                assert "sign-in page" in error.problem.cause
                assert portal.with_credentials == []


@pytest.mark.parametrize(
    "header",
    [
        {"WWW-Authenticate": 'Basic realm=broken quoting"'},
        {"WWW-Authenticate": 'Bearer realm="http://x/token'},
        {"WWW-Authenticate": "Negotiate YII=, NTLM"},
        {"WWW-Authenticate": ""},
        {"WWW-Authenticate": '"Bearer"'},
    ],
)
@pytest.mark.parametrize("where", ["/v2/", LATEST])
def test_a_challenge_that_is_broken(header: dict[str, str], where: str) -> None:
    routes: dict[str, Route] = {"/v2/": Reply(200, "{}", OWN), where: Reply(401, "", OWN | header)}
    with ScriptedServer(routes, server_header=None) as server:
        error = refusal(server)
        shown = bool(server.with_credentials)
    assert error.facts.sign_in_sent is shown
    if not shown:
        assert error.code in {"sign-in-not-shown", "challenge-wrong-host"}
    assert "--username" not in advised(error.problem, PullOptions("a")).next_step


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirect_that_comes_to_a_401(hops: int, status: int) -> None:
    """Another origin: the same host on another port is one too."""
    with ScriptedServer({"/": Reply(401, "", BASIC)}, server_header=None) as last:
        first = last
        with ScriptedServer(server_header=None) as middle:
            middle.routes["/"] = Reply(status, "", {"Location": f"{last.url}/"})
            first = middle if hops == 2 else last
            away = Reply(status, "", {"Location": f"{first.url}/"})
            routes: dict[str, Route] = {"/v2/": wanting(Reply()), LATEST: away}
            with ScriptedServer(routes, server_header=None) as server:
                error = refusal(server)
            assert "is not passed on" in error.problem.cause
            assert last.with_credentials == middle.with_credentials == []
            assert not error.facts.sign_in_read
