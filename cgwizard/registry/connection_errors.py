"""What it means that no answer, or not all of it, came from a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cgwizard.errors import Code
from cgwizard.net.failures import Kind, read_failure
from cgwizard.net.proxies import proxy_without_tls
from cgwizard.net.trust import believed
from cgwizard.registry.errors import RegistryError
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

    from cgwizard.net.connection import Exchange


class _Meaning(NamedTuple):
    """In the texts ``{who}`` is the server's name, ``{host}`` its host. ``tries`` is that of a
    transient failure; ``if_known``: it passes only where the server answered before."""

    code: Code
    cause: str
    next_step: str
    came_back: str = ""  # else the words of the exception
    transient: bool = False
    if_known: bool = False
    tries: int | None = None


_AGAIN = "try again; if it stays so, pull from another network"
_PROXY_REFUSED = _Meaning(
    Code.CLIENT_PROXY_IN_THE_WAY,
    "the proxy that {variable} names did not let the request through",
    "correct {variable}, or add {host} to NO_PROXY",
)
_DNS = _Meaning(
    Code.REGISTRY_DNS,
    "the host's name leads to no address",
    "{dns}",
    if_known=True,
)
_NO_NAME_SERVER = _Meaning(
    Code.REGISTRY_DNS,
    "no name server tells the address of {host}",
    "check the network and the DNS of this machine",
    if_known=True,
)
_UNREACHABLE = _Meaning(
    Code.REGISTRY_UNREACHABLE,
    "no connection to {who} can be made from here",
    "check the address and the network",
    if_known=True,
)
_TLS_DATES = _Meaning(
    Code.REGISTRY_TLS_EXPIRED,
    "the certificate is out of date, or the clock of this machine is wrong",
    "check the clock, then have the certificate renewed",
)
_NOT_HTTP = _Meaning(
    Code.REGISTRY_HTTP_HTTPS_MISMATCH,
    "what answers at {who} does not speak HTTP; a port of HTTPS does this",
    "try https:// for this address, and check the port",
)
_MIXED_UP = _Meaning(
    Code.REGISTRY_ANSWER,
    "{who}, or something between, mixes its answers up or is broken",
    _AGAIN,
    transient=True,
    tries=1,
)
_MEANINGS = {
    Kind.PROXY_REFUSED: _PROXY_REFUSED,
    Kind.PROXY_SIGN_IN: _PROXY_REFUSED,
    Kind.PROXY_UNREADABLE: _PROXY_REFUSED,
    Kind.PROXY_NO_TLS: _PROXY_REFUSED,
    Kind.PROXY_UNREACHABLE: _Meaning(
        Code.CLIENT_PROXY_IN_THE_WAY,
        "{variable} sends requests for {host} to that proxy, which is not there",
        "correct {variable}, or add {host} to NO_PROXY",
        if_known=True,
    ),
    Kind.NAME_UNKNOWN: _DNS,
    Kind.NAME_SERVER_SILENT: _NO_NAME_SERVER,
    Kind.REFUSED: _Meaning(
        Code.REGISTRY_REFUSED,
        "nothing listens there: {refused}",
        "{port}",
        if_known=True,
    ),
    Kind.CONNECT_TIMEOUT: _Meaning(
        Code.REGISTRY_TIMEOUT,
        "nothing answers at {who}: a firewall drops the packets, or the host is down",
        "check the host and port, then the firewall between",
        came_back="nothing within the time for a connection",
        if_known=True,
    ),
    Kind.NO_ROUTE: _UNREACHABLE,
    Kind.UNREACHABLE: _UNREACHABLE,
    Kind.TLS_CUT: _UNREACHABLE,
    Kind.TLS_UNTRUSTED: _Meaning(
        Code.REGISTRY_TLS_UNTRUSTED,
        "the certificate comes from an authority that this machine does not trust",
        "name the file of your own CA, or confirm the certificate's fingerprint",
    ),
    Kind.TLS_NAME: _Meaning(
        Code.REGISTRY_TLS_NAME,
        "the certificate was made for another name",
        "use the name that stands in the certificate",
    ),
    Kind.TLS_EXPIRED: _TLS_DATES,
    Kind.TLS_NOT_YET_VALID: _TLS_DATES,
    Kind.TLS_PROTOCOL: _Meaning(
        Code.REGISTRY_TLS,
        "{who} and this machine find no common way to speak TLS",
        "check that the port speaks HTTPS, and what stands between",
    ),
    Kind.SPEAKS_PLAIN_HTTP: _Meaning(
        Code.REGISTRY_HTTP_HTTPS_MISMATCH,
        "{who} speaks plain HTTP on this port and was asked in HTTPS",
        "use http:// for this address",
    ),
    Kind.SPEAKS_TLS: _NOT_HTTP,
    Kind.NOT_HTTP: _NOT_HTTP,
    Kind.READ_TIMEOUT: _Meaning(
        Code.REGISTRY_NO_ANSWER,
        "{who} is overloaded, or waits itself for the registry behind it",
        "try again; if it stays so, look at its log",
        came_back="the connection stands, but no answer came in time",
        transient=True,
        tries=1,
    ),
    Kind.HEADERS_TOO_LONG: _Meaning(
        Code.REGISTRY_ANSWER,
        "what answers at {who} is not a registry, or is broken",
        "check the address",
        came_back="headers without end",
    ),
    Kind.BAD_HEADERS: _Meaning(
        Code.REGISTRY_ANSWER,
        "{who}, or something between, mixes its answers up or is broken: HTTP does not allow "
        "this line",
        "correct it where that line is made, or pull from another network",
        transient=True,
        tries=1,
    ),
    Kind.BAD_BODY: _MIXED_UP,
    Kind.CUT: _Meaning(
        Code.REGISTRY_CUT,
        "the line to {who} is bad, or something between cuts connections",
        _AGAIN,
        transient=True,
    ),
    Kind.BAD_REDIRECT: _Meaning(
        Code.REGISTRY_REDIRECT,
        "{who} or a proxy before it builds its addresses wrongly",
        "check the base URL and the forwarded headers of that proxy",
        came_back="an address that cannot be read",
    ),
}


def connection_error(
    error: Exception,
    *,
    url: httpx.URL,
    exchange: Exchange,
    tried: str,
    who: str,
    known: bool,
    signed_in: bool,
    typed: bool,
    ca_file: Path | None = None,
) -> RegistryError:
    """The RegistryError of a request that got no answer, or not all of it. ``who``: the server's
    name. ``known``: it answered before, so that the same failure may pass. ``signed_in``: the
    request carried a sign-in. ``typed``: the user may have mistyped the host. ``ca_file``: the
    one that the user named."""
    failure = read_failure(error, url, exchange)
    meaning = _MEANINGS[failure.kind]
    if known and meaning is _NOT_HTTP:  # a server that is known to speak it
        meaning = _MIXED_UP
    proxy = failure.proxy
    names = {
        "who": who,
        "host": url.host,
        "dns": "check the name for typing errors, then the DNS of this machine"
        if typed
        else f"check the DNS of this machine, and whether it may reach {url.host}",
        "refused": f"{who} is down, or the port is another one, or a container does not publish it"
        if typed
        else f"{who} is down, or a firewall refuses the connection in its place",
        "port": "check the port; for Nexus, whether the repository's connector is up and published"
        if typed
        else f"check whether this machine may reach {url.host}",
        "variable": proxy.variable if proxy else "the environment",
    }
    cause, next_step = meaning.cause.format(**names), meaning.next_step.format(**names)
    came_back = meaning.came_back or shortened(failure.words)
    if meaning.code is Code.CLIENT_PROXY_IN_THE_WAY and proxy:
        tried = f"{tried}, through the proxy {proxy.shown}"
    if failure.kind is Kind.PROXY_NO_TLS and proxy:
        cause, next_step = proxy_without_tls(proxy)
    if failure.kind is Kind.TLS_UNTRUSTED and (also := believed(ca_file)):
        cause = f"{cause}; {also}"
    if failure.direct:
        cause = f"{cause}; {failure.direct}"
    return RegistryError(
        meaning.code,
        tried=tried,
        came_back=came_back,
        cause=cause,
        next_step=next_step,
        transient=meaning.transient or (meaning.if_known and known),
        tries=meaning.tries,
    ).with_facts(failure.facts(signed_in=signed_in))
