"""Realms, anonymous access, user tokens and content selectors."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.errors import Violation
from cgwizard.practice.nexus.models import UserToken
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.validation import Shape, flag, name_rule, text, whole
from cgwizard.secrets.secret import Secret

routes = Routes("Security management")

REALMS = {
    "ConanToken": "Conan Bearer Token Realm",
    "DefaultRole": "Default Role Realm",
    "DockerToken": "Docker Bearer Token Realm",
    "LdapRealm": "LDAP Realm",
    "NexusAuthenticatingRealm": "Local Authenticating Realm",
    "NpmToken": "npm Bearer Token Realm",
    "NuGetApiKey": "NuGet API-Key Realm",
    "rutauth-realm": "Rut Auth Realm",
}
PRO_REALMS = {
    "Crowd": "Crowd Realm",
    "SamlRealm": "SAML Realm",
    "User-Token-Realm": "User Token Realm",
}
AUTHORIZING = "NexusAuthorizingRealm"


def _available(call: Call) -> dict[str, str]:
    realms = dict(REALMS)
    if call.state.version < (3, 77, 0):
        realms[AUTHORIZING] = "Local Authorizing Realm"
    if call.state.edition == "PRO":
        realms |= PRO_REALMS
    return realms


@routes.add("GET", "/v1/security/realms/available", access="nexus:settings:read")
def list_available(call: Call) -> Response:
    realms = sorted(_available(call).items(), key=lambda item: item[1])
    return reply([{"id": realm, "name": name} for realm, name in realms])


@routes.add("GET", "/v1/security/realms/active", access="nexus:settings:read")
def list_active(call: Call) -> Response:
    return reply(call.state.realms_active)


@routes.add(
    "PUT",
    "/v1/security/realms/active",
    access="nexus:settings:update",
    takes="application/json",
    status=204,
)
def set_active(call: Call) -> Response:
    data = call.json()
    if not isinstance(data, list) or not all(isinstance(realm, str) for realm in data):
        raise errors.unreadable(
            "Cannot deserialize value of type `java.util.ArrayList<java.lang.String>`"
        )
    known = _available(call)
    if unknown := [realm for realm in data if realm not in known]:
        raise errors.refused_as_text(f"Unknown realmIds: [{', '.join(unknown)}]")
    call.state.realms_active = list(dict.fromkeys(data))
    return done()


ANONYMOUS: Shape = {
    "enabled": flag(default=False),
    "userId": text(default="anonymous"),
    "realmName": text(default=AUTHORIZING),
}


@routes.add("GET", "/v1/security/anonymous", access="nexus:settings:read")
def get_anonymous(call: Call) -> Response:
    anonymous = call.state.anonymous
    return reply(
        {
            "enabled": anonymous.enabled,
            "userId": anonymous.user_id,
            "realmName": anonymous.realm_name,
        }
    )


@routes.add("PUT", "/v1/security/anonymous", access="nexus:settings:update", shape=ANONYMOUS)
def set_anonymous(call: Call) -> Response:
    data = call.members(ANONYMOUS)
    found = []
    if data["realmName"] not in {AUTHORIZING, *_available(call)}:
        found.append(Violation("realmName", "Realm does not exist"))
    if data["userId"] not in call.state.users:
        found.append(Violation("userId", "User does not exist"))
    if found:
        raise errors.invalid(*found)
    anonymous = call.state.anonymous
    anonymous.enabled = data["enabled"]
    anonymous.user_id, anonymous.realm_name = data["userId"], data["realmName"]
    return get_anonymous(call)


# User tokens: two codes that stand for a user's name and password. PRO.

PRO = ("PRO",)
USER_TOKENS: Shape = {
    "enabled": flag(default=False),
    "protectContent": flag(default=False),
    "expirationEnabled": flag(default=False),
    "expirationDays": whole(1, 999, default=30),
}


@routes.add("GET", "/v1/security/user-tokens", access="nexus:usertoken-settings:read", editions=PRO)
def get_user_tokens(call: Call) -> Response:
    off = {key: member.default for key, member in USER_TOKENS.items()}
    return reply(call.state.user_token_settings or off)


@routes.add(
    "PUT",
    "/v1/security/user-tokens",
    access="nexus:usertoken-settings:update",
    shape=USER_TOKENS,
    editions=PRO,
)
def set_user_tokens(call: Call) -> Response:
    call.state.user_token_settings = call.members(USER_TOKENS)
    if call.state.user_token_settings["enabled"]:
        if "User-Token-Realm" not in call.state.realms_active:
            call.state.realms_active.append("User-Token-Realm")
    else:
        call.state.user_tokens.clear()
    return reply(call.state.user_token_settings)


@routes.add("POST", "/v1/security/users/{userId}/{realm}/user-token", access=True, editions=PRO)
def create_user_token(call: Call) -> Response:
    user_id = _own_or_any(call, "create")
    if user_id not in call.state.users:
        raise errors.refused(f"User '{user_id}' not found.", 404)
    _forget_tokens(call, user_id)
    name_code, pass_code = secrets.token_urlsafe(6), secrets.token_urlsafe(33)
    call.state.user_tokens[name_code] = UserToken(user_id, Secret(pass_code))
    return reply({"nameCode": name_code, "passCode": pass_code})


@routes.add(
    "DELETE",
    "/v1/security/users/{userId}/{realm}/user-token",
    access=True,
    editions=PRO,
    status=204,
)
def delete_user_token(call: Call) -> Response:
    _forget_tokens(call, _own_or_any(call, "delete"))
    return done()


def _own_or_any(call: Call, action: str) -> str:
    user_id = call.params["userId"]
    if call.user is not None and call.user.user_id != user_id:
        call.require(f"nexus:usertoken-users:{action}")
    return user_id


def _forget_tokens(call: Call, user_id: str) -> None:
    kept = {c: t for c, t in call.state.user_tokens.items() if t.user_id != user_id}
    call.state.user_tokens = kept


# Content selectors: kept, not evaluated.

_EXPRESSION: Shape = {"description": text(default=""), "expression": text(filled=True)}
SELECTOR: Shape = {"name": text(filled=True, rules=(name_rule,))} | dict(_EXPRESSION)


def _selector(call: Call) -> Json:
    selector = call.state.content_selectors.get(call.params["name"])
    if selector is None:
        raise errors.not_found()
    return selector


@routes.add("GET", "/v1/security/content-selectors", access="nexus:selectors:read")
def list_selectors(call: Call) -> Response:
    return reply(list(call.state.content_selectors.values()))


@routes.add(
    "POST",
    "/v1/security/content-selectors",
    access="nexus:selectors:create",
    shape=SELECTOR,
    status=204,
)
def create_selector(call: Call) -> Response:
    data = call.members(SELECTOR)
    if data["name"] in call.state.content_selectors:
        message = "Name is already used, must be unique (ignoring case)"
        raise errors.parameter("name", message)
    call.state.content_selectors[data["name"]] = {"type": "csel", **data}
    return done()


@routes.add("GET", "/v1/security/content-selectors/{name}", access="nexus:selectors:read")
def get_selector(call: Call) -> Response:
    return reply(_selector(call))


@routes.add(
    "PUT",
    "/v1/security/content-selectors/{name}",
    access="nexus:selectors:update",
    shape=_EXPRESSION,
    status=204,
)
def update_selector(call: Call) -> Response:
    data = call.members(_EXPRESSION)
    _selector(call).update(data)
    return done()


@routes.add(
    "DELETE",
    "/v1/security/content-selectors/{name}",
    access="nexus:selectors:delete",
    status=204,
)
def delete_selector(call: Call) -> Response:
    del call.state.content_selectors[_selector(call)["name"]]
    return done()
