"""How one host looks from this machine: name, connection, certificate, answer, in that order."""

from __future__ import annotations

import socket
from typing import Literal, NamedTuple

import msgspec

from cgwizard.errors import WizardError
from cgwizard.net.connection import CONNECT_SECONDS, Exchange
from cgwizard.net.failures import Kind, read_failure
from cgwizard.net.proxies import proxy_for
from cgwizard.net.trust import Trust, fetch_certificate, fingerprint, ssl_context
from cgwizard.text import decode

Stage = Literal["", "dns", "refused", "timeout", "tls", "tls-intercepted", "proxy", "http"]
TLS_SECONDS = 8.0

# Organizations in the names of authorities that the public web trusts. Another one may be public
# as well, so a finding about it says "probably".
PUBLIC_AUTHORITIES = (
    "Google Trust Services",
    "Let's Encrypt",
    "Internet Security Research Group",
    "DigiCert",
    "Sectigo",
    "COMODO",
    "USERTRUST",
    "GlobalSign",
    "Amazon",
    "Cloudflare",
    "SSL Corp",
    "Entrust",
    "Microsoft Corporation",
    "GoDaddy",
    "Starfield",
    "IdenTrust",
    "Baltimore",
    "ZeroSSL",
    "Certainly",
    "Buypass",
)


class HostView(msgspec.Struct, frozen=True):
    """``stage`` is where the attempt failed, "" where it did not. ``issuer`` is that of the
    certificate, if the host showed one; ``certificate`` is its SHA-256."""

    stage: Stage
    evidence: str
    issuer: str = ""
    certificate: str = ""
    proxy: str = ""  # of the environment; the request went through it


class HostPort(NamedTuple):
    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def is_public(issuer: str) -> bool | None:
    """Whether ``issuer`` is named like a public authority; None where there is no name."""
    if not issuer:
        return None
    return any(name.lower() in issuer.lower() for name in PUBLIC_AUTHORITIES)


def look(address: HostPort, *, registry: bool, trust: Trust | None = None) -> HostView:
    """Look at ``address``. ``registry``: its answer must be that of a registry.

    Where the environment names a proxy for the host, the proxy resolves its name and connects to
    it: this machine need not be able to.
    """
    import httpx

    trust = trust or Trust()
    if proxy := proxy_for(httpx.URL(address.url)):
        seen = HostView("", f"through the proxy {proxy}", proxy=proxy)
        return _http(address, seen, registry=registry, trust=trust)
    try:
        infos = decode.parsed(
            socket.getaddrinfo, address.host, address.port, type=socket.SOCK_STREAM
        )
    except (OSError, decode.Unreadable) as error:
        return HostView(
            "dns", f"no address for {address.host}: {getattr(error, 'strerror', error)}"
        )
    where = ", ".join(dict.fromkeys(str(info[4][0]) for info in infos))
    try:
        socket.create_connection((address.host, address.port), CONNECT_SECONDS).close()
    except OSError as error:
        kind = read_failure(error).kind
        if kind is Kind.REFUSED:
            return HostView("refused", f"{address} ({where}) refuses connections")
        timeout = kind is Kind.CONNECT_TIMEOUT
        said = "no answer" if timeout else error.strerror or str(error)
        return HostView("timeout", f"no connection to {address} ({where}): {said}")
    seen = HostView("", "connected")
    if address.tls:
        seen = _tls(address, trust)
        if seen.stage:
            return seen
    return _http(address, seen, registry=registry, trust=trust)


def _tls(address: HostPort, trust: Trust) -> HostView:
    from cgwizard.nexus.certificates import read_certificate

    context = ssl_context(trust)
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((address.host, address.port), CONNECT_SECONDS) as raw,
            _with_timeout(raw),
            context.wrap_socket(raw, server_hostname=address.host) as tls,
        ):
            certificate = tls.getpeercert(binary_form=True) or b""
            spoken = tls.version() or "TLS"
    except OSError as error:
        if read_failure(error).kind.certificate_refused:
            return _untrusted(address, error)
        reason = read_failure(error).words
        return HostView("tls", f"connected, but no TLS with {address}: {reason}")
    read = read_certificate(certificate)
    evidence = f"{spoken}, certificate issued by {read.issuer or 'an unnamed authority'}"
    return HostView("", evidence, read.issuer, fingerprint(certificate))


def _with_timeout(raw: socket.socket) -> socket.socket:
    raw.settimeout(TLS_SECONDS)
    return raw


def _untrusted(address: HostPort, error: OSError) -> HostView:
    from cgwizard.nexus.certificates import read_certificate

    said = getattr(error, "verify_message", "") or "not verified"
    try:
        der = fetch_certificate(address.host, address.port)
    except OSError:
        return HostView("tls", f"a certificate that is not trusted: {said}")
    read = read_certificate(der)
    evidence = f"certificate issued by {read.issuer or 'an unnamed authority'}: {said}"
    intercepted = is_public(read.issuer) is False
    return HostView(
        "tls-intercepted" if intercepted else "tls", evidence, read.issuer, fingerprint(der)
    )


def _http(address: HostPort, seen: HostView, *, registry: bool, trust: Trust) -> HostView:
    import httpx

    from cgwizard.net.client import http_client
    from cgwizard.text.sanitize import shortened

    path = "/v2/" if registry else "/"
    exchange = Exchange()
    try:
        with (
            http_client(address.url, trust, read_seconds=10) as client,
            client.stream("GET", path, extensions={"trace": exchange.trace}) as response,
        ):
            status, headers = response.status_code, response.headers
            html = "html" in headers.get("content-type", "").lower()
    except WizardError as error:
        stage: Stage = "proxy" if seen.proxy else "http"
        return _changed(seen, stage, _unanswered(seen, path, error.problem.came_back))
    except httpx.HTTPError as error:
        failure = read_failure(error, httpx.URL(address.url), exchange)
        if failure.kind in {Kind.PROXY_REFUSED, Kind.PROXY_SIGN_IN}:
            return _changed(seen, "proxy", f"the proxy {seen.proxy} refused: {failure.words}")
        stage = "proxy" if seen.proxy else "http"
        if failure.kind.certificate_refused:  # behind a proxy, which let the request through
            stage = "tls"
        return _changed(seen, stage, _unanswered(seen, path, failure.words))
    evidence = f"{seen.evidence}; GET {path}: {status}"
    if status == 407:
        return _changed(seen, "proxy", f"{evidence}, the proxy wants a sign-in")
    asks = headers.get("www-authenticate", "").lower().startswith("bearer")
    versioned = headers.get("docker-distribution-api-version", "").startswith("registry/")
    if registry and not (asks or versioned):
        what = "a web page" if html else "something else"
        by = headers.get("server") or headers.get("via") or "unknown"
        return _changed(
            seen, "http", f"{evidence}, {what} instead of a registry (from: {shortened(by, 60)})"
        )
    return _changed(seen, "", evidence)


def _unanswered(seen: HostView, path: str, words: str) -> str:
    return f"{seen.evidence}; no answer to GET {path}: {words}"


def _changed(seen: HostView, stage: Stage, evidence: str) -> HostView:
    return msgspec.structs.replace(seen, stage=stage, evidence=evidence)
