"""A repository that is there already: what can be done with it, and what works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.errors import Code
from cgwizard.guide import docker_proxy
from cgwizard.guide.shown import Choice
from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.nexus.docker_proxy import DockerProxy

USE = Choice("use", "use it as it is")
CHANGE = Choice("change", "change it as shown")
# What a change sets right; what an administrator took out of use stays so.
CHANGEABLE = frozenset({Code.REMOTE_URL_PATH, Code.REPOSITORY_WITHOUT_CONNECTOR})


def choices(session: Session, there: DockerProxy | None) -> tuple[Choice, ...]:
    """The first one is proposed: it works, and it changes nothing that others made."""
    if there is None:
        return ()
    unusable = docker_proxy.unusable(there)
    if unusable is None:
        return USE, CHANGE
    leave = Choice("leave", f"leave it, create {other_name(session, there.name)}")
    return (leave, CHANGE) if unusable.code in CHANGEABLE else (leave,)


def other_name(session: Session, name: str) -> str:
    """``name`` with the first number that makes it one that no repository has."""
    taken = {repository.name.lower() for repository in session.repositories}
    number = 2
    while (found := f"{name[: plan.MAX_NAME - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return found


def adjusted(session: Session, there: DockerProxy) -> DockerProxy:
    """``there`` as the answers want it; all else of it stays."""
    routing = session.routing
    https = routing.scheme == "https"
    return there.adjusted(remote_url=plan.REMOTE_URL, port=routing.port, https=https)
