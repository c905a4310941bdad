"""Whatever fails, users read no text of a programmer: in no front end, for no kind of failure."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import ssl
from collections.abc import Callable, Iterator

import msgspec
import pytest
import trustme
from textual.pilot import Pilot

from cgwizard.app import Wizard
from cgwizard.cancel import Cancel
from cgwizard.diagnosis.diagnosis import Diagnosis
from cgwizard.engines.errors import refused
from cgwizard.errors import Code, WizardError
from cgwizard.errors.words import without_marks
from cgwizard.frontends.plain import Plain
from cgwizard.frontends.unattended import Apply
from cgwizard.guide.guide import Guide
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan
from cgwizard.registry import retry
from cgwizard.registry.client import Registry
from cgwizard.registry.retry import RetryPolicy
from tests.screens.test_screens import drive, until
from tests.support.guide import act, enter
from tests.support.ports import free_port
from tests.support.pull import run
from tests.support.scripted_server import raw_server

CODE = re.compile(
    r"\[Errno|Traceback|httpx|httpcore|\bssl\.|_ssl|\[SSL|bytearray|errno|<class|object at 0x"
    r"|\b[A-Z][a-z]+(?:[A-Z][a-z]+)*(?:Error|Exception|Timeout)\b|Error\("
)


@contextlib.contextmanager
def answering(data: bytes) -> Iterator[str]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)

    with raw_server(answer) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def at(url: str) -> Iterator[str]:
    yield url


@contextlib.contextmanager
def over_tls(data: bytes) -> Iterator[str]:
    """A port that is asked in TLS."""
    with answering(data) as url:
        yield url.replace("http://", "https://")


@contextlib.contextmanager
def untrusted() -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def shake(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)

    with raw_server(shake) as port:
        yield f"https://127.0.0.1:{port}"


Where = Callable[[], contextlib.AbstractContextManager[str]]
OK = b"HTTP/1.1 200 OK\r\n"
KINDS: dict[str, Where] = {
    "refused": lambda: at(f"http://127.0.0.1:{free_port()}"),
    "no such host": lambda: at("http://no-such-host.invalid"),
    "no route": lambda: at("http://240.0.0.1"),
    "closed without a word": lambda: answering(b""),
    "no HTTP": lambda: answering(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "illegal status line": lambda: answering(b"HTTP/9 yes\r\n\r\n"),
    "header without a colon": lambda: answering(OK + b"X-Filter on\r\n\r\n"),
    "cut body": lambda: answering(OK + b"Content-Length: 99\r\n\r\n{"),
    "broken chunks": lambda: answering(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "broken redirect": lambda: answering(
        b"HTTP/1.1 302 X\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"
    ),
    "another JSON": lambda: answering(OK + b"Content-Length: 4\r\n\r\n[{}]"),
    "untrusted": untrusted,
    "plain HTTP to TLS": lambda: over_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "TLS that is none": lambda: over_tls(b"\x15\x03\x01\x00\x02\x02\x46"),
    "cut handshake": lambda: over_tls(b""),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = RetryPolicy(first_pause=0.01, longest_pause=0.02, tries=1, total=2)
    monkeypatch.setattr(retry, "RetryPolicy", lambda **_: quick)


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest) -> Iterator[str]:
    with KINDS[request.param]() as url:
        yield url


def plain(text: str) -> None:
    assert not (found := CODE.search(text)), (found, text)


def connecting(url: str) -> Guide:
    session = Guide(url=url, user="admin")
    enter(session.steps.connect)
    session.steps.connect.set("password", "a-password")
    return session


def test_the_guide_and_its_diagnosis(where: str) -> None:
    session = connecting(where)
    step = session.steps.connect
    act(step)
    assert step.problem is not None
    plain(str(step.problem))
    plain(" ".join(str((check.label, check.detail)) for check in step.checks.values()))
    diagnosis = Diagnosis(session)
    diagnosis.begin()
    diagnosis.run(lambda: None, Cancel())
    diagnosis.end()
    assert diagnosis.heading.startswith(f"Connect failed ({step.problem.code}). ")
    plain(f"{diagnosis.heading} {diagnosis.context}")
    for check in diagnosis.checks():
        plain(f"{check.label} {check.detail} {check.problem or ''}")


def test_plain_questions(where: str) -> None:
    session, out = Guide(url=where, user="admin"), io.StringIO()
    Plain(session, out, source=io.StringIO("\n\npassword\n\nq\n")).walk()
    session.close()
    assert out.getvalue()
    plain(out.getvalue())


def test_unattended(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_PASSWORD_HERE", "a-password")
    answers = answers_file.of(plan.Plan(connect=plan.Connect(url=where, user="admin")))
    sources = msgspec.structs.replace(answers.secrets, nexus_password="env:NEXUS_PASSWORD_HERE")
    answers = msgspec.structs.replace(answers, secrets=sources)
    told: list[object] = []
    session = Guide(url=where, user="admin")
    Apply(answers, session, told.append).run()
    session.close()
    assert told
    plain(" ".join(map(str, told)).replace("Code.", ""))


def test_pull(where: str) -> None:
    with Registry(where, patience=RetryPolicy(tries=0)) as registry:
        try:
            registry.manifest("a/b", "latest")
        except WizardError as error:
            plain(str(error.problem))
        else:
            raise AssertionError("it did not fail")


def test_the_command_pull() -> None:
    done = run("no-such-host.invalid:5000/a/b")
    assert done.returncode == 10
    plain(done.stdout + done.stderr)
    assert "typing errors" in done.stderr or "name server" in done.stderr


@pytest.mark.parametrize("kind", ["refused", "no such host", "header without a colon"])
def test_the_screens(kind: str) -> None:
    seen: list[str] = []

    async def play(app: Wizard, pilot: Pilot[int]) -> None:
        step = session.steps.connect
        await until(pilot, lambda: bool(app.screen.query("#heading")), "the form")
        await pilot.press("enter")
        await until(pilot, lambda: step.problem is not None, "the failure")
        for widget in app.screen.query("*"):
            seen.append(str(getattr(widget, "content", "")))

    with KINDS[kind]() as url:
        session = connecting(url)
        drive(session, play)
    text = " ".join(seen)
    assert "127.0.0.1" in text or "no-such-host" in text
    plain(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[Errno -2] Name or service not known", "Name or service not known"),
        ("[Errno 111] Connection refused", "Connection refused"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "wrong version number"),
        ("[SSL] unknown error (_ssl.c:3)", "unknown error"),
        ("illegal status line: bytearray(b'HTTP/9 yes')", "illegal status line: 'HTTP/9 yes'"),
        ("403 Forbidden: see [docs] (here)", "403 Forbidden: see [docs] (here)"),
    ],
)
def test_marks_of_exceptions(text: str, said: str) -> None:
    assert without_marks(text) == said
    error = WizardError(Code.REGISTRY_CUT, tried="x", came_back=text)
    assert error.problem.came_back == said
    assert error.but(came_back=text).problem.came_back == said


@pytest.mark.parametrize("host", ["cgr.dev", "nexus.example.com"])
def test_the_built_in_name_is_never_mistyped(host: str) -> None:
    text = f"dial tcp: lookup {host} on 10.0.0.53:53: no such host"
    error = refused("docker", "", text, host=host, tried="pulling", signed_in=False)
    assert ("typing errors" in error.problem.next_step) is (host != "cgr.dev")
    text = f"dial tcp: lookup {host}: Temporary failure in name resolution"
    error = refused("podman", "", text, host=host, tried="pulling", signed_in=False)
    assert "typing errors" not in error.problem.next_step


@pytest.mark.parametrize(
    ("host", "number", "mistyped"),
    [
        ("cgr.dev", socket.EAI_NONAME, False),
        ("cgr.dev", socket.EAI_AGAIN, False),
        ("mirror.example.com", socket.EAI_NONAME, True),
        ("mirror.example.com", socket.EAI_AGAIN, False),
    ],
)
def test_a_name_without_an_address(
    monkeypatch: pytest.MonkeyPatch, host: str, number: int, mistyped: bool
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no address")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    registry = Registry(f"https://{host}", patience=RetryPolicy(tries=0))
    with registry, pytest.raises(WizardError) as caught:
        registry.manifest("a/b", "latest")
    problem = caught.value.problem
    assert problem.code == "registry-dns"
    assert problem.came_back == "no address"
    assert ("typing errors" in problem.next_step) is mistyped
