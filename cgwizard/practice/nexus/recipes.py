"""The recipes of repositories: the members of each recipe's request, and its rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cgwizard.practice.nexus.models import Repository
from cgwizard.practice.nexus.validation import (
    MemberSpec,
    Shape,
    flag,
    name_rule,
    part,
    text,
    texts,
    whole,
)

URL_MESSAGE = "URL should be in the format 'http://www.example.com'"
URI_MESSAGE = "URI should be in the format 'scheme:[//authority][/path][?query][#fragment]'"


def _uri_rule(value: str) -> str | None:
    """Whether java.net.URI takes ``value``, as far as users get it wrong."""
    if not value or any(c.isspace() or c in '<>"{}|\\^`' for c in value):
        return URI_MESSAGE
    try:
        urlsplit(value).port  # noqa: B018 - asking for the port is what parses it
    except ValueError:
        return URI_MESSAGE
    return None


def is_url(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


STORAGE: Shape = {
    "blobStoreName": text(filled=True),
    "strictContentTypeValidation": flag(required=True),
}
HOSTED_STORAGE: Shape = STORAGE | {
    "writePolicy": text(filled=True, one_of=("ALLOW", "ALLOW_ONCE", "DENY")),
}
COMMON: Shape = {"name": text(filled=True, rules=(name_rule,)), "online": flag(required=True)}
CLEANUP: Shape = {"cleanup": part({"policyNames": texts()})}
CONNECTION: Shape = {
    "retries": whole(0, 10),
    "userAgentSuffix": text(),
    "timeout": whole(1, 3600),
    "enableCircularRedirects": flag(),
    "enableCookies": flag(),
    "useTrustStore": flag(),
}
AUTHENTICATION: Shape = {
    "type": text(filled=True),
    "username": text(),
    "password": text(),
    "ntlmHost": text(),
    "ntlmDomain": text(),
    "preemptive": flag(),
    "bearerToken": text(),
}
WRITE_ONLY = ("password", "bearerToken")  # never in an answer
PROXY: Shape = {
    "proxy": part(
        {
            "remoteUrl": text(required=True, rules=(_uri_rule,)),
            "contentMaxAge": whole(required=True),
            "metadataMaxAge": whole(required=True),
        },
        required=True,
    ),
    "negativeCache": part(
        {"enabled": flag(required=True), "timeToLive": whole(required=True)}, required=True
    ),
    "httpClient": part(
        {
            "blocked": flag(required=True),
            "autoBlock": flag(required=True),
            "connection": part(CONNECTION),
            "authentication": part(AUTHENTICATION),
        },
        required=True,
    ),
    "routingRule": text(),
    "routingRuleName": text(),
    "replication": part({"preemptivePullEnabled": flag(required=True), "assetPathRegex": text()}),
}
DOCKER: Shape = {
    "v1Enabled": flag(required=True),
    "forceBasicAuth": flag(required=True),
    "httpPort": whole(),
    "httpsPort": whole(),
    "subdomain": text(),
    "pathEnabled": flag(),
}
DOCKER_PROXY: Shape = {
    "indexType": text(required=True, one_of=("HUB", "REGISTRY", "CUSTOM")),
    "indexUrl": text(),
    "cacheForeignLayers": flag(),
    "foreignLayerUrlWhitelist": texts(),
}
MAVEN: Shape = {
    "versionPolicy": text(required=True, one_of=("RELEASE", "SNAPSHOT", "MIXED")),
    "layoutPolicy": text(required=True, one_of=("STRICT", "PERMISSIVE")),
    "contentDisposition": text(one_of=("INLINE", "ATTACHMENT")),
}
COMPONENT: Shape = {"component": part({"proprietaryComponents": flag(required=True)})}
GROUP: Shape = {"group": part({"memberNames": texts(filled=True)}, required=True)}
GROUP_DEPLOY: Shape = {
    "group": part({"memberNames": texts(filled=True), "writableMember": text()}, required=True)
}
RAW: Shape = {"raw": part({"contentDisposition": text(one_of=("INLINE", "ATTACHMENT"))})}
NUGET: Shape = {
    "nugetProxy": part(
        {
            "queryCacheItemMaxAge": whole(required=True),
            "nugetVersion": text(one_of=("V2", "V3"), default="V3"),
        },
        required=True,
    )
}


@dataclass(frozen=True)
class Recipe:
    """A kind of repository: ``path`` is what the URL calls its format."""

    path: str
    format: str
    type: str
    shape: Shape


def _recipes() -> Iterator[Recipe]:
    extras: dict[tuple[str, str], dict[str, Shape]] = {
        ("docker", "docker"): {
            "proxy": {
                "docker": part(DOCKER, required=True),
                "dockerProxy": part(DOCKER_PROXY, required=True),
            },
            "hosted": {"docker": part(DOCKER, required=True)},
            "group": {"docker": part(DOCKER, required=True)},
        },
        ("maven", "maven2"): {
            "proxy": {"maven": part(MAVEN, required=True)},
            "hosted": {"maven": part(MAVEN, required=True)},
            "group": {"maven": part(MAVEN)},
        },
        ("nuget", "nuget"): {"proxy": NUGET, "hosted": {}, "group": {}},
        ("raw", "raw"): {"proxy": RAW, "hosted": RAW, "group": RAW},
    }
    for (path, format), types in extras.items():
        hosted_storage = dict(HOSTED_STORAGE)
        if format == "docker":
            hosted_storage["latestPolicy"] = flag()
        for type, own in types.items():
            storage = hosted_storage if type == "hosted" else STORAGE
            shape = COMMON | {"storage": part(storage, required=True)}
            if type == "proxy":
                shape = shape | CLEANUP | PROXY
            elif type == "hosted":
                shape = shape | CLEANUP | COMPONENT
            else:
                shape = shape | (GROUP_DEPLOY if format == "docker" else GROUP)
            yield Recipe(path, format, type, {**shape, **own})


RECIPES: list[Recipe] = list(_recipes())


def without_path_routing(shape: Shape) -> Shape:
    """``shape`` for servers that do not know ``docker.pathEnabled``."""
    docker = shape.get("docker")
    if docker is None or docker.shape is None:
        return shape
    inner = {key: member for key, member in docker.shape.items() if key != "pathEnabled"}
    return {**shape, "docker": MemberSpec("object", required=docker.required, shape=inner)}


def stored(recipe: Recipe, data: dict[str, Any]) -> dict[str, Any]:
    """The settings to keep of a valid request: what a GET answers, with the secrets."""
    settings = {"format": recipe.format, "type": recipe.type, **data}
    if recipe.type == "proxy":
        # A request says routingRule (or, in newer descriptions, routingRuleName); an answer
        # says routingRuleName.
        named = settings.pop("routingRule")
        settings["routingRuleName"] = named or settings["routingRuleName"]
    return settings


def answer(repository: Repository, url: str, *, with_preemptive: bool) -> dict[str, Any]:
    """``repository`` as GET shows it: its URL added, write-only members left out."""
    settings = {**repository.settings, "url": url}
    client = settings.get("httpClient")
    if client and client.get("authentication"):
        left_out = WRITE_ONLY if with_preemptive else (*WRITE_ONLY, "preemptive")
        shown = {k: v for k, v in client["authentication"].items() if k not in left_out}
        settings["httpClient"] = {**client, "authentication": shown}
    return settings
