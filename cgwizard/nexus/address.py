"""From what a user types to the base URL of a Nexus. Pure: nothing is contacted here.

A base URL has a scheme, a host, a port unless it is the scheme's own, and Nexus's context
path; never a trailing slash: ``https://nexus.example.com``, ``http://10.0.0.7:8081/nexus``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, NoReturn

from cgwizard.errors import Code, ExitCode, WizardError
from cgwizard.text import decode
from cgwizard.text.sanitize import one_line

NEXUS_PORT = 8081  # `application-port` of every Nexus distribution
CONTEXT_PATH = "/nexus"  # the usual one where it is not "/"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TLS_PORTS = {443, 8443}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/*")
_CONTEXT = re.compile(r"(/[A-Za-z0-9._~-]+)*\Z")
# Where Nexus's own paths begin: what stands before them is its context path.
_OWN_PATH = re.compile(
    r"/(service/(rest|extdirect|metrics|outreach)|repository|static|swagger-ui|v1|v2"
    r"|index\.html?|admin|browse|internal)(/.*)?\Z",
    re.DOTALL,
)


class Address(NamedTuple):
    """The parts of what was typed; ``scheme`` and ``port`` are None where they were left out."""

    scheme: str | None
    host: str  # an IPv6 address without its brackets
    port: int | None
    context: str  # "" or "/nexus"

    def url(self, scheme: str, port: int | None = None, context: str | None = None) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = self.port if port is None else port
        tail = "" if port in {None, _DEFAULT_PORTS[scheme]} else f":{port}"
        return f"{scheme}://{host}{tail}{self.context if context is None else context}"


def parse(text: str) -> Address:
    """Raises WizardError("url-invalid") with the reason; a password in the URL is never echoed."""
    shown = _shown(text)
    rest = text.strip().strip("<>\"'").strip()
    if not rest:
        _refuse("nothing", "the field is empty")
    if len(rest) > 2000:
        _refuse(shown[:60] + "…", "it is longer than an address can be")
    if any(not c.isprintable() or c.isspace() for c in rest):
        _refuse(shown, "there are blanks or control characters inside")
    scheme: str | None = None
    if "://" in rest or rest.lower().startswith(("http:/", "https:/", "http//", "https//")):
        scheme, rest = _split_scheme(rest, shown)
    else:
        rest = rest.lstrip("/")
    rest = re.split(r"[?#]", rest.replace("\\", "/"), maxsplit=1)[0]
    authority, _, path = rest.partition("/")
    if "@" in authority:
        _refuse(shown, "it holds a user name or password", "enter them in their own fields")
    host, port = _split_port(authority, shown)
    return Address(scheme, _host(host, shown), port, _context("/" + path, shown))


def normalize(text: str) -> str:
    """The base URL that ``text`` means, with the likelier scheme where none was typed.

    Raises WizardError("url-invalid").
    """
    return candidates(text)[0]


def candidates(text: str) -> tuple[str, ...]:
    """Base URLs to try, likeliest first; the first is ``text`` as it stands.

    A scheme that was typed is kept (``https`` is never traded for ``http``), and so is a port.
    Raises WizardError("url-invalid").
    """
    address = parse(text)
    if address.scheme:
        schemes = [address.scheme]
    elif (address.port or 443) in _TLS_PORTS and not _is_local(address.host):
        schemes = ["https", "http"]
    else:
        schemes = ["http", "https"]
    places: list[tuple[str, int | None]] = [(scheme, address.port) for scheme in schemes]
    if address.port is None:
        if "http" in schemes:
            places.insert(1, ("http", NEXUS_PORT))
        if "https" in schemes:
            places.append(("https", 8443))
    contexts = [address.context] if address.context else ["", CONTEXT_PATH]
    urls = [address.url(scheme, port, context) for context in contexts for scheme, port in places]
    if address.context:  # what looked like a context path may be a page of Nexus's
        urls.append(address.url(*places[0], ""))
    return tuple(dict.fromkeys(urls))


def _split_scheme(rest: str, shown: str) -> tuple[str, str]:
    found = _SCHEME.match(rest)
    if not found or not rest[found.end(1) :].startswith("://"):
        _refuse(shown, "the part before the host is not http:// or https://")
    scheme = found.group(1).lower()
    if scheme not in _DEFAULT_PORTS:
        _refuse(shown, f"{scheme}:// is not a web address", "use http:// or https://")
    return scheme, rest[found.end(1) + 3 :]


def _split_port(authority: str, shown: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, bracket, tail = authority[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            _refuse(shown, "the brackets around the IPv6 address do not match")
        return (f"[{host}]", _port(tail[1:], shown) if tail[1:] else None)
    if authority.count(":") > 1:  # an IPv6 address without brackets has no port
        return (f"[{authority}]", None)
    host, _, port = authority.partition(":")
    return (host, _port(port, shown) if port else None)


def _port(text: str, shown: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        _refuse(shown, f"{one_line(text)!r} is not a port", "ports go from 1 to 65535")
    return int(text)


def _host(host: str, shown: str) -> str:
    if host.startswith("["):
        try:
            return decode.parsed(ipaddress.IPv6Address, host[1:-1].partition("%")[0]).compressed
        except decode.Unreadable:
            _refuse(shown, "the IPv6 address is not one")
    if not host:
        _refuse(shown, "the host is missing")
    if not host.isascii():
        try:
            host = decode.parsed(host.encode, "idna").decode("ascii")
        except decode.Unreadable:
            _refuse(shown, "the host name has characters that no host name can have")
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in labels):
        _refuse(shown, "the host name has characters, or a form, that no host name can have")
    if labels[-1].isdigit():
        try:
            return str(decode.parsed(ipaddress.IPv4Address, host))
        except decode.Unreadable:
            _refuse(shown, "the IPv4 address is not one")
    return host


def _context(path: str, shown: str) -> str:
    path = re.sub(r"/{2,}", "/", path)
    path = _OWN_PATH.sub("", path).rstrip("/")
    if not _CONTEXT.match(path) or {".", ".."} & set(path.split("/")):
        _refuse(shown, "the path after the host cannot be a context path of Nexus")
    return path


def _is_local(host: str) -> bool:
    return (
        host == "localhost"
        or host.endswith(".localhost")
        or host == "::1"
        or (host.startswith("127."))
    )


def _shown(text: str) -> str:
    """``text`` for a message: user name and password, if any, are left out."""
    head, at, tail = text.rpartition("@")
    if at:
        found = re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", head)
        text = f"{found.group(0) if found else ''}***@{tail}"
    text = one_line(text)
    return text if len(text) <= 80 else text[:79] + "…"


def _refuse(shown: str, why: str, next_step: str = "") -> NoReturn:
    raise WizardError(
        Code.URL_INVALID,
        tried=f"reading {shown} as the address of a Nexus",
        came_back=why,
        next_step=next_step or "type it as in the browser, for example https://nexus.example.com",
        exit_code=ExitCode.USAGE,
    )
