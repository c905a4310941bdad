"""A password is tried once, goes to a Nexus only, and what the user may do is found out."""

from __future__ import annotations

import base64

import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.scripted_server import ReceivedRequest, Reply, Route, ScriptedServer

ADMIN = Credentials("admin", Secret("hunter2 ü"))
BASIC = "Basic " + base64.b64encode("admin:hunter2 ü".encode()).decode()
STATUS = "/service/rest/v1/status"
EULA = "/service/rest/v1/system/eula"
SETTINGS = "/service/rest/v1/repositorySettings"
CHALLENGE = {"WWW-Authenticate": 'BASIC realm="Sonatype Nexus Repository Manager"'}


def status(wrong: Reply) -> Route:
    """As Nexus: 200 to nobody and to the right password, ``wrong`` to another."""

    def answer(request: ReceivedRequest) -> Reply:
        return Reply() if request.authorization in {None, BASIC} else wrong

    return answer


def protected(reply: Reply) -> Route:
    def answer(request: ReceivedRequest) -> Reply:
        return reply if request.authorization == BASIC else Reply(401, "", CHALLENGE)

    return answer


WRONG = Credentials("admin", Secret("guess"))


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(401, "", CHALLENGE), "login-wrong"),
        (
            Reply(429, "<html>Too many authentication attempts</html>", {"Retry-After": "30"}),
            "nexus-locked-out",
        ),
        (
            Reply(503, "Service temporarily unavailable", {"Retry-After": "60"}),
            "nexus-sign-in-unavailable",
        ),
    ],
)
def test_one_request_and_no_more(reply: Reply, code: str) -> None:
    with ScriptedServer({STATUS: status(reply)}) as nexus, NexusClient(nexus.url, WRONG) as client:
        with pytest.raises(WizardError) as caught:
            client.sign_in()
        assert caught.value.code == code
        assert len(nexus.with_credentials) == 1
        assert "guess" not in str(caught.value.problem)


def test_refused_credentials_are_never_sent_again() -> None:
    routes = {STATUS: status(Reply(401)), EULA: protected(Reply(body={"accepted": True}))}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, WRONG) as client:
        for call in (client.sign_in, client.sign_in, client.repositories, client.eula):
            with pytest.raises(WizardError, match="login-wrong"):
                call()
        client.credentials = WRONG
        with pytest.raises(WizardError, match="not sent"):
            client.sign_in()
        assert len(nexus.with_credentials) == 1
        assert client.server().edition == "COMMUNITY"  # what needs no credentials still works
        client.credentials = ADMIN
        assert client.sign_in().administrator


def test_a_later_lock_out_ends_it_too() -> None:
    routes: dict[str, Route] = {SETTINGS: Reply(429, "<html>Too many authentication attempts")}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        for _ in range(3):
            with pytest.raises(WizardError, match="nexus-locked-out"):
                client.repositories()
        assert len(nexus.with_credentials) == 1


def test_nothing_is_sent_to_what_is_no_nexus() -> None:
    with (
        ScriptedServer({STATUS: Reply(200, "<html>")}, server_header="nginx") as other,
        NexusClient(other.url, ADMIN) as client,
    ):
        for call in (client.sign_in, client.repositories, client.blob_stores, client.eula):
            with pytest.raises(WizardError, match="nexus-not-nexus"):
                call()
        assert other.with_credentials == []


def test_an_administrator_since_the_eula() -> None:
    routes = {STATUS: status(Reply(401)), EULA: protected(Reply(body={"accepted": True}))}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        account = client.sign_in()
        assert (account.user_id, account.administrator, account.repository_admin) == (
            "admin",
            True,
            True,
        )
        assert "nx-all" in account.evidence
        assert len(nexus.with_credentials) == 2


def test_an_administrator_before_the_eula() -> None:
    routes: dict[str, Route] = {
        STATUS: status(Reply(401)),
        "/service/rest/internal/ui/onboarding": protected(Reply(body=[])),
    }
    old = ScriptedServer(routes, server_header="Nexus/3.70.1-02 (OSS)")
    with old as nexus, NexusClient(nexus.url, ADMIN) as client:
        assert client.sign_in().administrator


def test_an_administrator_by_role() -> None:
    users: list[object] = [
        {"userId": "administrator", "roles": []},
        {"userId": "admin", "roles": ["nx-admin"]},
    ]
    routes: dict[str, Route] = {
        STATUS: status(Reply(401)),
        "/service/rest/v1/security/users": protected(Reply(body=users)),
    }
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        account = client.sign_in()
        assert account.administrator
        assert "nx-admin" in account.evidence


@pytest.mark.parametrize(
    ("settings", "repository_admin"),
    [(Reply(body=[]), False), (Reply(403), False), (Reply(body=[{"name": "x"}]), None)],
)
def test_a_user_who_is_no_administrator(settings: Reply, repository_admin: bool | None) -> None:
    routes: dict[str, Route] = {
        STATUS: status(Reply(401)),
        EULA: protected(Reply(403)),
        SETTINGS: protected(settings),
    }
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        account = client.sign_in()
        assert account.administrator is False
        assert account.repository_admin is repository_admin


def test_a_reverse_proxy_that_takes_the_header_away() -> None:
    routes: dict[str, Route] = {EULA: Reply(401, "", CHALLENGE)}
    with (
        ScriptedServer(routes) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        pytest.raises(WizardError, match="nexus-behind-proxy-strips-auth"),
    ):
        client.sign_in()


@pytest.mark.parametrize(
    ("credentials", "code", "says"),
    [
        (None, "nexus-sign-in-needed", "nothing was sent"),
        (Credentials("a:b", Secret("x")), "login-wrong", "nothing was sent"),
    ],
)
def test_what_cannot_be_sent(credentials: Credentials | None, code: str, says: str) -> None:
    with ScriptedServer() as nexus, NexusClient(nexus.url, credentials) as client:
        with pytest.raises(WizardError) as caught:
            client.sign_in()
        assert caught.value.code == code
        assert says in caught.value.problem.came_back
        assert nexus.with_credentials == []


def test_who_did_not_sign_in_is_not_told_of_a_wrong_password() -> None:
    routes: dict[str, Route] = {SETTINGS: Reply(401, "", CHALLENGE)}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, None) as client:
        with pytest.raises(WizardError) as caught:
            client.repositories()
        assert caught.value.code == "nexus-sign-in-needed"
        assert "401" in caught.value.problem.came_back
        assert "only to signed-in users" in caught.value.problem.cause


def test_no_cookie_is_kept() -> None:
    routes: dict[str, Route] = {
        STATUS: Reply(headers={"Set-Cookie": "NXSESSIONID=1; Path=/"}),
        EULA: Reply(body={"accepted": True}, headers={"Set-Cookie": "NX-ANTI-CSRF-TOKEN=2"}),
    }
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        client.sign_in()
        client.eula()
        assert len(nexus.seen) >= 4
        assert not any("cookie" in request.headers for request in nexus.seen)
