"""Is it a Nexus, and which? Asked without credentials; everything else is explained."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.nexus.address import CONTEXT_PATH
from cgwizard.nexus.connection_errors import (
    NexusElsewhere,
    proxy_for,
    proxy_in_the_way,
    tls_expected,
)
from cgwizard.nexus.models import Server
from cgwizard.text.sanitize import one_line, shortened

if TYPE_CHECKING:
    import httpx

    from cgwizard.nexus.transport import Answer, Transport

REST = "/service/rest"
STATUS = f"{REST}/v1/status"
_SERVER = re.compile(r"nexus/(\d+\.\d+\.\d+(?:-[\w.]+)?)(?:\s+\((\w+)\))?\s*$", re.IGNORECASE)
_TLS_WANTED = re.compile(r"plain HTTP request was sent to HTTPS|HTTP request to an HTTPS", re.I)


def read_server(header: str) -> Server | None:
    """From a Server header such as ``Nexus/3.96.3-01 (COMMUNITY)``; None for other products."""
    found = _SERVER.match(header.strip()[:200])
    if not found:
        return None
    edition = found[2].upper() if found[2] else None
    return Server(found[1], edition, one_line(header))


def identify(transport: Transport) -> Server:
    """The Nexus at the transport's base URL; raises the WizardError of what is there instead."""
    tried = f"GET {transport.base_url}{STATUS}"
    answer = transport.send("GET", STATUS, tried=tried)
    header = answer.headers.get("server", "")
    server = read_server(header)
    if answer.status == 200 and server:
        return server
    if answer.status == 200:
        # A reverse proxy may put its own name in the header; the API's description remains.
        if found := _from_swagger(transport, one_line(header)[:100]):
            return found
        raise _not_nexus(answer, tried)
    raise _explained(transport, answer, server, tried)


class _Info(msgspec.Struct, frozen=True):
    title: str = ""
    version: str = ""


class _Swagger(msgspec.Struct, frozen=True):
    info: _Info = _Info()
    paths: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


def read_swagger(body: bytes) -> _Swagger | None:
    with contextlib.suppress(msgspec.DecodeError):
        return msgspec.json.decode(body, type=_Swagger)
    return None


def _from_swagger(transport: Transport, header: str) -> Server | None:
    answer = transport.send(
        "GET", f"{REST}/swagger.json", tried=f"GET {transport.base_url}{REST}/swagger.json"
    )
    if server := read_server(answer.headers.get("server", "")):
        return server
    swagger = read_swagger(answer.body) if answer.status == 200 else None
    if swagger is None or "nexus" not in swagger.info.title.lower():
        return None
    version = one_line(swagger.info.version)[:40]
    return Server(version if version[:1].isdigit() else None, None, header)


def _explained(
    transport: Transport, answer: Answer, server: Server | None, tried: str
) -> WizardError:
    import httpx

    url = httpx.URL(transport.base_url)
    if between := _before_nexus(url, answer, server, tried):
        return between
    if answer.status in {404, 405} and (
        elsewhere := _other_context(transport, url, tried, answer, server)
    ):
        return elsewhere
    if "docker-distribution-api-version" in answer.headers or (
        answer.status in {404, 405} and _is_registry(transport, url)
    ):
        return _connector(url, answer, tried)
    if answer.status in {401, 403} and not server:
        return _front_door(answer, tried)
    return _unwell(answer, server, tried) if server else _not_nexus(answer, tried)


def _unwell(answer: Answer, server: Server, tried: str) -> WizardError:
    if answer.status in {404, 405}:
        return WizardError(
            Code.NEXUS_CONTEXT_PATH,
            tried=tried,
            came_back=answer.told,
            cause=f"Nexus {server.version} answers at this port, but under another path",
            next_step="type the address of Nexus's web page with its path",
        )
    return WizardError(
        Code.NEXUS_SERVER_ERROR,
        tried=tried,
        came_back=answer.told,
        cause=f"Nexus {server.version} answers, but not as a Nexus that is well",
        next_step="look at nexus.log"
        + (f" for {answer.fault_id}" if answer.fault_id else " at this time"),
    )


def _before_nexus(
    url: httpx.URL, answer: Answer, server: Server | None, tried: str
) -> WizardError | None:
    """Answers of what stands in front of Nexus, or before it is ready."""
    port = _port(url)
    proxy = proxy_for(url.scheme, url.host, port)
    if answer.status == 407 or (
        proxy and not server and answer.status in {403, 502, 503, 504} and url.scheme == "http"
    ):
        return proxy_in_the_way(url.host, port, proxy or "on the way", tried, answer.told)
    if answer.status == 400 and url.scheme == "http" and _TLS_WANTED.search(answer.excerpt):
        return tls_expected(url, port, tried, answer.told)
    if 300 <= answer.status < 400:
        return _redirected(url, answer, tried)
    if answer.status in {502, 503, 504}:
        return _starting(answer, server, tried)
    return None


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _not_nexus(answer: Answer, tried: str) -> WizardError:
    product = shortened(answer.headers.get("server", ""), 60)
    who = f"Server: {product}" if product else "no Server header"
    return WizardError(
        Code.NEXUS_NOT_NEXUS,
        tried=tried,
        came_back=f"{answer.told} ({who})",
    )


def _connector(url: httpx.URL, answer: Answer, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_WRONG_PORT_IS_CONNECTOR,
        tried=tried,
        came_back=f"HTTP {answer.status}, and the answers of a docker registry",
        cause=f"port {_port(url)} is a docker connector or another registry, not Nexus's own port",
    )


def _is_registry(transport: Transport, url: httpx.URL) -> bool:
    if url.path.strip("/"):
        return False
    with contextlib.suppress(WizardError):
        answer = transport.send("GET", "/v2/", tried="GET /v2/")
        return "docker-distribution-api-version" in answer.headers
    return False


def _starting(answer: Answer, server: Server | None, tried: str) -> WizardError:
    if not server and answer.status != 503:
        who = "a reverse proxy answers, but Nexus behind it does not: it is stopped or starting"
    else:
        who = "Nexus is starting, or its database is not readable"
    return WizardError(
        Code.NEXUS_STARTING,
        tried=tried,
        came_back=answer.told,
        cause=who,
        next_step="wait: a start takes one to three minutes; then look at nexus.log",
    )


def _front_door(answer: Answer, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_NOT_NEXUS,
        tried=tried,
        came_back=answer.told,
        cause="a reverse proxy in front asks for its own sign-in, or another product answers; "
        "Nexus answers this request without one",
        next_step="use an address that leads to Nexus itself, or let /service/rest pass",
    )


def _other_context(
    transport: Transport, url: httpx.URL, tried: str, answer: Answer, server: Server | None
) -> WizardError | None:
    """Nexus at /nexus, or at the root where a context path was typed. Where a Nexus answers
    that it is not at this path, what failed at the other one is what went wrong."""
    from cgwizard.nexus.transport import Transport as Fresh

    path = "" if url.path.strip("/") else CONTEXT_PATH
    base_url = str(url.copy_with(path=path or "/")).rstrip("/")
    other = Fresh(base_url, transport.trust)
    other.cancel = transport.cancel
    try:
        there = other.send("GET", STATUS, tried=f"GET {base_url}{STATUS}")
    except WizardError as error:
        return error if server else None
    finally:
        other.close()
    if there.status != 200 or not read_server(there.headers.get("server", "")):
        return None
    return NexusElsewhere(
        Code.NEXUS_CONTEXT_PATH,
        base_url=base_url,
        tried=tried,
        came_back=f"HTTP {answer.status}; the same at {base_url} is answered by Nexus",
        cause=f"Nexus's context path is {path or '/'}",
        next_step=f"use {base_url}",
    )


def _redirected(url: httpx.URL, answer: Answer, tried: str) -> WizardError:
    """Redirects are explained and never followed: what they name may be tried next."""
    import httpx

    location = one_line(answer.headers.get("location", ""))[:200]
    came_back = f"HTTP {answer.status}, a redirect to {location or 'nowhere'}"
    try:
        target = url.join(location) if location else None
    except (httpx.InvalidURL, ValueError):
        target = None
    if target is not None and target.host == url.host and target.path.endswith(STATUS):
        base_url = str(
            target.copy_with(
                path=target.path.removesuffix(STATUS) or "/", query=None, fragment=None
            )
        ).rstrip("/")
        upgrade = target.scheme != url.scheme
        if target.scheme == "https" or not upgrade:
            return NexusElsewhere(
                Code.NEXUS_HTTP_HTTPS_MISMATCH if upgrade else Code.NEXUS_CONTEXT_PATH,
                base_url=base_url,
                tried=tried,
                came_back=came_back,
                cause="the server wants HTTPS" if upgrade else "Nexus has another path there",
                next_step=f"use {base_url}",
            )
    return WizardError(
        Code.NEXUS_REDIRECTED,
        tried=tried,
        came_back=came_back,
    )
