"""The API of Nexus's user interface, which programs use where the public API has nothing."""

from __future__ import annotations

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.nexus.rest.repositories import allowed, url
from cgwizard.practice.nexus.rest.users import set_password
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply

routes = Routes("Internal")


@routes.add("GET", "/internal/ui/repositories/details", access=True)
def repository_details(call: Call) -> Response:
    """The state of each remote. Nexus shows a blocked proxy only here."""
    return reply([_details(call, repository) for repository in allowed(call, "admin", "read")])


@routes.add("GET", "/internal/ui/repositories", access=True)
def repository_references(call: Call) -> Response:
    return reply(
        [
            {"id": r.name, "name": r.name, "format": r.format, "type": r.type}
            for r in allowed(call, "view", "browse", "read")
        ]
    )


def _details(call: Call, repository: Repository) -> Json:
    return {
        "name": repository.name,
        "type": repository.type,
        "format": repository.format,
        "url": url(call, repository),
        "status": status(call, repository),
    }


def status(call: Call, repository: Repository) -> Json:
    found = None
    if call.state.docker is not None and repository.format == "docker":
        found = call.state.docker.status(repository)
    if found is not None:
        return {
            "online": found.online,
            "description": found.description,
            "reason": found.reason,
        }
    description = None
    if repository.type == "proxy":
        description = "Ready to Connect" if repository.online else "Repository Offline"
    return {"online": repository.online, "description": description, "reason": None}


@routes.add("GET", "/internal/ui/user", access=True)
def own_user(call: Call) -> Response:
    user = call.user
    if user is None:
        raise call.refuse()
    return reply(
        {
            "userId": user.user_id,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "email": user.email,
            "status": user.status,
            "readOnly": False,
            "external": False,
            "administrator": call.permits("nexus:*"),
        }
    )


@routes.add("GET", "/internal/ui/onboarding", access="nexus:*")
def onboarding(call: Call) -> Response:
    """The first steps that are still to do."""
    state = call.state
    admin = state.users.get("admin")
    steps = []
    if admin is not None and admin.status == "changepassword":
        steps.append({"type": "ChangeAdminPassword", "priority": 0})
        steps.append({"type": "ConfigureAnonymousAccess", "priority": 3})
    if state.has_eula and not state.eula_accepted:
        steps.append({"type": "CommunityDiscover", "priority": 1})
        steps.append({"type": "CommunityEula", "priority": 2})
    return reply(sorted(steps, key=lambda step: int(str(step["priority"]))))


@routes.add(
    "PUT",
    "/internal/ui/onboarding/change-admin-password",
    access="nexus:*",
    status=204,
)
def change_admin_password(call: Call) -> Response:
    admin = call.state.users.get("admin")
    if admin is None:
        raise errors.not_found()
    set_password(call, admin)
    return done()
