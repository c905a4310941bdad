"""Reading answers: the shapes of Nexus's errors, hostile JSON, pages, and what is kept secret."""

from __future__ import annotations

import json

import pytest

from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.http_errors import violations
from cgwizard.nexus.models import Anonymous, DockerProxy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.scripted_server import ReceivedRequest, Reply, Route, ScriptedServer

ADMIN = Credentials("admin", Secret("hunter2-admin"))
TOKEN = Credentials("org/pull", Secret("hunter2-token"))
REST = "/service/rest"
PROXIES = f"{REST}/v1/repositories/docker/proxy"
NAME_TAKEN = "Name is already used, must be unique (ignoring case)"


def fails(routes: dict[str, Route], call: str = "blob_stores", *arguments: object) -> WizardError:
    with (
        ScriptedServer(routes) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        pytest.raises(WizardError) as caught,
    ):
        getattr(client, call)(*arguments)
    problem = caught.value.problem
    assert all((problem.tried, problem.came_back, problem.cause, problem.next_step))
    assert "hunter2" not in str(problem)
    return caught.value


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (f'[{{"id":"PARAMETER name","message":"{NAME_TAKEN}"}}]', [("name", NAME_TAKEN)]),
        ('[{"id":"PARAMETER arg0","message":"lower"}]', [("", "lower")]),
        ('[{"id":"FIELD indexUrl","message":"a"},{"id":"PROPERTY x","message":"b"}]',
         [("indexUrl", "a"), ("x", "b")]),
        (r'{"id":"*","message":"\"one\"\n\"two\""}', [("", "one"), ("", "two")]),
        ("""ValidationErrorXO{id='*', message='"Unknown realmIds: [X]"'}""",
         [("", "Unknown realmIds: [X]")]),
        ('[{"id":"ProxyFacetConfig.remoteUrl","message":"URL"}]', [("remoteUrl", "URL")]),
        ('[{"message":"no id"}]', [("", "no id")]),
        ("<html>no</html>", []),
        ("", []),
        ('{"status-code":404}', []),
        ('[{"id":1}]', []),
    ],
)  # fmt: skip
def test_each_shape_of_validation_error(body: str, read: list[tuple[str, str]]) -> None:
    assert violations(body.encode()) == read


@pytest.mark.parametrize(
    ("reply", "code", "says"),
    [
        (Reply(400, [{"id": "PARAMETER name", "message": NAME_TAKEN}]),
         "repository-name-taken", f"HTTP 400: name: {NAME_TAKEN}"),
        (Reply(400, {"id": "*", "message": '"Blob store not found"'}),
         "blob-store-missing", "HTTP 400: Blob store not found"),
        (Reply(400, [{"id": "PARAMETER httpPort", "message": "Port 5051 is already in use"}]),
         "connector-port-of-other-repository", "httpPort: Port 5051"),
        (Reply(400, [{"id": "PARAMETER timeout", "message": "must be >= 1"}]),
         "nexus-request-invalid", "timeout: must be >= 1"),
        (Reply(400, {"id": "*", "message": '"This format is not currently enabled"'}),
         "nexus-no-docker", "not currently enabled"),
        (Reply(405, "Format docker is disabled in High Availability"),
         "nexus-no-docker", "High Availability"),
        (Reply(403, "", {"X-Siesta-FaultId": "f-1"}), "nexus-forbidden", "fault id f-1"),
        (Reply(403, "You must accept the End User License Agreement (EULA) through the"),
         "nexus-eula", "End User License"),
        (Reply(503, "Nexus Repository Manager is in read-only mode: (ID 1)"),
         "nexus-read-only", "read-only"),
        (Reply(500, "ERROR: (ID 7) java.lang.NullPointerException", {"X-Siesta-FaultId": "7"}),
         "nexus-server-error", "NullPointerException (fault id 7)"),
        (Reply(404, "<html><title>404 - Sonatype Nexus</title></html>"),
         "nexus-endpoint-missing", "404 - Sonatype Nexus"),
        (Reply(404), "nexus-not-found", "HTTP 404"),
        (Reply(404, {"status-code": 404, "siesta-faultid": "f-2", "status-message": "NOT_FOUND"},
               {"X-Siesta-FaultId": "f-2"}),
         "nexus-not-found", "HTTP 404 (fault id f-2)"),
        (Reply(400, [{"id": "PARAMETER docker", "message": "Path based routing cannot be combined"
                      " with a port or subdomain connector"}]),
         "path-and-port-combined", "docker: Path based routing"),
        (Reply(302, "", {"Location": "https://sso.example/"}), "nexus-redirected", "sso.exam"),
        (Reply(502, "<html>Bad Gateway</html>"), "nexus-unavailable", "Bad Gateway"),
        (Reply(299), "nexus-answer-unexpected", "HTTP 299"),
    ],
)  # fmt: skip
def test_refusals_of_a_change(reply: Reply, code: str, says: str) -> None:
    error = fails({PROXIES: reply}, "create_docker_proxy", DockerProxy.new("chainguard", 5051))
    assert error.code == code
    assert says in error.problem.came_back
    assert "creating the repository chainguard" in error.problem.tried


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><title>Sign in</title>",
        "[{",
        "",
        "null",
        '{"name":"default"}',
        '[{"name":7}]',
        '[{"type":"File"}]',
        "[" * 100_000,
        b"\xff\xfe[]",
        '[{"name":"a","blobCount":1e400}]',
    ],
)
def test_answers_that_are_not_what_they_should_be(body: str | bytes) -> None:
    error = fails({f"{REST}/v1/blobstores": Reply(200, body)})
    assert error.code == "nexus-answer-unexpected"
    assert "HTTP 200" in error.problem.came_back


def test_nulls_and_unknown_members_are_fine_and_control_characters_do_not_arrive() -> None:
    stores: list[object] = [
        {"name": "d\x1b]0;x\x07\u202e", "type": None, "softQuota": None, "new": {"a": [None]}}
    ]
    routes = {f"{REST}/v1/blobstores": Reply(body=stores)}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        (store,) = client.blob_stores()
    assert store.name == "d\ufffd]0;x\ufffd\ufffd"
    assert store.type == ""


def test_a_server_that_echoes_what_it_got() -> None:
    def echo(request: ReceivedRequest) -> Reply:
        return Reply(400, f"{request.headers} {request.body.decode()} {request.path}")

    wanted = DockerProxy.new("chainguard-private", 5052, credentials=TOKEN)
    error = fails({PROXIES: echo}, "create_docker_proxy", wanted)
    assert "hunter2" not in repr(error) + str(error.problem)
    assert "YWRtaW46" not in str(error.problem)  # base64 of "admin:"


def test_repositories_from_the_settings_or_else_from_the_list() -> None:
    settings: list[object] = [
        {
            "name": "chainguard",
            "format": "docker",
            "type": "proxy",
            "url": "http://h/repository/chainguard",
            "online": True,
            "storage": {"blobStoreName": "default"},
            "proxy": {"remoteUrl": "https://cgr.dev/"},
            "docker": {"httpPort": 5051, "pathEnabled": None, "forceBasicAuth": None},
        },
        {"name": "maven-public", "format": "maven2", "type": "group", "docker": None},
    ]
    listed: list[object] = [
        {
            "name": "chainguard",
            "format": "docker",
            "type": "proxy",
            "url": "http://h/repository/chainguard",
            "attributes": {"proxy": {"remoteUrl": "https://cgr.dev/"}},
        },
        {"name": "hosted", "format": "raw", "type": "hosted", "attributes": {}},
    ]
    routes: dict[str, Route] = {f"{REST}/v1/repositories": Reply(body=listed)}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        fallen_back = client.repositories()
        assert [r.remote_url for r in fallen_back] == ["https://cgr.dev/", None]
        nexus.routes[f"{REST}/v1/repositorySettings"] = Reply(body=settings)
        chainguard, maven = client.repositories()
        assert chainguard.docker is not None
        assert chainguard.docker.http_port == 5051
        assert chainguard.docker.force_basic_auth is True
        assert (chainguard.remote_url, chainguard.blob_store) == ("https://cgr.dev/", "default")
        assert chainguard.raw == settings[0]
        assert maven.docker is None
        nexus.routes[f"{REST}/v1/repositorySettings"] = Reply(body=[{"name": ["x"]}])
        with pytest.raises(WizardError, match="nexus-answer-unexpected"):
            client.repositories()


def test_a_name_cannot_lead_to_another_path() -> None:
    with ScriptedServer({}) as nexus, NexusClient(nexus.url, ADMIN) as client:
        for name in ("../../v1/system/eula", "a?b#c", "..", "a/b"):
            assert client.docker_proxy(name) is None
            with pytest.raises(WizardError, match="nexus-not-found"):
                client.delete_repository(name)
        paths = [request.path for request in nexus.with_credentials]
    assert paths[0].endswith("/docker/proxy/..%2F..%2Fv1%2Fsystem%2Feula")
    for path in paths:
        assert path.rpartition("/")[0] in {PROXIES, f"{REST}/v1/repositories"}
        assert "?" not in path


def test_pages_of_components_are_followed_to_the_end() -> None:
    def pages(request: ReceivedRequest) -> Reply:
        page = 2 if "continuationToken=t%26b" in request.path else 1
        items = [
            {
                "name": "chainguard/wolfi-base",
                "version": f"v{page}",
                "assets": [{"path": "/v2/x", "checksum": {"sha256": "ab"}, "docker": {}}],
                "tags": [],
            }
        ]
        return Reply(body={"items": items, "continuationToken": "t&b" if page == 1 else None})

    routes: dict[str, Route] = {f"{REST}/v1/components": pages, f"{REST}/v1/search": pages}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        assert [c.version for c in client.components("chainguard")] == ["v1", "v2"]
        (second,) = client.components("chainguard", "chainguard/wolfi-base", "v2")
        assert second.digest == "sha256:ab"
        assert client.components("chainguard", "wolfi-base") == []
        nexus.seen.clear()
        assert len(client.search_docker("chainguard", "chainguard/wolfi-base", "latest")) == 2
        assert "docker.imageName=chainguard%2Fwolfi-base" in nexus.seen[0].path
        assert "docker.imageTag=latest" in nexus.seen[0].path


def test_pages_that_never_end() -> None:
    routes: dict[str, Route] = {
        f"{REST}/v1/assets": Reply(body={"items": [], "continuationToken": "same"})
    }
    assert fails(routes, "assets", "chainguard").code == "nexus-answer-unexpected"


def test_what_a_version_does_not_have_is_none() -> None:
    with (
        ScriptedServer() as nexus,
        NexusClient(nexus.url, ADMIN) as client,
    ):
        assert client.eula() is None
        assert client.http_settings() is None
        assert client.remote_status("chainguard") is None
        assert client.docker_supported()


def test_no_docker_in_the_open_core() -> None:
    swagger = Reply(body={"paths": {"/v1/repositories/raw/proxy": {}}})
    described = ScriptedServer({f"{REST}/swagger.json": swagger})
    core = ScriptedServer(server_header="Nexus/3.77.0-01 (CORE)")
    for server in (described, core):
        with server as nexus, NexusClient(nexus.url, ADMIN) as client:
            assert not client.docker_supported()


def test_the_eula_goes_back_byte_for_byte() -> None:
    text = "By returning ‘accepted:false’ to\r\n\t‘accepted:true’ …"
    routes: dict[str, Route] = {
        f"GET {REST}/v1/system/eula": Reply(body={"accepted": False, "disclaimer": text}),
        f"POST {REST}/v1/system/eula": Reply(204),
    }
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        eula = client.eula()
        assert eula is not None
        client.accept_eula(eula)
        assert json.loads(nexus.seen[-1].body) == {"accepted": True, "disclaimer": text}


def test_realms_and_anonymous_access_are_read() -> None:
    routes: dict[str, Route] = {
        f"GET {REST}/v1/security/realms/active": Reply(body=["NexusAuthenticatingRealm"]),
        f"GET {REST}/v1/security/anonymous": Reply(body={"enabled": False, "userId": "anon"}),
    }
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        assert client.active_realms() == ["NexusAuthenticatingRealm"]
        assert client.anonymous() == Anonymous(enabled=False, user_id="anon")
        assert nexus.seen[-1].headers["accept"] == "application/json"


def test_the_remote_as_nexus_sees_it() -> None:
    details: list[object] = [
        {"name": "maven", "status": None},
        {
            "name": "Chainguard",
            "status": {
                "online": True,
                "description": "Remote Auto Blocked and Unavailable",
                "reason": "java.net.UnknownHostException: cgr.dev",
            },
        },
    ]
    routes: dict[str, Route] = {
        f"{REST}/internal/ui/repositories/details": Reply(body=details),
        f"{REST}/v1/security/ssl": Reply(400, {"id": "*", "message": '"Unknown host cgr.dev"'}),
    }
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        status = client.remote_status("chainguard")
        assert status is not None
        assert status.blocked == "auto"
        assert client.remote_status("maven") is None
        with pytest.raises(WizardError, match="remote-dns"):
            client.remote_certificate("cgr.dev")
        nexus.routes[f"{REST}/v1/security/ssl"] = Reply(400, {"id": "*", "message": '"timed out"'})
        with pytest.raises(WizardError, match="remote-egress"):
            client.remote_certificate("cgr.dev")
        nexus.routes[f"{REST}/v1/security/ssl"] = Reply(
            body={"fingerprint": "AB:CD", "issuedOn": 1, "issuerCommonName": "WE1"}
        )
        assert client.remote_certificate("cgr.dev").issuer_common_name == "WE1"
        assert nexus.seen[-1].path.endswith("?host=cgr.dev&port=443")


def test_read_only_is_told_by_writable() -> None:
    writable = f"{REST}/v1/status/writable"
    with ScriptedServer({writable: Reply(503)}) as nexus, NexusClient(nexus.url, ADMIN) as client:
        assert client.writable() is False
        nexus.routes[writable] = Reply(200)
        assert client.writable() is True
        assert nexus.with_credentials == []


def test_many_threads_share_one_client() -> None:
    from concurrent.futures import ThreadPoolExecutor

    routes = {f"{REST}/v1/blobstores": Reply(body=[{"name": "default"}])}
    with (
        ScriptedServer(routes) as nexus,
        NexusClient(nexus.url, ADMIN) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: client.blob_stores()[0].name, range(40)))
    assert answers == ["default"] * 40
