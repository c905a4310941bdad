"""Connect against what is not the Nexus that was meant, or not the user, or not trusted."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from cgwizard.cancel import Cancel
from cgwizard.changes import undo
from cgwizard.guide.connect import ConnectStep
from cgwizard.guide.guide import Guide
from cgwizard.guide.step import run_checked
from cgwizard.practice.faults.connection_cut import RequestCut
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.faults.proxy import fault_proxy
from cgwizard.practice.nexus.accounts import Role, User
from cgwizard.practice.world import PracticeWorld
from cgwizard.runs.run import Run
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets.secret import Secret
from tests.support.faulty_nexus import faulty_world, names
from tests.support.guide import act, enter, refused, session_of, tell, through
from tests.support.ports import free_port
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.scripted_server import Reply, ScriptedServer

WRONG = "kelp-lantern-77"


def live(url: str, user: str = "admin", password: str = ADMIN_PASSWORD) -> ConnectStep:
    """Connect as on a user's own Nexus, without a keyring."""
    step = Guide(url=url).steps.connect
    step.keeping.keyring = keyrings.KeyringStatus(False, "", "There is no keyring here.")
    step.set("user", user)
    step.set("password", password)
    return step


def succeeds(step: ConnectStep) -> None:
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"


def user(world: PracticeWorld, name: str, *privileges: str, status: str = "active") -> None:
    def add() -> None:
        state = world.state
        state.roles[name] = Role(name, name, "", list(privileges))
        state.users[name] = User(
            name, name, name, "a@example.org", Secret(ADMIN_PASSWORD), status, [name]
        )

    world.call(add)


# The address


@pytest.mark.parametrize(
    "text",
    ["", "   ", "ftp://nexus", "http://", "http://nexus:99999", "http://a b", "nexus:port",
     "http://nexus\x1b[31m", "http://[::1", "http://admin:secret@nexus", "http://nexus/a b/c",
     "https://exämple..com", "http://999.1.1.1", "http://nexus:8081:8082/"],
)  # fmt: skip
def test_what_is_no_address_is_said_in_its_field(text: str) -> None:
    step = live("http://127.0.0.1")
    step.set("url", text)
    told = step.field_problems()["url"]
    assert told.isprintable()
    assert "secret" not in told
    assert step.values["url"] == text


def test_nothing_listens_and_then_nexus_does(world: PracticeWorld) -> None:
    step = live(f"http://127.0.0.1:{free_port()}")
    refused(step, "nexus-refused")
    step.set("url", world.info.nexus_url)
    succeeds(step)


def test_a_host_that_nobody_knows() -> None:
    refused(live("http://nexus.invalid:8081"), "nexus-dns")


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"<html><title>Welcome</title>\x1b[2J<body>Portal</body></html>", "nginx/1.25"),
        (b'{"status": "UP"}', "Jetty(9.4)"),
        (b"\x00\xff\xfe" * 500, "\x1b]0;x"),
        (b"", "Artifactory/7.9"),
        (b"a" * 100_000, "x" * 3000),
    ],
)
def test_another_product_answers(body: bytes, header: str) -> None:
    with ScriptedServer(
        {"/service/rest/v1/status": Reply(200, body)}, server_header=header
    ) as other:
        refused(live(other.url), "nexus-not-nexus")
        assert not other.with_credentials


def test_the_port_of_a_connector_is_told_apart_from_nexus(world: PracticeWorld) -> None:
    session = session_of(world)
    for step in session.steps[:3]:
        through(step)
    port = session.routing.port
    step = live(f"http://127.0.0.1:{port}")
    refused(step, "nexus-wrong-port-is-connector")
    step.set("url", world.info.nexus_url)
    succeeds(step)


def test_html_instead_of_an_answer(world: PracticeWorld, middleware: FaultMiddleware) -> None:
    page = b"<!DOCTYPE html><html><title>Sign in</title><body>Company portal</body></html>"
    rule = middleware.rule(
        "/v1/system/eula$", NexusOtherAnswer(body=page, content_type="text/html")
    )
    step = live(world.info.nexus_url)
    refused(step, "nexus-answer-unexpected")
    middleware.rules.remove(rule)
    succeeds(step)


def test_json_of_another_shape(world: PracticeWorld, middleware: FaultMiddleware) -> None:
    rule = middleware.rule(
        "/v1/system/eula$", NexusOtherAnswer(body=b'{"accepted": "\\u001b[2Jno"}')
    )
    step = live(world.info.nexus_url)
    refused(step, "nexus-answer-unexpected")
    middleware.rules.remove(rule)
    succeeds(step)


def test_nexus_dies_at_every_request_of_connect(
    world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    succeeds(live(world.info.nexus_url))
    requests = [line for line in dict.fromkeys(middleware.seen) if not line.endswith("/v1/status")]
    assert len(requests) >= 3
    for line in requests:
        step = live(world.info.nexus_url)
        rule = middleware.rule(f"^{line}$", RequestCut())
        act(step)
        problem = step.problem
        assert problem is not None, line
        assert problem.code == "nexus-answer-broken", problem
        tell(problem)
        middleware.rules.remove(rule)
        succeeds(step)


# The server


def test_a_nexus_that_may_not_be_changed(world: PracticeWorld) -> None:
    world.state.read_only = True
    step = live(world.info.nexus_url)
    refused(step, "nexus-read-only")
    world.state.read_only = False
    succeeds(step)


def test_a_nexus_without_docker(world: PracticeWorld, middleware: FaultMiddleware) -> None:
    body = b'{"info": {"title": "Nexus"}, "paths": {"/v1/repositories/maven/proxy": {}}}'
    rule = middleware.rule("swagger.json$", NexusOtherAnswer(body=body))
    step = live(world.info.nexus_url)
    refused(step, "nexus-no-docker")
    middleware.rules.remove(rule)
    succeeds(step)


def test_the_agreement_is_read_then_accepted_by_enter() -> None:
    with faulty_world(FaultMiddleware(), preset="fresh") as world:
        step = live(world.info.nexus_url)
        refused(step, "nexus-eula")
        assert not world.state.eula_accepted
        assert step.fix is not None
        assert "License" in step.fix.explanation
        assert step.action().label == "accept the agreement"
        succeeds(step)
        assert world.state.eula_accepted
        entries = step.session.journal.entries
        assert [(e.change, e.nexus) for e in undo.lasting(entries)] == [
            ("accept the license agreement", world.info.nexus_url)
        ]
        assert undo.standing(entries) == {}
        assert step.session.journal.made() == []


def test_an_agreement_that_nexus_does_not_take_is_not_noted_as_accepted(
    middleware: FaultMiddleware,
) -> None:
    with faulty_world(middleware, preset="fresh") as world:
        step = live(world.info.nexus_url)
        refused(step, "nexus-eula")
        rule = middleware.rule("^POST .*/v1/system/eula$", NexusOtherAnswer(status=503), times=1)
        run_checked(step, step.act, lambda _: None, Cancel())
        assert step.problem is not None
        assert rule.is_spent
        assert undo.lasting(step.session.journal.entries) == []


def test_who_only_looks_accepts_nothing(tmp_path: Path) -> None:
    with faulty_world(FaultMiddleware(), preset="fresh") as world:
        step = live(world.info.nexus_url)
        step.session.run = Run(step.session, tmp_path)
        step.session.run.look()
        refused(step, "nexus-eula")
        refused(step, "looking-only")
        assert not world.state.eula_accepted


def test_another_user_has_not_accepted_what_the_first_one_read() -> None:
    with faulty_world(FaultMiddleware(), preset="fresh") as world:
        step = live(world.info.nexus_url)
        refused(step, "nexus-eula")
        step.set("user", "Admin")
        step.set("user", "admin")
        refused(step, "nexus-eula")
        assert not world.state.eula_accepted


# The user


def test_a_wrong_password_is_sent_once(world: PracticeWorld, middleware: FaultMiddleware) -> None:
    step = live(world.info.nexus_url, password=WRONG)
    refused(step, "login-wrong", WRONG)
    sent = len(middleware.signed)
    assert sent == 1
    for _ in range(5):
        told = refused(step, "login-wrong", WRONG)
        assert "not sent" in told.came_back
    assert len(middleware.signed) == sent
    step.set("password", ADMIN_PASSWORD)
    succeeds(step)


def test_a_locked_user_is_not_asked_again_unless_on_purpose(
    world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    def lock() -> None:
        assert world.state.lockout is not None
        for _ in range(4):
            world.state.lockout.failed("admin")

    world.call(lock)
    step = live(world.info.nexus_url)
    refused(step, "nexus-locked-out")
    sent = len(middleware.signed)
    assert sent == 1
    told = refused(step, "nexus-locked-out")
    assert "not sent" in told.came_back
    assert len(middleware.signed) == sent
    # An administrator restarted Nexus, which forgets: Enter, now labeled so, sends it.
    assert world.state.lockout is not None
    world.call(world.state.lockout.clear)
    assert step.action().label == "sign in all the same"
    succeeds(step)


@pytest.mark.parametrize("status", ["disabled", "locked"])
def test_a_user_who_may_not_sign_in(world: PracticeWorld, status: str) -> None:
    user(world, "dora", "nx-all", status=status)
    step = live(world.info.nexus_url, "dora")
    refused(step, "login-wrong")
    world.call(lambda: setattr(world.state.users["dora"], "status", "active"))
    # The same password is right now, but only typing it again says that it is meant.
    step.set("password", "")
    step.set("password", ADMIN_PASSWORD)
    refused(step, "login-wrong")
    step = live(world.info.nexus_url, "dora")
    succeeds(step)


def test_a_user_without_rights(world: PracticeWorld) -> None:
    user(world, "paul", "nx-repository-view-*-*-*")
    step = live(world.info.nexus_url, "paul")
    refused(step, "no-admin-privilege")
    world.call(lambda: world.state.roles["paul"].privileges.append("nx-all"))
    succeeds(step)


def test_a_user_who_may_only_administer_repositories(world: PracticeWorld) -> None:
    """No administrator: neither the agreement nor the blob stores may be seen."""
    user(world, "kim", "nx-repository-admin-*-*-*", "nx-repository-view-*-*-*")
    session = session_of(world)
    session.steps.connect.set("user", "kim")
    for step in session.steps[:3]:
        through(step)
    checks = session.steps.connect.checks
    assert (checks["rights"].state, checks["eula"].state) == ("warning", "warning")
    assert "chainguard" in names(world)


def test_a_user_whose_right_ends_at_creating(world: PracticeWorld) -> None:
    user(world, "lea", "nx-repository-admin-*-*-read", "nx-repository-view-*-*-*")
    before = names(world)
    session = session_of(world)
    session.steps.connect.set("user", "lea")
    for step in session.steps[:2]:
        through(step)
    enter(session.steps.developer)
    refused(session.steps.developer, "nexus-forbidden")
    assert names(world) == before
    world.call(lambda: world.state.roles["lea"].privileges.append("nx-repository-admin-*-*-*"))
    act(session.steps.developer)
    assert session.steps.developer.state == "done"


# Trust


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(made)
    return made


def test_a_certificate_is_confirmed_by_its_fingerprint(
    world: PracticeWorld, authority: trustme.CA, middleware: FaultMiddleware
) -> None:
    with fault_proxy(world.info.nexus_url, context(authority)) as proxy:
        step = live(proxy.url)
        refused(step, "nexus-tls-untrusted")
        assert not middleware.signed
        assert step.fix is not None
        assert "SHA-256" in step.fix.explanation
        assert "ca_file" in {field.id for field in step.fields()}
        succeeds(step)
        assert step.session.plan.connect is not None
        assert step.session.plan.connect.fingerprint

        # Another certificate answers: nothing is sent to it before it was looked at.
        proxy.tls = context(authority)
        step.reset()
        sent = len(middleware.signed)
        refused(step, "nexus-certificate-changed")
        assert step.action().label == "look at the new certificate"
        refused(step, "nexus-tls-untrusted")
        assert step.action().label == "trust this certificate"
        assert len(middleware.signed) == sent
        succeeds(step)


def test_a_ca_file_instead(world: PracticeWorld, authority: trustme.CA, tmp_path: Path) -> None:
    right, wrong, empty = tmp_path / "right.pem", tmp_path / "wrong.pem", tmp_path / "empty.pem"
    authority.cert_pem.write_to_path(str(right))
    trustme.CA().cert_pem.write_to_path(str(wrong))
    empty.write_text("not a certificate\n")
    with fault_proxy(world.info.nexus_url, context(authority)) as proxy:
        step = live(proxy.url)
        refused(step, "nexus-tls-untrusted")
        for path in (tmp_path / "missing.pem", empty, tmp_path, Path("~nobody-here/ca.pem")):
            step.set("ca_file", str(path))
            refused(step, "ca-file-unreadable")
        step.set("ca_file", str(wrong))
        refused(step, "nexus-tls-untrusted")
        step.set("ca_file", str(right))
        succeeds(step)
        assert step.session.plan.connect is not None
        assert step.session.plan.connect.ca_file == right
        step.set("ca_file", "a\0b")
        assert "ca_file" in step.field_problems()


# The keyring


class Kept:
    """A keyring that works, with one password in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
        self.password = password
        status = keyrings.KeyringStatus(True, "the test's keyring", "Secrets can be kept.")
        monkeypatch.setattr(keyrings, "probe", lambda: status)
        monkeypatch.setattr(keyrings, "load", lambda _kind, _account: Secret(self.password))
        monkeypatch.setattr(keyrings, "save", self.save)

    def save(self, _kind: str, _account: str, secret: Secret) -> None:
        self.password = secret.reveal()


def test_a_kept_password_that_nexus_refuses(
    world: PracticeWorld, middleware: FaultMiddleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(monkeypatch, WRONG)
    step = Guide(url=world.info.nexus_url, user="admin").steps.connect
    enter(step)
    told = refused(step, "login-wrong", WRONG)
    assert "keyring" in told.tried
    assert len(middleware.signed) == 1
    refused(step, "login-wrong", WRONG)
    assert len(middleware.signed) == 1
    step.set("password", ADMIN_PASSWORD)
    assert "keep" in {field.id for field in step.fields()}
    succeeds(step)
    assert kept.password == ADMIN_PASSWORD
