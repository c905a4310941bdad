"""The diagnosis starts from the failure on the screen: nothing unrelated is called its cause."""

from __future__ import annotations

import pytest

from cgwizard.cancel import Cancel
from cgwizard.diagnosis import facts
from cgwizard.diagnosis.chain import CHAIN, conclude
from cgwizard.diagnosis.diagnosis import Diagnosis
from cgwizard.diagnosis.finding import Finding, problem
from cgwizard.diagnosis.image import connected
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Code, Problem, WizardError
from cgwizard.guide.guide import Guide
from cgwizard.guide.step import Step
from cgwizard.practice.nexus.signin import LOCKED_AFTER
from cgwizard.practice.world import PracticeWorld
from cgwizard.registry.client import Registry
from tests.support.diagnosis import findings, set_up
from tests.support.guide import act, enter, session_of, through, walk

DNS = problem(Code.HOST_DNS, "no address for cgr.dev", "the name server does not know it").of_check(
    "host-cgr.dev", "cgr.dev is reached from here"
)
LAYERS = problem(Code.HOST_TIMEOUT, "nothing").of_check("host-layers", "The layers' host")
STARTING = problem(Code.NEXUS_STARTING, "503").of_check("nexus-answers", "Nexus answers")
PORT = problem(Code.CONNECTOR_OTHER_SERVICE, "200").of_check("connector", "It answers")
STALE = problem(Code.CACHE_CORRUPT, "differs").of_check("image-through-nexus", "Nexus serves it")
NEGATIVE = problem(Code.NEGATIVE_CACHE, "404").of_check("image-through-nexus", "Nexus serves it")
REVOKED = problem(Code.TOKEN_REVOKED, "400").of_check("token-accepted", "It is accepted")
OPEN = problem(Code.ANONYMOUS_SEES_PRIVATE, "200").of_check("image-private-closed", "It is closed")
ALL = (DNS, LAYERS, STARTING, PORT, STALE, NEGATIVE, REVOKED, OPEN)


def failure(code: Code) -> Problem:
    return Problem(code, "asking", "an answer", f"the cause of {code}", "the next step")


def diagnosed(session: Guide) -> Diagnosis:
    diagnosis = Diagnosis(session)
    diagnosis.begin()
    diagnosis.run(lambda: None, Cancel())
    diagnosis.end()
    return diagnosis


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        # Connect
        (Code.NEXUS_LOCKED_OUT, Code.NEXUS_LOCKED_OUT),
        (Code.LOGIN_WRONG, Code.LOGIN_WRONG),
        (Code.NEXUS_TLS_UNTRUSTED, Code.NEXUS_TLS_UNTRUSTED),
        (Code.NEXUS_DNS, Code.NEXUS_DNS),
        (Code.URL_INVALID, Code.URL_INVALID),
        (Code.KEYRING_LOCKED, Code.KEYRING_LOCKED),
        (Code.NEXUS_NO_ANSWER, Code.NEXUS_STARTING),
        (Code.NEXUS_SERVER_ERROR, Code.NEXUS_STARTING),
        # Choose a free port, Developer proxy
        (Code.CONNECTOR_PORT_TAKEN, Code.CONNECTOR_PORT_TAKEN),
        (Code.CONNECTOR_NO_FREE_PORT, Code.CONNECTOR_NO_FREE_PORT),
        (Code.REPOSITORY_NOT_AS_SENT, Code.REPOSITORY_NOT_AS_SENT),
        (Code.NEXUS_FORBIDDEN, Code.NEXUS_FORBIDDEN),
        (Code.REPOSITORY_NAME_TAKEN, Code.REPOSITORY_NAME_TAKEN),
        # Test pull
        (Code.MANIFEST_UNKNOWN, Code.NEXUS_STARTING),
        (Code.REGISTRY_REFUSED, Code.NEXUS_STARTING),
        (Code.DIGEST_MISMATCH, Code.CACHE_CORRUPT),
        (Code.ENGINE_DISK_FULL, Code.ENGINE_DISK_FULL),
        (Code.PLATFORM, Code.PLATFORM),
        (Code.ANONYMOUS_SEES_PRIVATE, Code.ANONYMOUS_SEES_PRIVATE),
    ],
)
def test_only_what_can_explain_it_is_the_cause(code: Code, cause: Code) -> None:
    found = conclude(ALL, failure(code))
    assert found is not None
    assert found.code == cause


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (Code.REGISTRY_DNS, Code.HOST_DNS),
        (Code.REGISTRY_TIMEOUT, Code.HOST_DNS),
        (Code.CLIENT_PROXY_IN_THE_WAY, Code.HOST_DNS),
        (Code.REGISTRY_UNAVAILABLE, Code.HOST_DNS),
        (Code.TOKEN_REFUSED, Code.TOKEN_REVOKED),
        (Code.TOKEN_TRUNCATED, Code.TOKEN_TRUNCATED),
        (Code.CHAINCTL_NETWORK, Code.CHAINCTL_NETWORK),
        (Code.NEXUS_LOCKED_OUT, Code.NEXUS_LOCKED_OUT),
    ],
)
def test_what_was_asked_of_the_registry_itself(code: Code, cause: Code) -> None:
    found = conclude(ALL, failure(code), directly=True)
    assert found is not None
    assert found.code == cause


def test_whatever_failed_is_at_least_its_own_cause() -> None:
    for code in Code:
        for directly in (False, True):
            found = conclude([Finding("ok", check="image-name")], failure(code), directly=directly)
            assert found is not None
            assert found.code is code
            assert found.cause == f"the cause of {code}"


def test_no_failure_at_nexus_is_explained_by_the_registry_s_network() -> None:
    of_nexus = [code for code in Code if code.startswith("nexus-")] + [Code.LOGIN_WRONG]
    for code in of_nexus:
        found = conclude([DNS, LAYERS, NEGATIVE, REVOKED, OPEN], failure(code))
        assert found is not None
        assert found.code is code


def test_an_open_private_repository_explains_no_failed_pull() -> None:
    for link in CHAIN:
        for code in {link} if isinstance(link, Code) else link:
            found = conclude([OPEN], failure(code))
            assert found is not None
            assert found.code is code


@pytest.mark.parametrize(
    ("code", "check", "directly"),
    [
        (Code.NEXUS_REFUSED, "nexus-answers", False),
        (Code.REGISTRY_REFUSED, "connector", False),
        (Code.MANIFEST_UNKNOWN, "image-through-nexus", False),
        (Code.REGISTRY_TIMEOUT, "host-cgr.dev", True),
    ],
)
def test_what_is_over_is_not_explained_by_what_is_not_so(
    code: Code, check: str, directly: bool
) -> None:
    fine = Finding("ok", check=check, label="This works")
    found = conclude([fine], failure(code), directly=directly)
    assert found is not None
    assert found.cause == "that has passed: This works"
    other = conclude([fine, Finding("unknown", check=check)], failure(code), directly=directly)
    assert other is not None
    assert other.cause == f"the cause of {code}"


def wrong(step: Step, times: int) -> None:
    for number in range(times):
        step.set("password", f"wrong-{number}")
        act(step)


def test_a_locked_user_is_named_and_not_tried_again(world: PracticeWorld) -> None:
    session = Guide(url=world.info.nexus_url, user="admin")
    step = session.steps.connect
    enter(step)
    wrong(step, LOCKED_AFTER + 2)
    assert step.problem is not None
    assert step.problem.code == "nexus-locked-out", step.problem
    assert world.state.lockout is not None
    seen = dict(world.state.lockout._failed)
    diagnosis = diagnosed(session)  # the registry's own host has no address here
    heading = diagnosis.heading
    assert heading.startswith("Connect failed (nexus-locked-out). Most likely: ")
    assert "refuses this user name" in heading
    assert "name server" not in heading
    assert "15 minutes" in diagnosis.context
    assert world.state.lockout._failed == seen, "each sign-in begins its minutes anew"
    assert [check for check in diagnosis.checks() if check.state == "problem"]


@pytest.mark.parametrize("code", [Code.NEXUS_LOCKED_OUT, Code.LOGIN_WRONG])
def test_a_refused_user_signs_in_nowhere(
    world: PracticeWorld, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = set_up(world)
    session.steps.pull.problem = failure(code)
    sent: list[int] = []

    def connector(port: int, scheme: str = "http") -> Registry:
        sent.append(port)
        return Registry(f"{scheme}://{session.address(port)}")

    monkeypatch.setattr(session, "connector", connector)
    found = findings(session)
    assert not sent
    assert {f.verdict for f in found if f.check == "image-through-nexus"} == {"skipped"}
    with Subject.of(session) as subject:
        assert subject.free
        with pytest.raises(WizardError) as caught:
            facts.signed_in_client(subject, subject.free)
        assert caught.value.code == code
    assert diagnosed(session).heading.startswith(f"Test pull failed ({code}). Most likely: the ca")


def test_a_connector_that_refuses_the_sign_in_is_the_only_one_asked(
    world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = set_up(world)
    asked: list[str] = []

    def refuse(self: Registry, *_: object, **__: object) -> object:
        asked.append(self.name)
        raise WizardError(Code.LOGIN_WRONG, tried="signing in", came_back="401")

    with Subject.of(session) as subject:
        assert subject.free
        assert subject.private
        assert isinstance(connected(subject, subject.free), Registry)
        monkeypatch.setattr(Registry, "manifest", refuse)
        from cgwizard.diagnosis.image import _through

        assert _through(subject, subject.free).code == "login-wrong"
        signed_in = [name for name in asked if name != "cgr.dev"]
        with pytest.raises(WizardError, match="login-wrong"):
            _through(subject, subject.private)
        assert [name for name in asked if name != "cgr.dev"] == signed_in


# A token that is valid, and an image that it does not open


@pytest.fixture
def at_token(world: PracticeWorld) -> Guide:
    session = session_of(world)
    walk(session, until="developer")
    enter(session.steps.token)
    return session


@pytest.mark.parametrize("image", ["example.com/redis-fips", "other.example/chainguard-base"])
def test_a_good_token_is_never_accused(at_token: Guide, image: str) -> None:
    step = at_token.steps.token
    step.set("image", image)
    before = diagnosed(at_token)
    assert "valid, but not for this image" in before.heading
    act(step)
    assert step.problem is not None
    assert step.problem.code == "not-entitled"
    after = diagnosed(at_token)
    said = [before.heading, after.heading, *(str(check) for check in after.checks())]
    said += [str(check) for check in before.checks()] + [str(step.problem)]
    assert not [text for text in said if "revoked" in text or "does not take" in text]
    assert after.heading.startswith("Add token auth failed (not-entitled). Most likely: the token")
    step.set("image", f"{at_token.practice.organization}/chainguard-base")  # type: ignore[union-attr]
    assert diagnosed(at_token).heading.startswith("Nothing wrong was found")


def test_a_token_that_is_revoked_is_called_so_also_for_an_image_it_would_not_open(
    at_token: Guide, world: PracticeWorld
) -> None:
    step = at_token.steps.token
    step.set("image", "example.com/redis-fips")
    world.registry.tokens.revoke(world.info.pull_token)
    act(step)
    assert step.problem is not None
    assert step.problem.code == "token-refused"
    assert "it was revoked" in step.problem.cause
    assert "revoked" in diagnosed(at_token).heading


def test_a_refused_image_at_the_pull_is_no_refused_token(
    at_token: Guide, world: PracticeWorld
) -> None:
    step = at_token.steps.token
    step.set("image", "example.com/redis-fips")
    step.values["check"] = "nexus"
    through(step)
    pull = at_token.steps.pull
    enter(pull)
    act(pull)
    assert pull.problem is not None
    assert pull.problem.code == "manifest-unknown"
    heading = diagnosed(at_token).heading
    assert heading.startswith(
        "Test pull failed (manifest-unknown). Most likely: the token is valid"
    )


def test_a_filter_before_the_registry_accuses_no_token(
    at_token: Guide, world: PracticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Registry, repository: str) -> bool:
        raise WizardError(Code.NOT_ENTITLED, tried="GET /v2/", came_back="403 Forbidden")

    monkeypatch.setattr(Registry, "check_credentials", refused)
    (found,) = findings(at_token, "token-accepted")
    assert found.verdict == "unknown"
