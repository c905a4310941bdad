"""Routing rules, cleanup policies, tasks and scripts."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.routing import Call, Routes, done, reply
from cgwizard.practice.nexus.validation import Shape, name_rule, text, texts, whole

routes = Routes("Routing rules")


def _matchers_rule(matchers: list[str]) -> str | None:
    for matcher in matchers:
        try:
            re.compile(matcher)
        except re.error:
            return f"Invalid regular expression: {matcher}"
    return None


RULE: Shape = {
    "name": text(filled=True, rules=(name_rule,)),
    "description": text(default=""),
    "mode": text(required=True, one_of=("ALLOW", "BLOCK")),
    "matchers": texts(filled=True, rules=(_matchers_rule,)),
}


@routes.add("GET", "/v1/routing-rules", access="nexus:*")
def list_rules(call: Call) -> Response:
    return reply(list(call.state.routing_rules.values()))


@routes.add("POST", "/v1/routing-rules", access="nexus:*", shape=RULE, status=204)
def create_rule(call: Call) -> Response:
    data = call.members(RULE)
    if data["name"].casefold() in {name.casefold() for name in call.state.routing_rules}:
        message = "A rule with the same name already exists. Name must be unique."
        raise errors.invalid(errors.Violation("name", message))
    call.state.routing_rules[data["name"]] = data
    return done()


@routes.add("GET", "/v1/routing-rules/{name}", access="nexus:*")
def get_rule(call: Call) -> Response:
    return reply(_rule(call))


@routes.add("PUT", "/v1/routing-rules/{name}", access="nexus:*", shape=RULE, status=204)
def update_rule(call: Call) -> Response:
    data = call.members(RULE)
    old = _rule(call)["name"]
    rules = call.state.routing_rules
    call.state.routing_rules = {
        (data["name"] if name == old else name): (data if name == old else rule)
        for name, rule in rules.items()
    }
    for repository in call.state.repositories.values():
        if repository.settings.get("routingRuleName") == old:
            repository.settings["routingRuleName"] = data["name"]
    return done()


@routes.add("DELETE", "/v1/routing-rules/{name}", access="nexus:*", status=204)
def delete_rule(call: Call) -> Response:
    name = _rule(call)["name"]
    used = [
        repository.name
        for repository in call.state.repositories.values()
        if repository.settings.get("routingRuleName") == name
    ]
    if used:
        raise errors.refused(
            f"Routing rule is still in use by {len(used)} repositories: {', '.join(used)}"
        )
    del call.state.routing_rules[name]
    return done()


def _rule(call: Call) -> dict[str, Any]:
    rule = call.state.routing_rules.get(call.params["name"])
    if rule is None:
        raise errors.refused(
            f"Did not find a routing rule with the name '{call.params['name']}'", 404
        )
    return rule


# Cleanup policies: their REST API is internal, except in PRO. They are kept, not carried out.

POLICY: Shape = {
    "name": text(filled=True, rules=(name_rule,)),
    "format": text(filled=True),
    "mode": text(default="delete"),
    "notes": text(),
    "criteriaLastBlobUpdated": whole(1),
    "criteriaLastDownloaded": whole(1),
    "criteriaReleaseType": text(),
    "criteriaAssetRegex": text(),
    "retain": whole(1),
}


def _shown_policy(call: Call, policy: dict[str, Any]) -> dict[str, Any]:
    using = [
        repository
        for repository in call.state.repositories.values()
        if policy["name"] in ((repository.settings.get("cleanup") or {}).get("policyNames") or ())
    ]
    return policy | {"inUseCount": len(using)}


def _policy(call: Call) -> dict[str, Any]:
    policy = call.state.cleanup_policies.get(call.params["name"])
    if policy is None:
        raise errors.not_found()
    return policy


def list_policies(call: Call) -> Response:
    return reply([_shown_policy(call, p) for p in call.state.cleanup_policies.values()])


def create_policy(call: Call) -> Response:
    data = call.members(POLICY)
    if data["name"].casefold() in {name.casefold() for name in call.state.cleanup_policies}:
        message = "Name is already used, must be unique (ignoring case)"
        raise errors.invalid(errors.Violation("name", message))
    call.state.cleanup_policies[data["name"]] = data
    return reply(_shown_policy(call, data))


def get_policy(call: Call) -> Response:
    return reply(_shown_policy(call, _policy(call)))


def update_policy(call: Call) -> Response:
    data = call.members(POLICY)
    policy = _policy(call)
    policy.update(data | {"name": policy["name"]})
    return reply(_shown_policy(call, policy))


def delete_policy(call: Call) -> Response:
    del call.state.cleanup_policies[_policy(call)["name"]]
    return done()


for _base, _editions in (("/internal/cleanup-policies", ()), ("/v1/cleanup-policies", ("PRO",))):
    _more: dict[str, Any] = {"access": "nexus:*", "editions": _editions}
    routes.add("GET", _base, **_more)(list_policies)
    routes.add("POST", _base, shape=POLICY, **_more)(create_policy)
    routes.add("GET", _base + "/{name}", **_more)(get_policy)
    routes.add("PUT", _base + "/{name}", shape=POLICY, **_more)(update_policy)
    routes.add("DELETE", _base + "/{name}", status=204, **_more)(delete_policy)


# Tasks: a practice server has none.


@routes.add("GET", "/v1/tasks", access="nexus:tasks:read")
def list_tasks(_call: Call) -> Response:
    return reply({"items": [], "continuationToken": None})


# Groovy scripts: off since 3.21.2.

_OFF = "Creating and updating scripts is disabled"


@routes.add("GET", "/v1/script", access="nexus:script:*:read")
def list_scripts(_call: Call) -> Response:
    return reply([])


@routes.add("GET", "/v1/script/{name}", access="nexus:script:*:read")
@routes.add("DELETE", "/v1/script/{name}", access="nexus:script:*:delete")
@routes.add("POST", "/v1/script/{name}/run", access="nexus:script:*:run")
def no_script(_call: Call) -> Response:
    raise errors.not_found()


@routes.add("POST", "/v1/script", access="nexus:script:*:add")
@routes.add("PUT", "/v1/script/{name}", access="nexus:script:*:edit")
def scripts_are_off(_call: Call) -> Response:
    raise errors.ErrorResponse(410, b'{"name":null,"result":"%s"}' % _OFF.encode())
