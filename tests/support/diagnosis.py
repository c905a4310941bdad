"""The checks of the diagnosis, run on a session in which something was broken before."""

from __future__ import annotations

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.chain import conclude
from cgwizard.diagnosis.finding import Finding, Started
from cgwizard.diagnosis.runner import run
from cgwizard.diagnosis.subject import Subject
from cgwizard.guide.guide import Guide
from cgwizard.nexus.models import DockerProxy
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials
from tests.support.guide import session_of, walk
from tests.support.ports import free_port


def set_up(world: PracticeWorld) -> Guide:
    """The guide up to the test pull: both repositories are there, nothing was pulled yet."""
    session = session_of(world)
    session.steps.routing.values["port"] = str(free_port())
    session.steps.token.values["port"] = str(free_port())
    walk(session, until="token")
    return session


def findings(session: Guide, *only: str) -> list[Finding]:
    with Subject.of(session) as subject:
        return run(subject, lambda _event: None, Cancel(), only=only or None)


def conclusion(session: Guide) -> str:
    """The slug of what the checks hold for the cause; "" where they find nothing wrong."""
    found = findings(session)
    step = session.failed
    cause = conclude(found, session.problem, directly=step is not None and step.asks_registry)
    failed = [f for f in found if f.slug == "check-failed"]
    assert not failed, failed
    return cause.slug if cause else ""


def events(subject: Subject, *only: str) -> list[Finding | Started]:
    seen: list[Finding | Started] = []
    run(subject, seen.append, Cancel(), only=only)
    return seen


def settings(session: Guide, name: str) -> DockerProxy:
    found = session.nexus.docker_proxy(name)
    assert found is not None
    return found


def change(
    session: Guide, name: str, credentials: Credentials | None = None, **parts: object
) -> None:
    """Set members of a repository; a part such as ``proxy`` is a dict of its members."""
    proxy = settings(session, name)
    if credentials is not None:
        proxy = proxy.with_credentials(credentials)
    for member, value in parts.items():
        if isinstance(value, dict):
            part = msgspec.structs.replace(getattr(proxy, member), **value)
            proxy = msgspec.structs.replace(proxy, **{member: part})
        else:
            proxy = msgspec.structs.replace(proxy, **{member: value})
    session.nexus.update_docker_proxy(proxy)
