"""The server as a whole: EULA, license, read-only mode, outbound HTTP, e-mail."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply
from cgwizard.practice.nexus.validation import Shape, flag, part, text, texts, whole

routes = Routes("System")

DISCLAIMER = (
    "Use of Sonatype Nexus Repository - Community Edition is governed by the End User License"
    " Agreement at https://links.sonatype.com/products/nxrm/ce-eula. By returning the value from"
    " ‘accepted:false’ to ‘accepted:true’, you acknowledge that you have read and agree to the"
    " End User License Agreement at https://links.sonatype.com/products/nxrm/ce-eula."
)
COMMUNITY = ("COMMUNITY",)
EULA: Shape = {"accepted": flag(), "disclaimer": text()}


@routes.add("GET", "/v1/system/eula", access="nexus:*", since=(3, 77, 0), editions=COMMUNITY)
def get_eula(call: Call) -> Response:
    return reply({"accepted": call.state.eula_accepted, "disclaimer": DISCLAIMER})


@routes.add(
    "POST",
    "/v1/system/eula",
    access="nexus:*",
    shape=EULA,
    since=(3, 77, 0),
    editions=COMMUNITY,
    status=204,
)
def accept_eula(call: Call) -> Response:
    data = call.members(EULA)
    if data["disclaimer"] != DISCLAIMER:
        raise errors.unexpected("java.lang.IllegalArgumentException: Invalid EULA disclaimer")
    if not data["accepted"]:
        if call.state.eula_accepted:
            raise errors.unexpected(
                "java.lang.IllegalStateException: EULA has already been accepted"
            )
        return done()
    call.state.eula_accepted = True
    return done()


@routes.add("GET", "/v1/system/license", access="nexus:licensing:read")
def get_license(call: Call) -> Response:
    if call.state.edition != "PRO":
        raise errors.ErrorResponse(402)  # without a license there is nothing to show
    now = datetime.now(UTC)
    return reply(
        {
            "contactEmail": "practice@example.org",
            "contactCompany": "Example Organization",
            "contactName": "Practice Administrator",
            "effectiveDate": (now - timedelta(days=100)).isoformat(timespec="milliseconds"),
            "expirationDate": (now + timedelta(days=265)).isoformat(timespec="milliseconds"),
            "licenseType": "Nexus Repository Pro",
            "licensedUsers": "100",
            "fingerprint": hashlib.sha256(call.state.node_id.encode()).hexdigest(),
            "features": "SonatypeCLM, NexusProfessional, Firewall",
            "maxRepoComponents": None,
            "maxRepoRequests": None,
        }
    )


@routes.add("GET", "/v1/system/node", access="nexus:*")
def get_node(call: Call) -> Response:
    return reply({"nodeId": call.state.node_id})


@routes.add("GET", "/v1/monthly-metrics", access="nexus:metrics:read", since=(3, 87, 0))
def monthly_metrics(call: Call) -> Response:
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    count = sum(
        len(call.state.docker.assets(repository))
        for repository in call.state.repositories.values()
        if call.state.docker is not None and repository.format == "docker"
    )
    return reply(
        [
            {
                "metricDate": first.isoformat(timespec="milliseconds"),
                "componentCount": count,
                "requestCount": 0,
                "percentageChangeComponent": None,
                "percentageChangeRequest": None,
            }
        ]
    )


# Read-only mode, as an administrator sets it for a backup.


@routes.add("GET", "/v1/read-only", access="nexus:*")
def read_only_state(call: Call) -> Response:
    reason = "activated by an administrator" if call.state.read_only else ""
    frozen = call.state.read_only
    return reply({"systemInitiated": False, "summaryReason": reason, "frozen": frozen})


@routes.add("POST", "/v1/read-only/freeze", access="nexus:*", status=204)
def freeze(call: Call) -> Response:
    if call.state.read_only:
        raise errors.not_found()
    call.state.read_only = True
    return done()


@routes.add("POST", "/v1/read-only/release", access="nexus:*", status=204)
@routes.add("POST", "/v1/read-only/force-release", access="nexus:*", status=204)
def release(call: Call) -> Response:
    if not call.state.read_only:
        raise errors.not_found()
    call.state.read_only = False
    return done()


# Outbound HTTP. Ports are texts here.

PROXY: Shape = {
    "enabled": flag(default=False),
    "host": text(),
    "port": text(),
    "authInfo": part(
        {
            "enabled": flag(default=False),
            "username": text(),
            "password": text(),
            "ntlmHost": text(),
            "ntlmDomain": text(),
        }
    ),
}
HTTP: Shape = {
    "userAgent": text(),
    "timeout": whole(1, 3600, default=20),
    "retries": whole(0, 10, default=2),
    "nonProxyHosts": texts(default=[]),
    "httpProxy": part(PROXY),
    "httpsProxy": part(PROXY),
}
HTTP_SINCE = (3, 80, 0)  # a guess: 3.77 lacks it, 3.90 has it


@routes.add("GET", "/v1/http", access="nexus:settings:read", since=HTTP_SINCE)
def get_http(call: Call) -> Response:
    settings = call.state.http or {key: member.default for key, member in HTTP.items()}
    return reply(settings | {key: _without_password(settings[key]) for key in _PROXIES})


_PROXIES = ("httpProxy", "httpsProxy")


def _without_password(proxy: dict[str, Any] | None) -> Json:
    if not proxy or not proxy["authInfo"]:
        return proxy
    return proxy | {"authInfo": {k: v for k, v in proxy["authInfo"].items() if k != "password"}}


@routes.add(
    "PUT",
    "/v1/http",
    access="nexus:settings:update",
    shape=HTTP,
    since=HTTP_SINCE,
    status=204,
)
def set_http(call: Call) -> Response:
    data = call.members(HTTP)
    for key in _PROXIES:
        proxy = data[key]
        if proxy and proxy["enabled"] and not (proxy["host"] and proxy["port"]):
            raise errors.parameter(key, "host and port must not be empty")
    call.state.http = data
    return done()


@routes.add("DELETE", "/v1/http", access="nexus:settings:update", since=HTTP_SINCE, status=204)
def reset_http(call: Call) -> Response:
    call.state.http = None
    return done()


# E-mail, which infrastructure tools like to set up. Nothing is ever sent.

EMAIL: Shape = {
    "enabled": flag(default=False),
    "host": text(),
    "port": whole(required=True),
    "username": text(),
    "password": text(),
    "fromAddress": text(),
    "subjectPrefix": text(),
    "startTlsEnabled": flag(default=False),
    "startTlsRequired": flag(default=False),
    "sslOnConnectEnabled": flag(default=False),
    "sslServerIdentityCheckEnabled": flag(default=False),
    "nexusTrustStoreEnabled": flag(default=False),
}


@routes.add("GET", "/v1/email", access="nexus:settings:read")
def get_email(call: Call) -> Response:
    unset = {key: member.default for key, member in EMAIL.items()} | {"port": 0}
    return reply((call.state.email or unset) | {"password": None})


@routes.add("PUT", "/v1/email", access="nexus:settings:update", shape=EMAIL, status=204)
def set_email(call: Call) -> Response:
    call.state.email = call.members(EMAIL)
    return done()


@routes.add("DELETE", "/v1/email", access="nexus:settings:update", status=204)
def reset_email(call: Call) -> Response:
    call.state.email = None
    return done()
