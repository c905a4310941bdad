"""What a connection that failed means: from an exception of the HTTP client to a WizardError."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code, WizardError
from cgwizard.net.connection import CONNECT_SECONDS, READ_SECONDS, Exchange
from cgwizard.net.failures import Failure, Kind, read_failure
from cgwizard.net.proxies import Proxy, port_of, proxy_without_tls
from cgwizard.net.trust import believed, fetch_certificate
from cgwizard.nexus.certificates import untrusted
from cgwizard.nexus.models import read_server
from cgwizard.text.sanitize import one_line, shortened

if TYPE_CHECKING:
    import httpx


class NexusElsewhere(WizardError):
    """Not here, but the answer told where: ``base_url`` is worth a try."""

    def __init__(
        self,
        code: Code,
        *,
        base_url: str,
        tried: str,
        came_back: str,
        cause: str,
        next_step: str,
    ) -> None:
        super().__init__(code, tried=tried, came_back=came_back, cause=cause, next_step=next_step)
        self.base_url = base_url


def network_error(
    error: Exception,
    base_url: str,
    tried: str,
    *,
    exchange: Exchange | None = None,
    signed_in: bool = False,
    ca_file: Path | None = None,
) -> WizardError:
    """The WizardError of a request to ``base_url`` that got no answer. ``signed_in``: it carried
    credentials. ``ca_file``: the one that the user named."""
    import httpx

    url = httpx.URL(base_url)
    failure = read_failure(error, url, exchange)
    explained = _explained(failure, url, tried)
    if failure.kind is Kind.TLS_UNTRUSTED and (also := believed(ca_file)):
        explained = explained.but(cause=f"{explained.problem.cause}; {also}")
    return explained.with_facts(failure.facts(signed_in=signed_in))


def cut_short(
    error: Exception,
    response: httpx.Response,
    tried: str,
    *,
    exchange: Exchange,
    signed_in: bool,
) -> WizardError:
    """The WizardError of an answer that began and did not come to its end."""
    failure = read_failure(error, response.request.url, exchange)
    header = response.headers.get("server", "")
    server = shortened(header, 60)
    began = f"HTTP {response.status_code}{f' from {server}' if server else ''}"
    facts = failure.facts(signed_in=signed_in)
    if read_server(header):
        facts = msgspec.structs.replace(facts, answered_by=AnsweredBy.NEXUS)
    if failure.kind is Kind.READ_TIMEOUT:
        return WizardError(
            Code.NEXUS_NO_ANSWER,
            tried=tried,
            came_back=f"the beginning of {began}, then nothing for {READ_SECONDS:.0f} s",
            cause="Nexus is overloaded, or something on the way holds its answers back",
            next_step="try again; behind a reverse proxy, look at its log",
        ).with_facts(facts)
    return WizardError(
        Code.NEXUS_ANSWER_BROKEN,
        tried=tried,
        came_back=f"{began}, cut in the middle ({shortened(failure.words)})",
        cause="Nexus was stopped just then, or something on the way cuts connections",
        next_step="try again; behind a reverse proxy, look at its log",
    ).with_facts(facts)


def _explained(failure: Failure, url: httpx.URL, tried: str) -> WizardError:
    match failure.kind:
        case (
            Kind.PROXY_UNREACHABLE
            | Kind.PROXY_UNREADABLE
            | Kind.PROXY_NO_TLS
            | Kind.PROXY_REFUSED
            | Kind.PROXY_SIGN_IN
        ):
            error = proxy_in_the_way(url, failure.proxy, tried, shortened(failure.words))
            if failure.kind is Kind.PROXY_NO_TLS and failure.proxy:
                cause, next_step = proxy_without_tls(failure.proxy)
                error = error.but(cause=cause, next_step=next_step)
        case Kind.NAME_UNKNOWN | Kind.NAME_SERVER_SILENT:
            error = _unknown_host(url.host, failure, tried)
        case Kind.REFUSED:
            error = _refused(url, tried)
        case Kind.NO_ROUTE:
            error = _no_route(url, failure.cause, tried)
        case Kind.CONNECT_TIMEOUT:
            error = _filtered(url, tried)
        case Kind.SPEAKS_PLAIN_HTTP:
            error = other_scheme(url, tried, "an answer that is not TLS")
        case Kind.TLS_PROTOCOL | Kind.TLS_CUT:
            error = _tls_failed(url, failure.cause)
        case Kind.READ_TIMEOUT:
            error = _no_answer(tried)
        case kind if kind.certificate_refused:
            error = untrusted(url.host, port_of(url), failure)
        case _:
            error = _broken(url, tried, failure)
    if failure.direct:
        error = error.but(cause=f"{error.problem.cause}; {failure.direct}")
    return error


def proxy_in_the_way(
    url: httpx.URL, proxy: Proxy | None, tried: str, came_back: str
) -> WizardError:
    """The proxy of the environment failed; a connection without it is tried (TCP only)."""
    try:
        with socket.create_connection((url.host, port_of(url)), timeout=2):
            direct = "without the proxy a connection works"
    except OSError:
        direct = "without the proxy there is no connection either"
    variable = proxy.variable if proxy else ""
    return WizardError(
        Code.CLIENT_PROXY_IN_THE_WAY,
        tried=f"{tried}, through the proxy {proxy.shown if proxy else 'on the way'}",
        came_back=came_back,
        cause=f"{variable} of this shell sends requests for {url.host} to a proxy; {direct}"
        if proxy
        else f"something on the way acts as a proxy for requests to {url.host}; {direct}",
        next_step=f"add {url.host} to NO_PROXY and start again, or correct "
        f"{variable or 'the proxy'}",
    )


def _unknown_host(host: str, failure: Failure, tried: str) -> WizardError:
    said = getattr(failure.cause, "strerror", None) or str(failure.cause)
    return WizardError(
        Code.NEXUS_DNS,
        tried=tried,
        came_back=f"no address for {host} ({one_line(said)})",
        cause="the name server did not answer"
        if failure.kind is Kind.NAME_SERVER_SILENT
        else "the name is mistyped, or known only inside another network or by its full name",
        next_step="check the name, the VPN and the name server; "
        + ("an IP address works too" if "." in host else "try it with its domain"),
    )


def _refused(url: httpx.URL, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_REFUSED,
        tried=tried,
        came_back=f"connection refused by {url.host}:{port_of(url)}",
    )


def _no_route(url: httpx.URL, error: BaseException, tried: str) -> WizardError:
    number = getattr(error, "errno", None) or 0
    return WizardError(
        Code.NEXUS_FILTERED,
        tried=tried,
        came_back=f"no way to {url.host}:{port_of(url)} ({os.strerror(number).lower()})",
    )


def _filtered(url: httpx.URL, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_FILTERED,
        tried=tried,
        came_back=f"nothing from {url.host}:{port_of(url)} within {CONNECT_SECONDS:.0f} s",
        cause="a firewall drops connections to this port, or the host is off",
        next_step=f"ask for TCP port {port_of(url)} of {url.host} to be opened from here, "
        "or use another port",
    )


def _no_answer(tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_NO_ANSWER,
        tried=tried,
        came_back=f"a connection, but no answer within {READ_SECONDS:.0f} s",
    )


def _tls_failed(url: httpx.URL, error: BaseException) -> WizardError:
    reason = getattr(error, "reason", None) or str(error)
    return WizardError(
        Code.NEXUS_TLS_FAILED,
        tried=f"a TLS connection to {url.host}:{port_of(url)}",
        came_back=one_line(reason).replace("_", " ").lower(),
    )


def _broken(url: httpx.URL, tried: str, failure: Failure) -> WizardError:
    words = shortened(failure.words)
    if failure.kind is Kind.SPEAKS_TLS or (url.scheme == "http" and _speaks_tls(url)):
        return other_scheme(url, tried, words)
    if failure.kind is Kind.BAD_HEADERS:
        return WizardError(
            Code.NEXUS_ANSWER_BROKEN,
            tried=tried,
            came_back=words,
            cause="what answers, or something on the way, writes a header that HTTP does not allow",
            next_step="correct it where that line is made: a proxy or a filter before Nexus",
        )
    return WizardError(
        Code.NEXUS_ANSWER_BROKEN,
        tried=tried,
        came_back=f"an answer that is cut short or is not HTTP ({words})",
    )


def _speaks_tls(url: httpx.URL) -> bool:
    """Many TLS servers only close the connection when plain HTTP comes."""
    try:
        fetch_certificate(url.host, port_of(url), timeout=3)
    except OSError:
        return False
    return True


def other_scheme(url: httpx.URL, tried: str, came_back: str) -> NexusElsewhere:
    """TLS was sent to a port that speaks plain HTTP, or the reverse."""
    tls, port = url.scheme == "https", port_of(url)
    other = str(url.copy_with(scheme="http" if tls else "https", port=port)).rstrip("/")
    return NexusElsewhere(
        Code.NEXUS_HTTP_HTTPS_MISMATCH,
        base_url=other,
        tried=f"{tried}, {'with' if tls else 'without'} TLS",
        came_back=came_back,
        cause=f"port {port} speaks {'plain HTTP' if tls else 'HTTPS'}",
        next_step=f"use {other}",
    )
