"""What it means that no answer, or no whole answer, came from a registry."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from cgwizard.errors import Code
from cgwizard.registry.errors import RegistryError
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx


def unreachable(
    error: httpx.HTTPError, *, url: httpx.URL, tried: str, who: str, known: bool
) -> RegistryError:
    """What it means that no (whole) answer came. ``known``: the server answered before, so that
    the same failure is a passing one."""
    import httpx

    text = shortened(str(error)) or type(error).__name__
    refusal = _tls(error, who)
    if refusal is not None:
        code, cause, next_step = refusal
        return RegistryError(code, tried=tried, came_back=text, cause=cause, next_step=next_step)
    tries: int | None = None
    if isinstance(error, httpx.ProxyError):
        code, transient = Code.CLIENT_PROXY_IN_THE_WAY, False
        cause = "the proxy named in the environment did not let the request through"
        next_step = "correct HTTPS_PROXY, or add the host to NO_PROXY"
    elif isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) and (proxy := _proxy(url)):
        code, transient = Code.CLIENT_PROXY_IN_THE_WAY, known
        tried = f"{tried}, through the proxy {proxy}"
        cause = f"the environment sends requests for {url.host} to that proxy, which is not there"
        next_step = f"correct HTTPS_PROXY or HTTP_PROXY, or add {url.host} to NO_PROXY"
    elif isinstance(error, httpx.ConnectTimeout):
        code, transient = Code.REGISTRY_TIMEOUT, known
        cause = f"nothing answers at {who}: a firewall drops the packets, or the host is down"
        next_step = "check the host and port, then the firewall between"
        text = "nothing within the time for a connection"
    elif isinstance(error, httpx.ConnectError):
        code, cause, next_step = _connect(error, who)
        transient = known
    elif isinstance(error, httpx.TimeoutException):
        code, transient, tries = Code.REGISTRY_NO_ANSWER, True, 1
        text = "the connection stands, but no answer came in time"
        cause = f"{who} is overloaded, or waits itself for the registry behind it"
        next_step = "try again; if it stays so, look at its log"
    elif "Receive buffer too long" in text:
        code, transient = Code.REGISTRY_ANSWER, False
        text = "headers without end"
        cause = f"what answers at {who} is not a registry, or is broken"
        next_step = "check the address"
    elif isinstance(error, httpx.RemoteProtocolError) and "illegal" in text and not known:
        code, transient = Code.REGISTRY_HTTP_HTTPS_MISMATCH, False
        cause = f"what answers at {who} does not speak HTTP; a port of HTTPS does this"
        next_step = "try https:// for this address, and check the port"
    elif isinstance(error, httpx.RemoteProtocolError) and "connect" not in text:  # nor cut
        code, transient, tries = Code.REGISTRY_ANSWER, True, 1
        cause = f"{who}, or something between, mixes its answers up or is broken"
        next_step = "try again; if it stays so, pull from another network"
    else:
        code, transient = Code.REGISTRY_CUT, True
        cause = f"the line to {who} is bad, or something between cuts connections"
        next_step = "try again; if it stays so, pull from another network"
    return RegistryError(
        code,
        tried=tried,
        came_back=text,
        cause=cause,
        next_step=next_step,
        transient=transient,
        tries=tries,
    )


def _proxy(url: httpx.URL) -> str | None:
    from cgwizard.nexus.connection_errors import proxy_for

    return proxy_for(url.scheme, url.host, url.port or {"http": 80}.get(url.scheme, 443))


def _connect(error: BaseException, who: str) -> tuple[Code, str, str]:
    text = str(error).lower()
    if any(
        word in text
        for word in ("name or service", "name resolution", "getaddrinfo", "nodename", "no address")
    ):
        return (
            Code.REGISTRY_DNS,
            "the host's name leads to no address",
            "check the name for typing errors, then the DNS of this machine",
        )
    if "refused" in text:
        return (
            Code.REGISTRY_REFUSED,
            f"nothing listens there: {who} is down, or the port is another one, "
            "or a container does not publish it",
            "check the port; for Nexus, whether the repository's connector is up and published",
        )
    return (
        Code.REGISTRY_UNREACHABLE,
        f"no connection to {who} can be made from here",
        "check the address and the network",
    )


def _tls(error: BaseException, who: str) -> tuple[Code, str, str] | None:
    text = str(error)
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None or isinstance(cause, ssl.SSLEOFError):
        return None
    fits = (row for row in _TLS if any(sign in text for sign in row[0]))
    _, code, why, next_step = next(fits)
    return code, why.format(who=who), next_step


# The first line that fits counts; the last fits everything.
_TLS = (
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"),
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        "{who} speaks plain HTTP on this port and was asked in HTTPS",
        "use http:// for this address",
    ),
    (
        ("expired", "not yet valid"),
        Code.REGISTRY_TLS_EXPIRED,
        "the certificate is out of date, or the clock of this machine is wrong",
        "check the clock, then have the certificate renewed",
    ),
    (
        ("mismatch", "not valid for", "doesn't match"),
        Code.REGISTRY_TLS_NAME,
        "the certificate was made for another name",
        "use the name that stands in the certificate",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "verify failed"),
        Code.REGISTRY_TLS_UNTRUSTED,
        "the certificate comes from an authority that this machine does not trust",
        "name the file of your own CA, or confirm the certificate's fingerprint",
    ),
    (
        ("",),
        Code.REGISTRY_TLS,
        "{who} and this machine find no common way to speak TLS",
        "check that the port speaks HTTPS, and what stands between",
    ),
)
