"""Roles and privileges."""

from __future__ import annotations

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.accounts import Privilege, Role
from cgwizard.practice.nexus.models import FORMATS
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.validation import Shape, name_rule, text, texts

routes = Routes("Security management: roles")

ROLE: Shape = {
    "id": text(filled=True),
    "name": text(filled=True),
    "description": text(),
    "privileges": texts(default=[]),
    "roles": texts(default=[]),
}


def _shown(role: Role) -> Json:
    return {
        "id": role.id,
        "source": "default",
        "name": role.name,
        "description": role.description,
        "readOnly": role.read_only,
        "privileges": sorted(role.privileges),
        "roles": sorted(role.roles),
    }


@routes.add("GET", "/v1/security/roles", access="nexus:roles:read")
def list_roles(call: Call) -> Response:
    source = call.query.get("source") or "default"
    if source not in {"default", "LDAP"}:
        raise errors.refused(f"Source '{source}' not found.")
    found = call.state.roles.values() if source == "default" else ()
    return reply([_shown(role) for role in sorted(found, key=lambda role: role.id)])


@routes.add("POST", "/v1/security/roles", access="nexus:roles:create", shape=ROLE)
def create_role(call: Call) -> Response:
    data = call.members(ROLE)
    if data["id"] in call.state.roles:
        raise errors.refused(f"Role '{data['id']}' already exists, use a unique roleId.")
    role = _role(call, data, strict=True)
    call.state.roles[role.id] = role
    return reply(_shown(role))


@routes.add("GET", "/v1/security/roles/{id}", access="nexus:roles:read")
def get_role(call: Call) -> Response:
    return reply(_shown(_find(call)))


@routes.add("PUT", "/v1/security/roles/{id}", access="nexus:roles:update", shape=ROLE, status=204)
def update_role(call: Call) -> Response:
    data = call.members(ROLE)
    wanted = call.params["id"]
    if data["id"] != wanted:
        message = f"The Role id '{data['id']}' does not match the id used in the path '{wanted}'."
        raise errors.refused(message, 409)
    current = _find(call)
    _refuse_read_only(current)
    # From 3.91 on what does not exist is left out silently (source).
    role = _role(call, data, strict=call.state.version < (3, 91, 0))
    if _contains(call, role, wanted):
        raise errors.refused(
            f"Role '{wanted}' cannot contain itself either directly or indirectly"
            " through child roles."
        )
    call.state.roles[wanted] = role
    return done()


@routes.add("DELETE", "/v1/security/roles/{id}", access="nexus:roles:delete", status=204)
def delete_role(call: Call) -> Response:
    role = _find(call)
    _refuse_read_only(role)
    del call.state.roles[role.id]
    for user in call.state.users.values():
        user.roles = [name for name in user.roles if name != role.id]
    for other in call.state.roles.values():
        other.roles = [name for name in other.roles if name != role.id]
    return done()


def _find(call: Call) -> Role:
    role = call.state.roles.get(call.params["id"])
    if role is None:
        raise errors.refused(f"Role '{call.params['id']}' not found.", 404)
    return role


def _refuse_read_only(role: Role) -> None:
    if role.read_only:
        raise errors.refused(f"Role '{role.id}' is internal and cannot be modified or deleted.")


def _role(call: Call, data: Json, *, strict: bool) -> Role:
    """A role of a valid request, what it contains looked up."""
    roles = [name for name in data["roles"] if name in call.state.roles]
    privileges = [name for name in data["privileges"] if call.state.privilege(name or "")]
    if strict:
        if unknown := next((n for n in data["roles"] if n not in roles), None):
            raise errors.refused(f"Role '{unknown}' contained in role '{data['id']}' not found.")
        if unknown := next((n for n in data["privileges"] if n not in privileges), None):
            raise errors.refused(
                f"Privilege '{unknown}' contained in role '{data['id']}' not found."
            )
    return Role(
        data["id"],
        data["name"],
        data["description"],
        list(dict.fromkeys(privileges)),
        list(dict.fromkeys(roles)),
    )


def _contains(call: Call, role: Role, wanted: str) -> bool:
    seen: set[str] = set()
    todo = list(role.roles)
    while todo:
        name = todo.pop()
        if name == wanted:
            return True
        if name not in seen and name in call.state.roles:
            seen.add(name)
            todo += call.state.roles[name].roles
    return False


# Privileges. The words of actions differ by type: those of repositories, or of applications.

_BREAD = ("READ", "BROWSE", "EDIT", "ADD", "DELETE", "ALL")
_CRUD = (*_BREAD, "CREATE", "UPDATE", "ASSOCIATE", "DISASSOCIATE", "START", "STOP", "RUN")
_PRIVILEGE: Shape = {"name": text(filled=True, rules=(name_rule,)), "description": text()}
_REPOSITORY: Shape = {"format": text(filled=True), "repository": text(filled=True)}


def _actions(words: tuple[str, ...]) -> Shape:
    def known(given: list[str]) -> str | None:
        unknown = [word for word in given if (word or "").upper() not in words]
        return f"Invalid action supplied: {', '.join(map(str, unknown))}" if unknown else None

    return {"actions": texts(filled=True, rules=(known,))}


PRIVILEGES: dict[str, Shape] = {
    "wildcard": _PRIVILEGE | {"pattern": text(filled=True)},
    "application": _PRIVILEGE | {"domain": text(filled=True)} | _actions(_CRUD),
    "repository-view": _PRIVILEGE | _REPOSITORY | _actions(_BREAD),
    "repository-admin": _PRIVILEGE | _REPOSITORY | _actions(_BREAD),
    "repository-content-selector": _PRIVILEGE
    | _REPOSITORY
    | {"contentSelector": text(filled=True)}
    | _actions(_BREAD),
    "script": _PRIVILEGE | {"scriptName": text(filled=True)} | _actions((*_BREAD, "RUN")),
}


def _shown_privilege(privilege: Privilege) -> Json:
    shown: dict[str, Json] = {
        "type": privilege.type,
        "name": privilege.name,
        "description": privilege.description,
        "readOnly": privilege.read_only,
    }
    for key, value in privilege.properties.items():
        if isinstance(value, list):
            shown[key] = ["ALL" if action == "*" else action.upper() for action in value]
        else:
            shown[key] = value
    return shown


privileges = Routes("Security management: privileges")


@privileges.add("GET", "/v1/security/privileges", access="nexus:privileges:read")
def list_privileges(call: Call) -> Response:
    found = sorted(call.state.all_privileges(), key=lambda privilege: privilege.name)
    return reply([_shown_privilege(privilege) for privilege in found])


@privileges.add("GET", "/v1/security/privileges/{privilegeName}", access="nexus:privileges:read")
def get_privilege(call: Call) -> Response:
    return reply(_shown_privilege(_find_privilege(call)))


@privileges.add(
    "DELETE",
    "/v1/security/privileges/{privilegeName}",
    access="nexus:privileges:delete",
    status=204,
)
def delete_privilege(call: Call) -> Response:
    privilege = _find_privilege(call)
    _refuse_internal(privilege)
    del call.state.privileges[privilege.name]
    for role in call.state.roles.values():
        role.privileges = [name for name in role.privileges if name != privilege.name]
    return done()


def _find_privilege(call: Call) -> Privilege:
    name = call.params["privilegeName"]
    privilege = call.state.privilege(name)
    if privilege is None:
        raise errors.refused(f"Privilege '{name}' not found.", 404)
    return privilege


def _refuse_internal(privilege: Privilege) -> None:
    if privilege.read_only:
        raise errors.refused(
            f"Privilege '{privilege.name}' is internal and may not be modified or deleted."
        )


def _register(kind: str, shape: Shape) -> None:
    base = f"/v1/security/privileges/{kind}"

    def privilege_of(call: Call, data: Json) -> Privilege:
        properties = {key: data[key] for key in shape if key not in _PRIVILEGE}
        if "actions" in properties:
            actions = [action.lower() for action in properties["actions"]]
            properties["actions"] = ["*" if action == "all" else action for action in actions]
        if "repository" in properties:
            _check_repository(call, properties["format"], properties["repository"])
        return Privilege(data["name"], kind, data["description"] or "", properties)

    def create(call: Call) -> Response:
        data = call.members(shape)
        if call.state.privilege(data["name"]) is not None:
            raise errors.refused(f"Privilege '{data['name']}' already exists, use a unique name.")
        call.state.privileges[data["name"]] = privilege_of(call, data)
        return done(201)

    def update(call: Call) -> Response:
        data = call.members(shape)
        name = call.params["privilegeName"]
        current = _find_privilege(call)
        _refuse_internal(current)
        if data["name"] != name:
            raise errors.refused(
                f"The privilege name '{data['name']}' does not match the name"
                f" used in the path '{name}'.",
                409,
            )
        call.state.privileges[name] = privilege_of(call, data)
        return done()

    privileges.add("POST", base, access="nexus:privileges:create", shape=shape, status=201)(create)
    privileges.add(
        "PUT",
        base + "/{privilegeName}",
        access="nexus:privileges:update",
        shape=shape,
        status=204,
    )(update)


def _check_repository(call: Call, format: str, name: str) -> None:
    if format != "*" and format not in FORMATS:
        raise errors.refused(f"Invalid format '{format}' supplied.")
    repository = call.state.find(name)
    if name.startswith("*"):
        return
    if repository is None:
        raise errors.refused(f"Invalid repository '{name}' supplied.")
    if format not in ("*", repository.format):
        raise errors.refused(f"Invalid format '{format}' supplied for repository '{name}'.")


for _kind, _shape in PRIVILEGES.items():
    _register(_kind, _shape)
