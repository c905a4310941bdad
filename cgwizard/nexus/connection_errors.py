"""What a connection that failed means: from an exception of the HTTP client to a WizardError."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.net.client import CONNECT_SECONDS, READ_SECONDS, fetch_certificate
from cgwizard.nexus.certificates import untrusted
from cgwizard.text.sanitize import one_line, shortened

if TYPE_CHECKING:
    import httpx

# TLS spoken to a server that answers in plain HTTP; the words changed with OpenSSL 3.2.
_PLAIN_ANSWER = {
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}


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


def network_error(error: Exception, base_url: str, tried: str) -> WizardError:
    """The WizardError of a request to ``base_url`` that got no (complete) answer."""
    import httpx

    url = httpx.URL(base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    chain = list(_chain(error))
    proxy = proxy_for(url.scheme, url.host, port)
    if proxy and isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return proxy_in_the_way(url.host, port, proxy, tried, _words(chain))
    for cause in chain:
        if known := _by_cause(cause, url, port, tried):
            return known
    if isinstance(error, httpx.ConnectTimeout) or (
        isinstance(chain[-1], TimeoutError) and not isinstance(error, httpx.TimeoutException)
    ):
        return _filtered(url.host, port, tried)
    if isinstance(error, httpx.TimeoutException):
        return WizardError(
            Code.NEXUS_NO_ANSWER,
            tried=tried,
            came_back=f"a connection, but no answer within {READ_SECONDS:.0f} s",
        )
    return _broken(url, port, tried, _words(chain))


def cut_short(error: Exception, response: httpx.Response, tried: str) -> WizardError:
    """The WizardError of an answer that began and did not come to its end."""
    import httpx

    server = shortened(response.headers.get("server", ""), 60)
    began = f"HTTP {response.status_code}{f' from {server}' if server else ''}"
    if isinstance(error, httpx.TimeoutException):
        return WizardError(
            Code.NEXUS_NO_ANSWER,
            tried=tried,
            came_back=f"the beginning of {began}, then nothing for {READ_SECONDS:.0f} s",
            cause="Nexus is overloaded, or something on the way holds its answers back",
            next_step="try again; behind a reverse proxy, look at its log",
        )
    return WizardError(
        Code.NEXUS_ANSWER_BROKEN,
        tried=tried,
        came_back=f"{began}, cut in the middle ({_words([error])})",
        cause="Nexus was stopped just then, or something on the way cuts connections",
        next_step="try again; behind a reverse proxy, look at its log",
    )


def _by_cause(cause: BaseException, url: httpx.URL, port: int, tried: str) -> WizardError | None:
    match cause:
        case ssl.SSLCertVerificationError():
            reason = cause.verify_message or cause.reason or "not verified"
            return untrusted(url.host, port, cause.verify_code, reason)
        case ssl.SSLError() if not isinstance(cause, ssl.SSLZeroReturnError):
            return _tls_failed(cause, url, port, tried)
        case socket.gaierror():
            return _unknown_host(url.host, cause, tried)
        case ConnectionRefusedError():
            return _refused(url.host, port, tried)
        case OSError(errno=number) if number in _UNREACHABLE:
            return _no_route(url.host, port, cause, tried)
    return None


def proxy_for(scheme: str, host: str, port: int) -> str | None:
    """The proxy from the environment that requests to ``host`` use; without its password."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
        return None
    head, at, tail = proxy.rpartition("@")
    shown = f"{head.partition('://')[0]}://{tail}" if at and "://" in head else tail
    return one_line(shown)


def proxy_in_the_way(host: str, port: int, proxy: str, tried: str, words: str) -> WizardError:
    """The proxy of the environment failed; whether it works without is tried (TCP only)."""
    direct = "it was not tried without"
    try:
        with socket.create_connection((host, port), timeout=2):
            direct = "without the proxy a connection works"
    except OSError:
        direct = "without the proxy there is no connection either"
    return WizardError(
        Code.CLIENT_PROXY_IN_THE_WAY,
        tried=f"{tried}, through the proxy {proxy}",
        came_back=words,
        cause=f"{_variables()} of this shell sends requests for {host} to a proxy; {direct}",
        next_step=f"add {host} to NO_PROXY and start again, or correct the proxy",
    )


def _variables() -> str:
    names = [
        n
        for n in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
        for v in (n, n.lower())
        if os.environ.get(v)
    ]
    return "/".join(dict.fromkeys(names)) or "the proxy setting"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _words(chain: list[BaseException]) -> str:
    for error in chain:
        if text := one_line(str(error)):
            return text[:160]
    return type(chain[0]).__name__


def _unknown_host(host: str, error: socket.gaierror, tried: str) -> WizardError:
    later = error.errno == socket.EAI_AGAIN
    return WizardError(
        Code.NEXUS_DNS,
        tried=tried,
        came_back=f"no address for {host} ({one_line(str(error.strerror or error))})",
        cause="the name server did not answer"
        if later
        else "the name is mistyped, or known only inside another network or by its full name",
        next_step="check the name, the VPN and the name server; "
        + ("an IP address works too" if "." in host else "try it with its domain"),
    )


def _refused(host: str, port: int, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_REFUSED,
        tried=tried,
        came_back=f"connection refused by {host}:{port}",
    )


def _no_route(host: str, port: int, error: OSError, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_FILTERED,
        tried=tried,
        came_back=f"no way to {host}:{port} ({os.strerror(error.errno or 0).lower()})",
    )


def _filtered(host: str, port: int, tried: str) -> WizardError:
    return WizardError(
        Code.NEXUS_FILTERED,
        tried=tried,
        came_back=f"nothing from {host}:{port} within {CONNECT_SECONDS:.0f} s",
        cause="a firewall drops connections to this port, or the host is off",
        next_step=f"ask for TCP port {port} of {host} to be opened from here, or use another port",
    )


def _tls_failed(error: ssl.SSLError, url: httpx.URL, port: int, tried: str) -> WizardError:
    if (error.reason or "") in _PLAIN_ANSWER:
        other = str(url.copy_with(scheme="http", port=port)).rstrip("/")
        return NexusElsewhere(
            Code.NEXUS_HTTP_HTTPS_MISMATCH,
            base_url=other,
            tried=f"{tried}, with TLS",
            came_back="an answer that is not TLS",
            cause=f"port {port} speaks plain HTTP",
            next_step=f"use {other}",
        )
    return WizardError(
        Code.NEXUS_TLS_FAILED,
        tried=f"a TLS connection to {url.host}:{port}",
        came_back=one_line(error.reason or str(error)).replace("_", " ").lower(),
    )


def _broken(url: httpx.URL, port: int, tried: str, words: str) -> WizardError:
    if url.scheme == "http":
        # A TLS server that gets plain HTTP closes the connection or answers in its own way.
        try:
            fetch_certificate(url.host, port, timeout=3)
        except OSError:
            pass
        else:
            return tls_expected(url, port, tried, words)
    return WizardError(
        Code.NEXUS_ANSWER_BROKEN,
        tried=tried,
        came_back=f"an answer that is cut short or is not HTTP ({words})",
    )


def tls_expected(url: httpx.URL, port: int, tried: str, came_back: str) -> NexusElsewhere:
    """Plain HTTP was sent to a port that wants TLS."""
    other = str(url.copy_with(scheme="https", port=port)).rstrip("/")
    return NexusElsewhere(
        Code.NEXUS_HTTP_HTTPS_MISMATCH,
        base_url=other,
        tried=f"{tried}, without TLS",
        came_back=came_back,
        cause=f"port {port} speaks HTTPS",
        next_step=f"use {other}",
    )
