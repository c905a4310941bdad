"""Whether a Nexus answers at an address, and which one, asked without credentials."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code, Facts, WizardError
from cgwizard.net.failures import between
from cgwizard.net.proxies import choose, port_of
from cgwizard.nexus.address import CONTEXT_PATH
from cgwizard.nexus.connection_errors import NexusElsewhere, other_scheme, proxy_in_the_way
from cgwizard.nexus.models import Server, read_server
from cgwizard.nexus.sentences import wants_tls
from cgwizard.text import decode
from cgwizard.text.sanitize import one_line, shortened

if TYPE_CHECKING:
    import httpx

    from cgwizard.nexus.transport import RestResponse, RestTransport

REST = "/service/rest"
STATUS = f"{REST}/v1/status"
_REGISTRY = "docker-distribution-api-version"  # a header of every registry


def identify(transport: RestTransport) -> Server:
    """The Nexus at the transport's base URL; raises a WizardError that says what answers
    instead."""
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
    raise _explanation(transport, answer, server, tried)


class _Info(msgspec.Struct, frozen=True):
    title: str = ""
    version: str = ""


class _Swagger(msgspec.Struct, frozen=True):
    info: _Info = _Info()
    paths: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


def read_swagger(body: bytes) -> _Swagger | None:
    with contextlib.suppress(decode.Unreadable):
        return decode.json(body, _Swagger)
    return None


def _from_swagger(transport: RestTransport, header: str) -> Server | None:
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


def _explanation(
    transport: RestTransport, answer: RestResponse, server: Server | None, tried: str
) -> WizardError:
    import httpx

    url = httpx.URL(transport.base_url)
    if in_front := _before_nexus(url, answer, server, tried):
        return in_front
    if answer.status in {404, 405} and (
        elsewhere := _other_context(transport, url, tried, answer, server)
    ):
        return elsewhere
    if _REGISTRY in answer.headers or (
        answer.status in {404, 405} and _is_registry(transport, url)
    ):
        return _connector(url, answer, tried)
    if answer.status in {401, 403} and not server:
        return _front_door(answer, tried)
    return _unwell(answer, server, tried) if server else _not_nexus(answer, tried)


def _facts(answer: RestResponse) -> Facts:
    """Who sent an answer, before it is known whether a Nexus is behind this address."""
    if read_server(answer.headers.get("server", "")) or answer.fault_id:
        return Facts(AnsweredBy.NEXUS)
    if _REGISTRY in answer.headers:
        return Facts(AnsweredBy.REGISTRY)
    if answer.status in {502, 503, 504}:
        return Facts(AnsweredBy.PROXY)
    return Facts(between(answer.status, html=answer.html) or AnsweredBy.OTHER)


def _unwell(answer: RestResponse, server: Server, tried: str) -> WizardError:
    if answer.status in {404, 405}:
        return WizardError(
            Code.NEXUS_CONTEXT_PATH,
            tried=tried,
            came_back=answer.summary,
            cause=f"Nexus {server.version} answers at this port, but under another path",
            next_step="type the address of Nexus's web page with its path",
        ).with_facts(_facts(answer))
    return WizardError(
        Code.NEXUS_SERVER_ERROR,
        tried=tried,
        came_back=answer.summary,
        cause=f"Nexus {server.version} answers, but not as a Nexus that is well",
        next_step="look at nexus.log"
        + (f" for {answer.fault_id}" if answer.fault_id else " at this time"),
    ).with_facts(_facts(answer))


def _before_nexus(
    url: httpx.URL, answer: RestResponse, server: Server | None, tried: str
) -> WizardError | None:
    """The error of an answer of something in front of Nexus, or of a Nexus that starts."""
    proxy = choose(url)
    if answer.status == 407 or (
        proxy and not server and answer.status in {403, 502, 503, 504} and url.scheme == "http"
    ):
        error = proxy_in_the_way(url, proxy, tried, answer.summary)
        return error.with_facts(Facts(AnsweredBy.PROXY))
    if answer.status == 400 and url.scheme == "http" and wants_tls(answer.excerpt):
        return other_scheme(url, tried, answer.summary).with_facts(_facts(answer))
    if 300 <= answer.status < 400:
        return _redirected(url, answer, tried)
    if answer.status in {502, 503, 504}:
        return _starting(answer, server, tried)
    return None


def _not_nexus(answer: RestResponse, tried: str) -> WizardError:
    product = shortened(answer.headers.get("server", ""), 60)
    who = f"Server: {product}" if product else "no Server header"
    return WizardError(
        Code.NEXUS_NOT_NEXUS,
        tried=tried,
        came_back=f"{answer.summary} ({who})",
    ).with_facts(_facts(answer))


def _connector(url: httpx.URL, answer: RestResponse, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_WRONG_PORT_IS_CONNECTOR,
        tried=tried,
        came_back=f"HTTP {answer.status}, and the answers of a docker registry",
        cause=f"port {port_of(url)} is a docker connector or another registry, "
        "not Nexus's own port",
    ).with_facts(_facts(answer))


def _is_registry(transport: RestTransport, url: httpx.URL) -> bool:
    if url.path.strip("/"):
        return False
    with contextlib.suppress(WizardError):
        answer = transport.send("GET", "/v2/", tried="GET /v2/")
        return _REGISTRY in answer.headers
    return False


def _starting(answer: RestResponse, server: Server | None, tried: str) -> WizardError:
    if not server and answer.status != 503:
        who = "a reverse proxy answers, but Nexus behind it does not: it is stopped or starting"
    else:
        who = "Nexus is starting, or its database is not readable"
    return WizardError(
        Code.NEXUS_STARTING,
        tried=tried,
        came_back=answer.summary,
        cause=who,
        next_step="wait: a start takes one to three minutes; then look at nexus.log",
    ).with_facts(_facts(answer))


def _front_door(answer: RestResponse, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_NOT_NEXUS,
        tried=tried,
        came_back=answer.summary,
        cause="a reverse proxy in front asks for its own sign-in, or another product answers; "
        "Nexus answers this request without one",
        next_step="use an address that leads to Nexus itself, or let /service/rest pass",
    ).with_facts(_facts(answer))


def _other_context(
    transport: RestTransport,
    url: httpx.URL,
    tried: str,
    answer: RestResponse,
    server: Server | None,
) -> WizardError | None:
    """Whether Nexus is at /nexus, or at the root where a context path was typed. Where a Nexus
    answers that it is not at this path, the failure at the other path is the one to report."""
    path = "" if url.path.strip("/") else CONTEXT_PATH
    base_url = str(url.copy_with(path=path or "/")).rstrip("/")
    other = type(transport)(base_url, transport.trust)
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
    ).with_facts(Facts(AnsweredBy.NEXUS))


def _redirected(url: httpx.URL, answer: RestResponse, tried: str) -> WizardError:
    """Redirects are not followed; the address that they name may be tried next."""
    location = one_line(answer.headers.get("location", ""))[:200]
    came_back = f"HTTP {answer.status}, a redirect to {location or 'nowhere'}"
    try:
        target = decode.url(location, url) if location else None
    except decode.Unreadable:
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
            ).with_facts(_facts(answer))
    return WizardError(
        Code.NEXUS_REDIRECTED,
        tried=tried,
        came_back=came_back,
    ).with_facts(_facts(answer))
