"""Pull tokens that are none, are no longer, or are someone else's; and images that are not."""

from __future__ import annotations

import socket
import threading
import time
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled
from cgwizard.guide.guide import Guide
from cgwizard.guide.image_names import private_image_problem
from cgwizard.guide.step import run_checked
from cgwizard.guide.token import TokenStep
from cgwizard.nexus.models import DockerProxy
from cgwizard.practice.faults.base import RegistryFault
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.rate_limited import RateLimited
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry import retry
from cgwizard.registry.retry import RetryPolicy
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.faulty_nexus import names
from tests.support.guide import act, enter, refused, session_of, tell, through, walk
from tests.support.ports import free_port
from tests.support.scripted_server import raw_server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries as always, but quick ones."""
    quick = RetryPolicy(first_pause=0.01, longest_pause=0.02, tries=2)
    monkeypatch.setattr(retry, "RetryPolicy", lambda **_: quick)


@pytest.fixture
def session(world: PracticeWorld) -> Guide:
    made = session_of(world)
    walk(made, until="developer")
    enter(made.steps.token)
    return made


@pytest.fixture
def step(session: Guide) -> TokenStep:
    return session.steps.token


def paste(step: TokenStep, credentials: Credentials) -> None:
    step.set("token", f"{credentials.username} {credentials.password.reveal()}")


def untouched(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware, code: str, secret: str
) -> None:
    """Refused with ``code`` before Nexus was touched; then the right token goes through."""
    before, sent = names(world), middleware.count("^(POST|PUT|DELETE)")
    refused(step, code, secret)
    assert step.checked is None
    assert names(world) == before
    assert middleware.count("^(POST|PUT|DELETE)") == sent


def recovers(step: TokenStep, world: PracticeWorld) -> None:
    paste(step, world.info.pull_token)
    step.set("image", f"{world.info.organization}/chainguard-base")
    through(step)
    assert step.state == "done"
    assert "chainguard-private" in names(world)


def test_swapped_halves_are_put_right(step: TokenStep, world: PracticeWorld) -> None:
    token = world.info.pull_token
    step.set("token", f"Username: {token.password.reveal()}\nPassword: {token.username}")
    act(step)
    assert step.problem is None, step.problem
    assert "swapped" in step.context
    through(step)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_token(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware, keep: float
) -> None:
    token = world.info.pull_token
    text = token.password.reveal()
    cut = text[: int(len(text) * keep)]
    step.set("token", f"docker login cgr.dev --username {token.username} --password {cut}")
    untouched(step, world, middleware, "token-truncated", cut)
    recovers(step, world)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello", "token-unreadable"),
        ("\x1b[31m\x00\x07", "token-empty"),
        ("docker login docker.io -u me -p kelp-lantern-77", "token-other-registry"),
        ("chainctl auth configure-docker --pull-token", "token-unreadable"),
        ("{" * 5000, "token-unreadable"),
        ("eyJ" * 30_000, "token-truncated"),
        ("me@example.com kelp-lantern-77", "token-unreadable"),
    ],
)
def test_what_is_no_token(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware, text: str, code: str
) -> None:
    step.set("token", text)
    untouched(step, world, middleware, code, "kelp-lantern-77")
    recovers(step, world)


def test_a_token_for_libraries(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    token = world.info.pull_token
    step.set(
        "token",
        f"export CHAINGUARD_JAVA_IDENTITY_ID={token.username}\n"
        f"export CHAINGUARD_JAVA_TOKEN={token.password.reveal()}",
    )
    untouched(step, world, middleware, "token-wrong-kind", token.password.reveal())


def test_an_expired_token(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    token = world.registry.tokens.expired(world.info.organization)
    paste(step, token)
    asked = len(world.registry.requests)
    untouched(step, world, middleware, "token-expired", token.password.reveal())
    assert len(world.registry.requests) == asked
    recovers(step, world)


def test_a_token_that_expires_between_its_date_and_the_clock_there(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    token = world.registry.tokens.issue(world.info.organization, timedelta(hours=1))
    paste(step, token)
    clock = world.registry.tokens.clock
    world.registry.tokens.clock = lambda: clock() + 7200
    untouched(step, world, middleware, "token-refused", token.password.reveal())
    world.registry.tokens.clock = clock
    act(step)
    assert step.checked is not None


def test_a_revoked_token(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    token = world.registry.tokens.issue(world.info.organization)
    world.registry.tokens.revoke(token)
    paste(step, token)
    untouched(step, world, middleware, "token-refused", token.password.reveal())
    recovers(step, world)


def test_halves_of_two_tokens(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    one, other = (world.registry.tokens.issue(world.info.organization) for _ in range(2))
    paste(step, Credentials(one.username, other.password))
    untouched(step, world, middleware, "token-refused", other.password.reveal())
    recovers(step, world)


def test_a_token_of_another_organization(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    token = world.registry.tokens.issue("other.example")
    paste(step, token)
    untouched(step, world, middleware, "not-entitled", token.password.reveal())
    recovers(step, world)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("example.com/redis-fips", "not-entitled"),  # not bought
        ("example.com/no-such-image", "manifest-unknown"),
        ("other.example/chainguard-base", "not-entitled"),
    ],
)
def test_an_image_that_the_token_does_not_open(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware, image: str, code: str
) -> None:
    step.set("image", image)
    untouched(step, world, middleware, code, world.info.pull_token.password.reveal())
    recovers(step, world)


@pytest.mark.parametrize(
    "image",
    ["", " ", "chainguard-base", "cgr.dev/example.com/base", "https://cgr.dev/x/y",
     "example.com/Base", "example.com/base:1.2", "example.com/base@sha256:" + "0" * 64,
     "chainguard/wolfi-base", "example.com/a b", "example.com/\x1b[0m", "/", "a/", "/b",
     "example.com/" + "a" * 300, "x/../y"],
)  # fmt: skip
def test_what_is_no_image(step: TokenStep, image: str) -> None:
    step.set("image", image)
    assert step.field_problems()["image"].isprintable()
    assert step.preview() == ()
    assert step.values["image"] == image


@given(st.text(max_size=40), st.text(max_size=10))
def test_an_image_is_accepted_or_told(image: str, organization: str) -> None:
    for text in (image, f"{organization}/{image}"):
        told = private_image_problem(text.strip())
        assert told is None or (told and told.isprintable())


# The registry


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ErrorStatus(place="token", status=503), "registry-unavailable"),
        (ErrorStatus(place="manifest", status=500), "registry-unavailable"),
        (RateLimited(place="token", retry_after=9999), "rate-limited"),
    ],
)
def test_the_registry_fails_and_recovers(
    step: TokenStep,
    world: PracticeWorld,
    middleware: FaultMiddleware,
    fault: RegistryFault,
    code: str,
) -> None:
    world.registry.faults.add(fault)
    untouched(step, world, middleware, code, world.info.pull_token.password.reveal())
    world.registry.faults.clear()
    step.reset()  # as after any answer that is typed again
    recovers(step, world)


def test_the_registry_is_down(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    """Often only Nexus reaches it: F7 and Enter then go on without asking from here."""
    assert world.registry.running is not None
    world.call(world._servers.stop, world.registry.running)
    untouched(step, world, middleware, "registry-refused", world.info.pull_token.password.reveal())
    assert step.action().label == "try again"
    step.do("unasked", lambda _: None, Cancel())
    act(step)
    assert step.checks["accepted"].state == "warning"
    act(step)
    assert step.state == "done"


def test_cancel_ends_a_registry_that_hangs(
    step: TokenStep, session: Guide, world: PracticeWorld
) -> None:
    """Within a moment, not after its time-outs; and what was typed stays."""
    asked, ended = threading.Event(), threading.Event()

    def hang(sock: socket.socket) -> None:
        sock.recv(1000)
        asked.set()
        ended.wait(30)

    cancel = Cancel()
    values, secrets = dict(step.values), dict(step.secrets)
    with raw_server(hang) as port:
        url = f"http://127.0.0.1:{port}"
        session.practice = msgspec.structs.replace(world.info, registry_url=url)

        def person() -> None:
            asked.wait(30)
            cancel.set()

        threading.Thread(target=person, daemon=True).start()
        started = time.monotonic()
        with pytest.raises(Cancelled):
            run_checked(step, step.act, lambda _check: None, cancel)
        assert time.monotonic() - started < 10
        ended.set()
    assert (step.values, step.secrets) == (values, secrets)


# What is shown


def test_the_choice_may_change_after_the_check(step: TokenStep, session: Guide) -> None:
    act(step)
    assert step.preview()[0].startswith("POST")
    assert step.action().label == "create chainguard-private"
    step.set("mode", "add")
    assert step.preview()[0].startswith("PUT")
    assert step.preview()[0].endswith("/docker/proxy/chainguard")
    assert step.action().label == "add the token to chainguard"
    step.set("mode", "separate")
    assert step.preview()[0].startswith("POST")
    step.set("name", "mine")
    assert any('"name": "mine"' in line for line in step.preview())
    for port in ("abc", "", "-5", "70000"):
        step.set("port", port)
        assert step.preview() == ()
        assert "port" in step.field_problems()
        assert step.action().label
    step.set("port", str(free_port()))
    act(step)
    assert step.state == "done"
    stored = session.nexus.docker_proxy("mine")
    assert stored is not None
    assert stored.has_credentials


def test_the_free_repository_is_not_moved_by_accident(step: TokenStep, session: Guide) -> None:
    step.set("name", "chainguard")
    assert "name" in step.field_problems()
    step.set("name", "Chainguard")
    assert "name" in step.field_problems()
    step.set("name", "other")
    assert "name" not in step.field_problems()
    step.set("port", str(session.routing.port))
    assert "port" in step.field_problems()


def test_a_private_name_that_is_taken(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    step.set("name", "maven-central")
    untouched(
        step, world, middleware, "repository-name-taken", world.info.pull_token.password.reveal()
    )
    recovers_with(step, "private-2")


def recovers_with(step: TokenStep, name: str) -> None:
    step.set("name", name)
    through(step)
    assert step.state == "done"


def test_the_port_of_another_repository(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    act(step)
    taken = int(step.values["port"])
    step.session.nexus.create_docker_proxy(DockerProxy.new("theirs", taken))
    before = names(world)
    refused(step, "connector-port-of-other-repository", world.info.pull_token.password.reveal())
    assert names(world) == before
    step.set("port", str(free_port()))
    act(step)
    assert step.state == "done"


def test_a_private_name_taken_in_the_last_moment(
    step: TokenStep, world: PracticeWorld, middleware: FaultMiddleware
) -> None:
    """A docker (proxy) of this name is not given the token before that was shown."""
    act(step)
    step.session.nexus.create_docker_proxy(
        DockerProxy.new(
            "chainguard-private", free_port(), credentials=Credentials("x", Secret("y"))
        )
    )
    sent = middleware.count("^(POST|PUT)")
    told = refused(step, "repository-exists", world.info.pull_token.password.reveal())
    tell(told)
    assert middleware.count("^(POST|PUT)") == sent
    assert any(line.startswith("PUT") for line in step.preview())
    assert any("cannot be put back" in note for note in step.notes())
    act(step)
    assert step.problem is None, step.problem
    assert step.state == "done"
