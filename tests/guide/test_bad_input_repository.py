"""Ports and names that are taken, and repositories that are there already."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgwizard.cancel import Cancel
from cgwizard.errors import WizardError
from cgwizard.guide import connector, docker_proxy
from cgwizard.guide.guide import Guide
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.models import DockerProxy
from cgwizard.nexus.ports import Connector, propose, validate_port
from cgwizard.plan import model as plan
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.faulty_nexus import names, put
from tests.support.guide import act, enter, refused, session_of, through, walk
from tests.support.ports import free_port
from tests.support.scripted_server import raw_server

SECRET = "driftwood-90"


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    made = session_of(world)
    through(made.steps.connect)
    return made


def someone_makes(world: PracticeWorld, made: DockerProxy) -> DockerProxy:
    admin = Credentials(world.info.username, world.info.password)
    with NexusClient(world.info.nexus_url, admin) as client:
        client.create_docker_proxy(made)
    return made


def hosted(name: str, format: str, port: int | None = None) -> Repository:
    """Someone's, of any format."""
    settings = {
        "name": name,
        "format": format,
        "type": "hosted",
        "online": True,
        "storage": {"blobStoreName": "default"},
    }
    ways = {"docker": {"v1Enabled": False, "forceBasicAuth": True, "httpPort": port}}
    return Repository(name, format, "hosted", settings | (ways if port else {}))


def stored(session: Guide, name: str) -> DockerProxy:
    found = session.nexus.docker_proxy(name)
    assert found is not None
    return found


# Ports


@pytest.mark.parametrize(
    "text",
    ["", " ", "0", "-1", "65536", "99999999999", "5051.0", "5 051", "http", "٥٠٥١", "\x1b[2J"],
)
def test_what_is_no_port(session: Guide, text: str) -> None:
    step = session.steps.routing
    enter(step)
    step.set("port", text)
    assert step.field_problems()["port"].isprintable()
    enter(step)  # coming back to it looks at nothing, and keeps what was typed unless it is empty
    assert step.problem is None
    assert step.values["port"] == text or not text


def test_a_port_that_another_program_has(session: Guide) -> None:
    step = session.steps.routing
    with socket.create_server(("127.0.0.1", 0)) as other:
        step.set("port", str(other.getsockname()[1]))
        enter(step)
        assert step.checks["port"].state == "warning"
        refused(step, "connector-port-taken")
    act(step)
    assert step.state == "done"


def test_nexus_own_port_and_that_of_another_repository(
    session: Guide, world: PracticeWorld
) -> None:
    step = session.steps.routing
    enter(step)
    step.set("port", world.info.nexus_url.rpartition(":")[2])
    refused(step, "connector-port-of-other-repository")
    taken = free_port()
    step.set("port", str(taken))
    someone_makes(world, DockerProxy.new("theirs", taken))  # after the step looked
    told = refused(step, "connector-port-of-other-repository")
    assert "theirs" in told.came_back
    step.set("port", str(free_port()))
    act(step)
    assert step.state == "done"


def test_more_than_twenty_connectors_are_a_warning(session: Guide, world: PracticeWorld) -> None:
    many = {f"team-{n}": hosted(f"team-{n}", "docker", 64000 + n) for n in range(25)}
    world.call(lambda: world.state.repositories.update(many))
    step = session.steps.routing
    enter(step)
    assert step.checks["connectors"].detail == "25 in use"
    told = step.checks["connector-many"]
    assert told.state == "warning"
    assert told.problem
    assert told.problem.came_back == "25 connectors are in use"
    act(step)
    assert step.state == "done"
    assert not step.moves_on  # so that the warning is read


def test_a_privileged_port_is_a_warning_before_anything_is_made(
    session: Guide, world: PracticeWorld
) -> None:
    step = session.steps.routing
    enter(step)
    assert "connector-privileged-port" not in step.checks
    step.set("port", "900")
    act(step)
    assert step.checks["connector-privileged-port"].state == "warning"
    assert step.state == "done"
    assert not step.moves_on
    step.set("port", str(free_port()))
    act(step)
    assert "connector-privileged-port" not in step.checks
    assert step.moves_on


def test_five_thousand_repositories(session: Guide, world: PracticeWorld) -> None:
    first = session.first_port or 0
    many = {f"raw-{n}": hosted(f"raw-{n}", "raw") for n in range(5000)}
    many |= {f"docker-{n}": hosted(f"docker-{n}", "docker", first + n) for n in range(30)}
    world.call(lambda: world.state.repositories.update(many))
    started = time.monotonic()
    enter(session.steps.routing)
    assert time.monotonic() - started < 10  # a bound for hangs; the bench measures
    assert int(session.steps.routing.values["port"]) == first + 30
    session.steps.developer.set("name", "raw-4999")
    act(session.steps.routing)
    enter(session.steps.developer)
    assert session.steps.developer.problem is not None
    assert session.steps.developer.problem.code == "repository-name-taken"


def test_a_port_taken_between_the_choice_and_the_creation(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    through(session.steps.routing)
    before = names(world)
    step = session.steps.developer
    enter(step)
    with socket.create_server(("127.0.0.1", session.routing.port)):
        refused(step, "connector-port-taken")
        assert middleware.count("POST") == 0
    act(step)
    assert step.state == "done"
    assert names(world) == before | {"chainguard"}


def silent(sock: socket.socket) -> None:
    sock.recv(1000)
    time.sleep(0.01)


def web(sock: socket.socket) -> None:
    sock.recv(1000)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")


@pytest.mark.parametrize(
    ("other", "code"), [(silent, "connector-not-published"), (web, "connector-other-service")]
)
def test_a_port_taken_while_it_is_created(
    session: Guide,
    world: PracticeWorld,
    middleware: FaultMiddleware,
    monkeypatch: pytest.MonkeyPatch,
    other: Callable[[socket.socket], None],
    code: str,
) -> None:
    """Nexus saves the repository and only logs that it has no connector: nothing of it stays."""
    monkeypatch.setattr(connector, "CONNECTOR_SECONDS", 0.5)
    before = names(world)
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(raw_server(other))
        session.steps.routing.set("port", "1")
        session.plan = msgspec.structs.replace(session.plan, routing=plan.Routing(port))
        step = session.steps.developer
        enter(step)
        monkeypatch.setattr("cgwizard.guide.routing.refuse_taken", lambda *_: None)
        refused(step, code)
        assert middleware.count("^POST") == 1
        assert names(world) == before
        assert session.journal.made() == []
    act(step)
    assert step.state == "done"
    assert names(world) == before | {"chainguard"}


def test_an_https_connector_without_a_keystore(
    session: Guide, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "CONNECTOR_SECONDS", 0.3)
    before = names(world)
    enter(session.steps.routing)
    session.steps.routing.set("scheme", "https")
    act(session.steps.routing)
    step = session.steps.developer
    enter(step)
    refused(step, "connector-https-without-keystore")
    assert names(world) == before
    session.steps.routing.set("scheme", "http")
    act(session.steps.routing)
    act(step)
    assert step.state == "done"


# Names


@pytest.mark.parametrize(
    "name", ["", " ", "_x", ".x", "Chainguard", "a b", "a/b", "../x", "ü", "a\x00", "a" * 300]
)
def test_what_is_no_name(session: Guide, name: str) -> None:
    through(session.steps.routing)
    step = session.steps.developer
    step.set("name", name)
    assert step.preview() == () or len(name) == 300
    if len(name) < 300:
        assert step.field_problems()["name"].isprintable()


@pytest.mark.parametrize("name", ["maven-central", "maven-CENTRAL"])
def test_a_name_of_another_format_in_any_case(
    session: Guide, world: PracticeWorld, name: str
) -> None:
    through(session.steps.routing)
    before = names(world)
    if not name.islower():
        world.call(lambda: world.state.repositories.pop("maven-central"))
        put(world, hosted(name, "maven2"))
        before = names(world)
    step = session.steps.developer
    step.set("name", "maven-central")
    refused(step, "repository-name-taken", by="enter")
    told = refused(step, "repository-name-taken")
    assert "maven2" in told.came_back
    assert names(world) == before
    step.set("name", "free-name")
    act(step)
    assert step.state == "done"


def test_a_name_taken_in_the_last_moment(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    """Nexus says so itself: what someone made meanwhile is not removed by the way back."""
    through(session.steps.routing)
    step = session.steps.developer
    enter(step)
    step._look_up = lambda: put(world, hosted("chainguard", "docker"))  # type: ignore[method-assign]
    refused(step, "repository-name-taken")
    assert middleware.count("^POST") == 1
    assert "chainguard" in names(world)
    assert session.journal.made() == []


@pytest.mark.parametrize("step", ["developer", "token"])
def test_a_name_is_at_most_as_long_as_nexus_takes(world: PracticeWorld, step: str) -> None:
    form = next(each for each in session_of(world).steps if each.id == step)
    form.set("name", "x" * 200)
    assert "name" not in form.field_problems()
    for name in ("x" * 201, "x-" * 500):
        form.set("name", name)
        assert "at most 200 characters" in form.field_problems()["name"]


@given(st.text(max_size=20))
def test_no_name_that_is_accepted_needs_quoting(name: str) -> None:
    if docker_proxy.name_problem(name) is None:
        assert name == name.lower()
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
        assert name[0] not in "_."


@given(st.text(max_size=12))
def test_a_port_is_accepted_or_told(text: str) -> None:
    try:
        port = validate_port(text)
    except WizardError as error:
        told = f"{error.problem.came_back}{error.problem.tried}"
    else:
        assert 1 <= port <= 65535
        told = str(int(text) == port)
    assert told.isprintable()
    assert told != "False"


@given(st.sets(st.integers(5051, 5080)), st.integers(5051, 5080), st.sets(st.integers(5051, 5080)))
def test_a_proposed_port_is_free(taken: set[int], own: int, listening: set[int]) -> None:
    used = [Connector(port, "http", f"r{port}") for port in taken]
    port = propose(used, own_port=own, listening=lambda port: port in listening)
    assert port not in taken | listening | {own}
    assert all(p in taken | listening | {own} for p in range(5051, port))


# The remote storage


@pytest.mark.parametrize(
    "remote",
    ["", "https://cgr.dev", "http://cgr.dev/", "https://cgr.dev/chainguard", "https://crg.dev/",
     "https://cgr.dev//", "https://cgr.dev/\x1b[0m", "cgr.dev", "https://cgr.dev:443/"],
)  # fmt: skip
def test_another_remote_is_refused_with_the_reason(
    session: Guide, world: PracticeWorld, remote: str
) -> None:
    through(session.steps.routing)
    step = session.steps.developer
    enter(step)
    step.set("remote", remote)
    told = step.field_problems()["remote"]
    assert "https://cgr.dev/" in told
    assert told.isprintable()
    assert step.preview() == ()
    assert step.values["remote"] == remote


# What is there already


def test_an_existing_one_is_used_on_its_own_port(session: Guide, world: PracticeWorld) -> None:
    through(session.steps.routing)
    chosen = session.routing
    theirs = someone_makes(world, DockerProxy.new("chainguard", free_port()))
    step = session.steps.developer
    enter(step)
    assert step.action().id == "use"
    assert any("docker.httpPort" in line for line in step.preview())
    act(step)
    assert session.routing.port == theirs.docker.http_port != chosen.port
    assert session.journal.made() == []
    session.steps.token.do("skip", lambda _check: None, Cancel())
    through(session.steps.pull)
    assert all(proof.verified for proof in session.proofs)
    # Another name is made on the port that was chosen, not on that of the one that was used.
    step.set("name", "another")
    assert session.routing == chosen
    act(step)
    assert step.problem is None, step.problem
    assert stored(session, "another").docker.http_port == chosen.port


def test_an_existing_one_is_changed_as_shown(session: Guide, world: PracticeWorld) -> None:
    someone_makes(world, DockerProxy.new("chainguard", None, remote_url="https://crg.dev/chain"))
    through(session.steps.routing)
    step = session.steps.developer
    enter(step)
    step.set("existing", "use")
    refused(step, "remote-url-path")
    step.set("existing", "change")
    assert any(line.startswith("PUT") for line in step.preview())
    act(step)
    assert step.state == "done"
    assert stored(session, "chainguard").proxy.remote_url == "https://cgr.dev/"
    assert [entry.change for entry in session.journal.made()] == [
        "change the docker proxy chainguard"
    ]


UNUSABLE = {
    "another host": DockerProxy.new("chainguard", None, remote_url="https://crg.dev/chain"),
    "a path": DockerProxy.new("chainguard", 4999, remote_url="https://cgr.dev/chainguard"),
    "no port": DockerProxy.new("chainguard", None),
    "offline": msgspec.structs.replace(DockerProxy.new("chainguard", 4999), online=False),
}


@pytest.mark.parametrize("why", UNUSABLE)
def test_what_is_proposed_for_an_existing_one_works(
    session: Guide, world: PracticeWorld, why: str
) -> None:
    theirs = UNUSABLE[why]
    someone_makes(world, theirs)
    someone_makes(world, DockerProxy.new("chainguard-2", 4998, remote_url="https://cgr.dev/two"))
    before = stored(session, "chainguard")
    enter(session.steps.routing)
    session.steps.routing.set("port", str(port := free_port()))
    act(session.steps.routing)
    step = session.steps.developer
    enter(step)
    (field,) = (field for field in step.fields() if field.id == "existing")
    assert field.value == "leave"
    assert field.choices[0].label == "leave it, create chainguard-3"
    assert ("change" in {c.value for c in field.choices}) == (why != "offline")
    assert step.action().label == "create chainguard-3"
    assert step.preview()[0].startswith("POST")
    act(step)
    assert step.state == "done", step.problem
    assert session.plan.developer is not None
    assert session.plan.developer.name == "chainguard-3"
    assert stored(session, "chainguard-3").docker.http_port == port
    assert not stored(session, "chainguard").differences(before), "it is left alone"
    through(session.steps.developer)
    assert session.journal.made()[-1].repository == "chainguard-3"


def test_one_that_works_is_used_as_it_is(session: Guide, world: PracticeWorld) -> None:
    theirs = DockerProxy.new("chainguard", free_port())
    someone_makes(world, theirs)
    enter(session.steps.routing)
    session.steps.routing.set("port", str(free_port()))
    act(session.steps.routing)
    step = session.steps.developer
    enter(step)
    (field,) = (field for field in step.fields() if field.id == "existing")
    assert (field.value, [choice.value for choice in field.choices]) == ("use", ["use", "change"])
    act(step)
    assert step.state == "done"
    assert session.journal.made() == []


def test_a_changed_port_says_whose_clients_stop_working(
    session: Guide, world: PracticeWorld
) -> None:
    theirs = DockerProxy.new("chainguard", free_port())
    someone_makes(world, theirs)
    enter(session.steps.routing)
    session.steps.routing.set("port", str(port := free_port()))
    act(session.steps.routing)
    step = session.steps.developer
    enter(step)
    warning = f"Clients that use port {theirs.docker.http_port} stop working until they use {port}."
    assert warning not in step.preview(), "it is used as it is"
    step.set("existing", "change")
    assert warning in step.preview()
    act(step)
    assert step.state == "done"


def test_one_that_has_no_port_or_is_offline_is_not_used(
    session: Guide, world: PracticeWorld
) -> None:
    someone_makes(world, DockerProxy.new("by-path", None))
    offline = DockerProxy.new("offline", free_port())
    someone_makes(world, msgspec.structs.replace(offline, online=False))
    through(session.steps.routing)
    step = session.steps.developer
    step.set("existing", "use")
    step.set("name", "by-path")
    enter(step)
    refused(step, "repository-without-connector")
    step.set("name", "offline")
    enter(step)
    refused(step, "repository-offline")
    assert session.plan.developer is None


def test_stored_credentials_are_never_dropped(session: Guide, world: PracticeWorld) -> None:
    theirs = DockerProxy.new(
        "chainguard", free_port(), credentials=Credentials("someone", Secret(SECRET))
    )
    someone_makes(world, theirs)
    enter(session.steps.routing)
    assert session.steps.routing.values["port"] == str(theirs.docker.http_port)
    session.steps.routing.set("port", str(free_port()))
    act(session.steps.routing)
    step = session.steps.developer
    enter(step)
    step.set("existing", "change")
    refused(step, "credentials-would-be-lost", SECRET)
    assert stored(session, "chainguard").has_credentials
    step.set("existing", "use")
    act(step)
    assert step.state == "done"


def test_nothing_is_changed_that_was_not_shown(
    session: Guide, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    through(session.steps.routing)
    step = session.steps.developer
    enter(step)
    assert step.action().id == "create"
    someone_makes(world, DockerProxy.new("chainguard", free_port()))
    sent = middleware.count("^(POST|PUT)")
    step.values["existing"] = "change"
    refused(step, "repository-exists")
    assert middleware.count("^(POST|PUT)") == sent
    assert any(line.startswith("PUT") for line in step.preview())
    act(step)
    assert step.state == "done"


def test_what_a_name_was_found_for_is_not_shown_for_another(
    session: Guide, world: PracticeWorld
) -> None:
    someone_makes(world, DockerProxy.new("chainguard", free_port()))
    through(session.steps.routing)
    step = session.steps.developer
    enter(step)
    assert step.action().id == "use"
    step.set("name", "other")
    assert step.action().label == "create other"
    assert step.preview()[0].startswith("POST")
    assert "existing" not in {field.id for field in step.fields()}


def test_another_port_after_it_was_made_changes_what_this_run_made(session: Guide) -> None:
    walk(session, until="developer")
    port = free_port()
    session.steps.routing.set("port", str(port))
    through(session.steps.routing)
    through(session.steps.developer)
    assert session.routing.port == port
    assert stored(session, "chainguard").docker.http_port == port


def test_a_nexus_frozen_between_the_steps(session: Guide, world: PracticeWorld) -> None:
    through(session.steps.routing)
    before = names(world)
    step = session.steps.developer
    enter(step)
    world.state.read_only = True
    refused(step, "nexus-read-only")
    assert names(world) == before
    world.state.read_only = False
    act(step)
    assert step.state == "done"
