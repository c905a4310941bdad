"""What answers outside the REST API: the start page, metrics for load balancers, and the content
of repositories that are not docker ones (they are there, and empty)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.responses import Response

from cgwizard.practice.nexus import errors

if TYPE_CHECKING:
    from cgwizard.practice.nexus.accounts import User
    from cgwizard.practice.nexus.models import Repository
    from cgwizard.practice.nexus.state import NexusState

TITLE = "Sonatype Nexus Repository"


def answer(state: NexusState, user: User | None, method: str, path: str) -> Response:
    """Raises `ErrorResponse` for what is not there."""
    if method not in {"GET", "HEAD"}:
        raise errors.html(405, TITLE, "Method Not Allowed")
    if path in {"/", "/index.html"}:
        text = (
            "This is a practice server: its REST API and its docker connectors are real,"
            " its user interface is not here."
        )
        headers = {"X-Frame-Options": "DENY", "Cache-Control": "no-cache"}
        return Response(errors.page(TITLE, text), headers=headers, media_type="text/html")
    if path in {"/service/metrics/ping", "/service/metrics/healthcheck"}:
        if not state.permits(user, "nexus:metrics:read"):
            raise errors.forbidden() if user else errors.unauthorized()
        if path.endswith("/ping"):
            return Response(b"pong\n", media_type="text/plain")
        return Response(b'{"deadlocks":{"healthy":true}}', media_type="application/json")
    if (repository := other_repository(state, path)) is not None:
        return _content(state, user, repository, path)
    raise errors.html(404, TITLE, "Not Found")


def other_repository(state: NexusState, path: str) -> Repository | None:
    """The repository of ``/repository/NAME/...``, unless it is a docker one."""
    parts = path.split("/")
    if len(parts) < 3 or parts[1] != "repository":
        return None
    repository = state.find(unquote(parts[2]))
    return repository if repository is not None and repository.format != "docker" else None


def _content(state: NexusState, user: User | None, repository: Repository, path: str) -> Response:
    permission = f"nexus:repository-view:{repository.format}:{repository.name}:read"
    if not state.permits(user, permission):
        raise errors.forbidden() if user else errors.unauthorized()
    inside = path.split("/", 3)[3:]
    if inside in ([], [""]):
        return Response(errors.page(repository.name, "Nothing is here."), media_type="text/html")
    if state.has_eula and not state.eula_accepted:
        raise errors.html(403, TITLE, errors.EULA)
    raise errors.html(404, TITLE, f"/{inside[0]}")
