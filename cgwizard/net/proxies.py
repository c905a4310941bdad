"""Which proxy the environment names for a request.

The variables are read as Go's golang.org/x/net/http/httpproxy reads them, because docker, podman,
containerd and crane do so: what works here works there. Three things differ on purpose. A name in
small letters comes first, as curl has it. `NO_PROXY` may hold an IPv6 address in brackets without
a port. `ALL_PROXY`, which Go does not know, counts where there is nothing else.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code, Facts, WizardError
from cgwizard.text import decode
from cgwizard.text.sanitize import one_line, shortened

if TYPE_CHECKING:
    import httpx

_NOT_SAFE_IN_USER_INFO = ' "<>`#?[]{}|\\^/@'


class Proxy(msgspec.Struct, frozen=True):
    """A proxy and the variable that names it. ``url`` may hold a password: never show it."""

    variable: str
    url: str

    def __repr__(self) -> str:
        return f"Proxy({self.variable!r}, {self.shown!r})"

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].lower()

    @property
    def shown(self) -> str:
        """The address without user name and password."""
        scheme, _, rest = self.url.partition("://")
        authority = rest.partition("/")[0]
        return shortened(f"{scheme}://{authority.rpartition('@')[2]}")

    @property
    def usable(self) -> httpx.URL:
        """The address for the HTTP client. Raises WizardError where it cannot be one."""
        try:
            url = decode.url(self.url)
            readable = url.scheme in {"http", "https"} and url.host != ""
        except decode.Unreadable:
            readable = False
        if readable:
            return url
        socks = self.scheme.startswith("socks")
        raise WizardError(
            Code.CLIENT_PROXY_IN_THE_WAY,
            tried=f"reading the proxy that {self.variable} names",
            # Not quoted: there may be a password in it.
            came_back="the address of a SOCKS proxy, which cannot be used here"
            if socks
            else "what is no http:// or https:// address",
            cause=f"{self.variable} sends this request to a proxy that cannot be used",
            next_step=f"correct {self.variable}, or add the host to NO_PROXY",
        ).with_facts(Facts(AnsweredBy.NOBODY))


def proxy_without_tls(proxy: Proxy) -> tuple[str, str]:
    """Cause and next step where an address says https:// and the proxy speaks no TLS."""
    plain = proxy.shown.replace("https://", "http://", 1)
    return (
        f"{proxy.variable} names the proxy with https://, but it speaks plain HTTP; "
        "that is how a proxy is asked for pages of https:// too",
        f"write {plain} in {proxy.variable}",
    )


def port_of(url: httpx.URL) -> int:
    return url.port or (80 if url.scheme == "http" else 443)


def choose(url: httpx.URL) -> Proxy | None:
    """The proxy that a request to ``url`` goes through."""
    found = _named(f"{url.scheme}_proxy") or _named("all_proxy")
    if found is None or is_loopback(url.host) or exception_for(url):
        return None
    return Proxy(found[0], _with_scheme(found[1]))


def proxy_for(url: httpx.URL) -> str:
    """The proxy that a request to ``url`` uses, without its password; "" for none."""
    proxy = choose(url)
    return proxy.shown if proxy else ""


def exception_for(url: httpx.URL) -> str:
    """The entry of `NO_PROXY` that lets a request to ``url`` go without a proxy, as it is
    written there; "" for none."""
    _, value = _named("no_proxy") or ("", "")
    entries = [entry for entry in map(str.strip, value.split(",")) if entry]
    if "*" in entries:
        return "*"
    host, port = _ascii(url.host.lower()), str(port_of(url))
    address = _address(host.partition("%")[0])
    fits = (entry for entry in entries if _fits(entry.lower(), host, port, address))
    return one_line(next(fits, ""))


def direct_by(url: httpx.URL) -> str:
    """For a failure without a proxy: which entry of `NO_PROXY` kept the proxy out of it, as a
    part of a sentence; "" where there is no proxy to keep out."""
    found = _named(f"{url.scheme}_proxy") or _named("all_proxy")
    entry = exception_for(url) if found and not is_loopback(url.host) else ""
    if not found or not entry:
        return ""
    return (
        f"the entry {entry} of {(_named('no_proxy') or ('NO_PROXY',))[0]} keeps {found[0]} from it"
    )


def _named(name: str) -> tuple[str, str] | None:
    """Name and value of a variable; an empty one counts as missing."""
    for variable in (name, name.upper()):
        if value := os.environ.get(variable, "").strip():
            return variable, value
    return None


def _with_scheme(value: str) -> str:
    """A proxy's address with its scheme, and with nothing in its user name and password that
    an address may not hold."""
    from urllib.parse import quote

    scheme, mark, rest = value.partition("://")
    if not mark or not scheme or "/" in scheme:
        scheme, rest = "http", value
    authority = rest.partition("/")[0] if "@" not in rest else rest
    user_info, at, host = authority.rpartition("@")
    host = host.partition("/")[0]
    # "%" stays: what is quoted already is not quoted twice.
    safe = "".join(c for c in map(chr, range(33, 127)) if c not in _NOT_SAFE_IN_USER_INFO)
    return f"{scheme.lower()}://{quote(user_info, safe=safe)}{at}{host}"


def _fits(entry: str, host: str, port: str, address: IPv4Address | IPv6Address | None) -> bool:
    network, slash, bits = entry.partition("/")
    if slash and bits.isdecimal() and _address(network):
        return address is not None and _holds(entry, address)
    name, wanted_port = _split(entry)
    if there := _address(name):
        return there == address and wanted_port in {"", port}
    if not name or address is not None:
        return False
    name = name.removeprefix("*") if name.startswith("*.") else name
    name = name[:1] + _ascii(name[1:]) if name.startswith(".") else _ascii(name)
    same = host.endswith(name) if name.startswith(".") else f".{host}".endswith(f".{name}")
    return same and wanted_port in {"", port}


def _holds(entry: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        network = decode.parsed(ip_network, entry, strict=False)
    except decode.Unreadable:
        return False
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped and network.prefixlen >= 96:
        network = IPv4Network((mapped, network.prefixlen - 96))
    return address.version == network.version and address in network


def _split(entry: str) -> tuple[str, str]:
    """Host and port of an entry; no port where it names none."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        if not rest or rest.startswith(":"):
            return host, rest[1:]
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = decode.parsed(ip_address, text)
    except decode.Unreadable:
        return None
    if isinstance(address, IPv6Address):
        return None if address.scope_id else address.ipv4_mapped or address
    return address


def is_loopback(host: str) -> bool:
    """Of a host without brackets. Go sends no request to such a host through a proxy."""
    address = _address(host.partition("%")[0])
    return host == "localhost" or (address is not None and address.is_loopback)


def _ascii(name: str) -> str:
    """A name of a host in the form that is sent: `xn--...` for letters beyond ASCII."""
    try:
        return decode.host(name)
    except decode.Unreadable:
        return name
