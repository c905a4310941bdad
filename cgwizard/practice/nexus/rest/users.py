"""Users: listed, made, changed, removed; their passwords."""

from __future__ import annotations

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.accounts import User
from cgwizard.practice.nexus.errors import Violation
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.validation import Shape, text, texts
from cgwizard.secrets.secret import Secret

routes = Routes("Security management: users")

STATUS = ("active", "locked", "disabled", "changepassword")
USER: Shape = {
    "userId": text(filled=True),
    "firstName": text(filled=True),
    "lastName": text(filled=True),
    "emailAddress": text(filled=True),
    "status": text(required=True, one_of=STATUS),
    "roles": texts(default=[]),
}
NEW_USER: Shape = USER | {"password": text(filled=True)}
# An empty list of roles was refused before the API said that they are optional.
NEW_USER_WITH_ROLES: Shape = NEW_USER | {"roles": texts(filled=True)}
CHANGED_USER: Shape = USER | {"source": text(filled=True)}


def _shown(call: Call, user: User) -> Json:
    return {
        "userId": user.user_id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "emailAddress": user.email,
        "source": "default",
        "status": user.status,
        "readOnly": False,
        "roles": sorted(role for role in user.roles if role in call.state.roles),
        "externalRoles": [],
    }


@routes.add("GET", "/v1/security/user-sources", access="nexus:users:read")
def list_sources(_call: Call) -> Response:
    return reply([{"id": "default", "name": "Local"}, {"id": "LDAP", "name": "LDAP"}])


@routes.add("GET", "/v1/security/users", access="nexus:users:read")
def list_users(call: Call) -> Response:
    """``userId`` is the beginning of a name, in any case."""
    start = call.query.get("userId", "").lower()
    if call.query.get("source", "default") not in {"", "default"}:
        return reply([])
    found = [u for u in call.state.users.values() if u.user_id.lower().startswith(start)]
    return reply([_shown(call, user) for user in sorted(found, key=lambda u: u.user_id)])


@routes.add("POST", "/v1/security/users", access="nexus:users:create", shape=NEW_USER)
def create_user(call: Call) -> Response:
    data = call.members(NEW_USER if call.state.version >= (3, 90, 0) else NEW_USER_WITH_ROLES)
    user_id = data["userId"]
    if user_id in call.state.users:
        exception = "org.sonatype.nexus.security.user.DuplicateUserException"
        raise errors.unexpected(f"{exception}: User {user_id} already exists.")
    if len(user_id) > 200:
        raise errors.unexpected("java.lang.IllegalArgumentException: the user id is too long")
    user = User(
        user_id,
        data["firstName"],
        data["lastName"],
        data["emailAddress"],
        Secret(data["password"]),
        data["status"],
        # Unknown roles are kept and hidden, and count as soon as they exist.
        [role for role in data["roles"] if role],
    )
    call.state.users[user_id] = user
    return reply(_shown(call, user) | {"roles": user.roles})


@routes.add(
    "PUT",
    "/v1/security/users/{userId}",
    access="nexus:users:update",
    shape=CHANGED_USER,
    status=204,
)
def update_user(call: Call) -> Response:
    data = call.members(CHANGED_USER)
    user_id = call.params["userId"]
    if data["userId"] != user_id:
        raise errors.refused("The path's userId does not match the body")
    user = _find(call, user_id)
    unknown = [role for role in data["roles"] if role not in call.state.roles]
    if unknown:
        raise errors.invalid(
            *(Violation("roles", f"Unable to locate roleId: {r}") for r in unknown)
        )
    user.first_name, user.last_name = data["firstName"], data["lastName"]
    user.email, user.status, user.roles = data["emailAddress"], data["status"], data["roles"]
    _lift_lockout(call, user_id)
    return done()


@routes.add("DELETE", "/v1/security/users/{userId}", access="nexus:users:delete", status=204)
def delete_user(call: Call) -> Response:
    user = _find(call, call.params["userId"])
    state = call.state
    if call.user is not None and user.user_id == call.user.user_id:
        raise _not_deleted("Can not delete currently signed in user")
    if state.anonymous.enabled and user.user_id == state.anonymous.user_id:
        raise _not_deleted("Can not delete anonymous user")
    del state.users[user.user_id]
    return done()


@routes.add(
    "PUT",
    "/v1/security/users/{userId}/change-password",
    access="nexus:*",
    takes="text/plain",
    status=204,
)
def change_password(call: Call) -> Response:
    user = _find(call, call.params["userId"])
    set_password(call, user)
    return done()


def set_password(call: Call, user: User) -> None:
    """The body, as it is, becomes ``user``'s password; blank is refused."""
    password = call.body.decode("utf-8", "replace")
    if not password.strip():
        raise errors.refused("Password must be supplied.")
    user.password = Secret(password)
    if user.status == "changepassword":
        user.status = "active"
    _lift_lockout(call, user.user_id)


def _lift_lockout(call: Call, user_id: str) -> None:
    # UserUpdatedEvent and UserPasswordChanged end a block at once (measured on 3.96.3).
    if call.state.lockout is not None:
        call.state.lockout.succeeded(user_id)


def _find(call: Call, user_id: str) -> User:
    user = call.state.users.get(user_id)
    if user is None:
        raise errors.refused(f"User '{user_id}' not found.", 404)
    return user


def _not_deleted(message: str) -> errors.ErrorResponse:
    return errors.unexpected(f"java.lang.IllegalArgumentException: {message}")
