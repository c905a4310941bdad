"""What Nexus refuses about a repository beyond the members of its request: names and ports that
are taken, combinations, and what the configuration of a facet does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.errors import Violation
from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.nexus.recipes import URL_MESSAGE, Recipe, is_url
from cgwizard.practice.nexus.state import NexusState


def facet_violations(
    state: NexusState, recipe: Recipe, settings: dict[str, Any], current: Repository | None
) -> Iterator[Violation]:
    """What the configuration of the facets refuses, after the body as such was fine."""
    if recipe.type == "proxy":
        yield from _proxy_violations(settings)
    if recipe.format == "docker":
        yield from _docker_violations(state, settings, current)
    if recipe.type == "group":
        yield from _group_violations(state, recipe, settings)


def _proxy_violations(settings: dict[str, Any]) -> Iterator[Violation]:
    remote = settings["proxy"]["remoteUrl"]
    if not is_url(remote):
        yield Violation("Config.remoteUrl", URL_MESSAGE)
    authentication = settings["httpClient"]["authentication"]
    if not authentication:
        return
    # The exact id and text of these is a guess made from the class names of the open core.
    needed = {"username": ("username", "password"), "ntlm": ("username", "password")}
    kind = authentication["type"]
    if kind == "bearerToken":
        if not authentication["bearerToken"]:
            yield Violation(
                "BearerTokenAuthenticationConfiguration.authentication.bearerToken",
                "must not be null",
            )
    elif kind not in needed:
        yield Violation("Config.authentication", f"Unknown authentication type: {kind}")
    else:
        for member in needed[kind]:
            if authentication[member] is None:
                bean = f"{kind.capitalize()}AuthenticationConfiguration"
                yield Violation(f"{bean}.authentication.{member}", "must not be null")


def _docker_violations(
    state: NexusState, settings: dict[str, Any], current: Repository | None
) -> Iterator[Violation]:
    docker = settings["docker"]
    for member in ("httpPort", "httpsPort"):
        port = docker[member]
        if port is None:
            continue
        if not 1 <= port <= 65535:
            yield Violation(f"FIELD {member}", "Port-number must be >= 1 AND <= 65535.")
        elif owner := _owner_of_port(state, port, current):
            # The words are a guess: docker's own are not public.
            yield Violation(f"FIELD {member}", f"Port {port} is already in use by {owner}")
    if docker["httpPort"] is not None and docker["httpPort"] == docker["httpsPort"]:
        yield Violation("FIELD httpsPort", "HTTP and HTTPS ports must be different")
    index = settings.get("dockerProxy", {}).get("indexUrl")
    if index is not None and not is_url(index):
        yield Violation("FIELD indexUrl", URL_MESSAGE)


def _owner_of_port(state: NexusState, port: int, current: Repository | None) -> str:
    if port in state.own_ports:
        return "Nexus Repository"
    for repository in state.repositories.values():
        if repository is not current and repository.format == "docker":
            docker = repository.settings["docker"]
            if port in (docker.get("httpPort"), docker.get("httpsPort")):
                return f"repository {repository.name}"
    return ""


def _group_violations(
    state: NexusState, recipe: Recipe, settings: dict[str, Any]
) -> Iterator[Violation]:
    group = settings["group"]
    where = "HelperBean.memberNames"  # the bean that carries violations made by hand
    for name in group["memberNames"]:
        member = state.find(name or "")
        if member is None:
            yield Violation(where, f"Member repository does not exist: {name}")
        elif member.format != recipe.format:
            yield Violation(
                where, f"Member repository format does not match group repository format: {name}"
            )
    if group.get("writableMember") and state.edition != "PRO":
        yield Violation(
            "HelperBean.writableMember", "This feature is only available in Nexus Repository Pro"
        )


def check_request(state: NexusState, data: dict[str, Any], current: Repository | None) -> None:
    """Validate the whole request, as Nexus does with the body. Raises `ErrorResponse`."""
    name, found = data["name"], []
    if current is None and state.find(name) is not None:
        found.append(
            Violation("PARAMETER name", "Name is already used, must be unique (ignoring case)")
        )
    docker = data.get("docker")
    if docker is not None:
        path_enabled = bool(docker.get("pathEnabled"))
        if state.wants_lower_case and name != name.lower() and (current is None or path_enabled):
            found.append(
                Violation(
                    "PARAMETER arg0",
                    "Docker repository names must be lowercase to support path-based routing",
                )
            )
        others = [docker["httpPort"], docker["httpsPort"], docker["subdomain"]]
        if (
            path_enabled
            and state.version >= (3, 89, 0)
            and any(o not in (None, "") for o in others)
        ):
            # 400 is measured, the words are a guess.
            found.append(
                Violation(
                    "PARAMETER docker",
                    "Path based routing cannot be combined with a port or subdomain connector",
                )
            )
    if found:
        raise errors.invalid(*found)


def check_references(
    state: NexusState, settings: dict[str, Any], current: Repository | None
) -> None:
    """Check that everything exists that the request names. Raises `ErrorResponse`."""
    blob_store = settings["storage"]["blobStoreName"]
    if current is not None and current.settings["storage"]["blobStoreName"] != blob_store:
        raise errors.refused("You cannot change a repository’s blob store through the API")
    if blob_store not in state.blob_stores:
        raise errors.refused("Blob store not found")
    rule = settings.get("routingRuleName")
    if rule is not None and rule not in state.routing_rules:
        raise errors.refused(f"Routing rule '{rule}' not found")
    if settings["type"] == "proxy":
        connection = settings["httpClient"]["connection"]
        remote = settings["proxy"]["remoteUrl"]
        if connection and connection["useTrustStore"] and remote.startswith("http:"):
            raise errors.refused("TrustStore is available only with HTTPS remote URLs")
