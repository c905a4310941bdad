"""What an exception of the HTTP client means. It is decided here and nowhere else, by the types
and attributes of the exceptions and by what happened on the connection, never by their words."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors.facts import AnsweredBy, Facts
from cgwizard.errors.words import without_marks
from cgwizard.net.connection import Exchange
from cgwizard.net.headers import broken_header
from cgwizard.net.proxies import Proxy, choose, direct_by, port_of

if TYPE_CHECKING:
    import httpx


class Kind(StrEnum):
    """How a request failed that got no answer, or not all of it."""

    # No connection
    NAME_UNKNOWN = "name-unknown"
    NAME_SERVER_SILENT = "name-server-silent"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect-timeout"
    NO_ROUTE = "no-route"
    UNREACHABLE = "unreachable"  # for another reason that the system gives
    # No TLS
    TLS_UNTRUSTED = "tls-untrusted"
    TLS_NAME = "tls-name"
    TLS_EXPIRED = "tls-expired"
    TLS_NOT_YET_VALID = "tls-not-yet-valid"
    TLS_PROTOCOL = "tls-protocol"
    TLS_CUT = "tls-cut"  # the connection ended inside the handshake
    SPEAKS_PLAIN_HTTP = "speaks-plain-http"  # and was asked in TLS
    SPEAKS_TLS = "speaks-tls"  # and was asked in plain HTTP
    # A proxy
    PROXY_UNREACHABLE = "proxy-unreachable"
    PROXY_UNREADABLE = "proxy-unreadable"  # it does not speak as a proxy does
    PROXY_NO_TLS = "proxy-no-tls"  # its address says https://, and it speaks no TLS
    PROXY_REFUSED = "proxy-refused"
    PROXY_SIGN_IN = "proxy-sign-in"
    # No answer, or a broken one
    READ_TIMEOUT = "read-timeout"
    CUT = "cut"
    NOT_HTTP = "not-http"
    BAD_HEADERS = "bad-headers"
    HEADERS_TOO_LONG = "headers-too-long"
    BAD_BODY = "bad-body"
    BAD_REDIRECT = "bad-redirect"  # a Location that is no address

    @property
    def no_connection(self) -> bool:
        return self in _NO_CONNECTION

    @property
    def certificate_refused(self) -> bool:
        return self in {Kind.TLS_UNTRUSTED, Kind.TLS_NAME, Kind.TLS_EXPIRED, Kind.TLS_NOT_YET_VALID}


_NO_CONNECTION = {
    Kind.NAME_UNKNOWN,
    Kind.NAME_SERVER_SILENT,
    Kind.REFUSED,
    Kind.CONNECT_TIMEOUT,
    Kind.NO_ROUTE,
    Kind.UNREACHABLE,
}
_ANSWER_OF_A_PROXY = {
    Kind.PROXY_REFUSED,
    Kind.PROXY_SIGN_IN,
    Kind.PROXY_UNREADABLE,
    Kind.PROXY_NO_TLS,
}
_NO_TLS = {kind for kind in Kind if kind.startswith("tls-")} | {Kind.SPEAKS_PLAIN_HTTP}
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
# OpenSSL's reasons when the answer to TLS is plain HTTP; they changed with OpenSSL 3.2.
_PLAIN_ANSWER = {
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
}
# X509_V_ERR_* of OpenSSL: a certificate's dates; its names (host, email, IP address).
_VERIFY_CODES = {
    9: Kind.TLS_NOT_YET_VALID,
    10: Kind.TLS_EXPIRED,
    62: Kind.TLS_NAME,
    63: Kind.TLS_NAME,
    64: Kind.TLS_NAME,
}


class Failure(msgspec.Struct, frozen=True):
    """``cause`` is the exception of the chain that tells most; ``words`` what it, or the first
    of the chain that says anything, says, which others may have written. ``proxy`` is the one
    that the request went through. ``direct``: why it went through none although the environment
    names one, as a part of a sentence. ``sent``: the request went out."""

    kind: Kind
    cause: BaseException
    words: str
    proxy: Proxy | None = None
    direct: str = ""
    sent: bool = False

    def facts(self, *, signed_in: bool = False) -> Facts:
        """``signed_in``: the request carried a sign-in."""
        answered_by = AnsweredBy.NOBODY
        if self.kind in _ANSWER_OF_A_PROXY:
            answered_by = AnsweredBy.PROXY
        elif self.kind is Kind.NOT_HTTP:
            answered_by = AnsweredBy.OTHER
        return Facts(answered_by, sign_in_sent=signed_in and self.sent)


def read_failure(
    error: BaseException, url: httpx.URL | None = None, exchange: Exchange | None = None
) -> Failure:
    """What ``error`` means, an exception of httpx or of the system. ``url`` is what was asked
    for (None for a Unix socket, which no proxy is used for), ``exchange`` the request's own."""
    exchange = exchange or Exchange()
    chain = list(_chain(error))
    kind, cause = _kind(error, chain, exchange)
    proxy = choose(url) if url else None
    if url is not None and proxy and not exchange.tunnel_open:
        if kind.no_connection and exchange.peer != (url.host, port_of(url)):
            kind = Kind.PROXY_UNREACHABLE
        elif proxy.scheme == "https" and kind in {Kind.SPEAKS_PLAIN_HTTP, Kind.TLS_CUT}:
            kind = Kind.PROXY_NO_TLS
        elif kind in _NO_TLS or (kind is Kind.NOT_HTTP and not exchange.sent):
            kind = Kind.PROXY_UNREADABLE
    said = (without_marks(str(each)).strip() for each in chain)
    words = next(filter(None, said), kind.replace("-", " "))
    direct = direct_by(url) if url and not proxy and kind.no_connection else ""
    broken = broken_header(exchange.beginning) if kind is Kind.BAD_HEADERS else ""
    if broken:
        words = f"an answer with a broken header line: {broken}"
    return Failure(kind, cause, words, proxy, direct, exchange.sent)


# Filters and proxies that name themselves in `Server` where the answer is theirs.
_FILTERS = re.compile(
    r"squid|zscaler|blue ?coat|proxysg|mcafee|forti|forcepoint|websense|ironport|netskope|sophos"
    r"|barracuda|smoothwall|privoxy|tinyproxy|wingate|menlo|umbrella",
    re.IGNORECASE,
)


def between(status: int, *, html: bool, server: str = "") -> AnsweredBy | None:
    """Who between here and a server sends an answer with this status and name; None where the
    server itself may have sent it."""
    if _FILTERS.search(server):
        return AnsweredBy.PROXY if status in {407, 502, 503, 504} else AnsweredBy.OTHER
    if status in {407, 502, 504} or (status == 503 and html):
        return AnsweredBy.PROXY
    return AnsweredBy.OTHER if html else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _kind(
    error: BaseException, chain: list[BaseException], exchange: Exchange
) -> tuple[Kind, BaseException]:
    import httpx

    kind, cause = Kind.CUT, error
    match error:
        case httpx.ProxyError():
            wants_sign_in = exchange.tunnel_status == 407
            kind = Kind.PROXY_SIGN_IN if wants_sign_in else Kind.PROXY_REFUSED
        case httpx.ReadTimeout() | httpx.WriteTimeout() | httpx.PoolTimeout():
            kind = _other_protocol(exchange) or Kind.READ_TIMEOUT
        case httpx.DecodingError():
            kind = Kind.BAD_BODY
        case httpx.InvalidURL():
            kind = Kind.BAD_REDIRECT
        case httpx.RemoteProtocolError():
            kind = _broken_answer(chain, exchange)
        case httpx.ReadError() | httpx.WriteError() | httpx.CloseError():
            kind, cause = _broken_connection(chain)
        case httpx.ConnectError() | httpx.ConnectTimeout() | OSError():
            kind, cause = _no_connection(chain)
    return kind, cause


def _no_connection(chain: list[BaseException]) -> tuple[Kind, BaseException]:
    for cause in chain:
        if kind := _missing(cause):
            return kind, cause
    return Kind.UNREACHABLE, chain[0]


def _missing(cause: BaseException) -> Kind | None:
    """What was missing for a connection, by one exception of a chain."""
    import httpx

    kind = None
    match cause:
        case ssl.SSLCertVerificationError():
            kind = _VERIFY_CODES.get(cause.verify_code, Kind.TLS_UNTRUSTED)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            kind = Kind.TLS_CUT
        case ssl.SSLError():
            plain = cause.reason in _PLAIN_ANSWER
            kind = Kind.SPEAKS_PLAIN_HTTP if plain else Kind.TLS_PROTOCOL
        case socket.gaierror():
            later = cause.errno == socket.EAI_AGAIN
            kind = Kind.NAME_SERVER_SILENT if later else Kind.NAME_UNKNOWN
        case ConnectionRefusedError():
            kind = Kind.REFUSED
        case TimeoutError() | httpx.ConnectTimeout():
            kind = Kind.CONNECT_TIMEOUT
        case OSError(errno=number) if number in _NO_ROUTE:
            kind = Kind.NO_ROUTE
    return kind


def _broken_connection(chain: list[BaseException]) -> tuple[Kind, BaseException]:
    for cause in chain:
        ended = isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        if isinstance(cause, ssl.SSLError) and not ended:
            return Kind.TLS_PROTOCOL, cause  # such as an alert: a client certificate is wanted
    return Kind.CUT, chain[-1]


def _broken_answer(chain: list[BaseException], exchange: Exchange) -> Kind:
    import h11
    import httpx

    if any(isinstance(each, httpx.InvalidURL) for each in chain):
        return Kind.BAD_REDIRECT  # httpx reads a Location even where it does not follow it
    if other := _other_protocol(exchange):
        return other
    protocol = next((each for each in chain if isinstance(each, h11.ProtocolError)), None)
    if exchange.ended_by_peer or protocol is None:
        # What was cut may have been broken before: a whole line tells.
        whole, _, _ = exchange.beginning.rpartition(b"\n")
        broken = not exchange.begun and broken_header(whole)
        return Kind.BAD_HEADERS if broken else Kind.CUT
    if exchange.begun:
        return Kind.BAD_BODY
    return Kind.HEADERS_TOO_LONG if protocol.error_status_hint == 431 else Kind.BAD_HEADERS


def _other_protocol(exchange: Exchange) -> Kind | None:
    """What speaks at the other end, by the first bytes of its answer; None where that is HTTP,
    or nothing came."""
    start = exchange.beginning
    if exchange.begun or start.startswith(b"HTTP/") or b"HTTP/".startswith(start):
        return None
    # A TLS record begins with its type (alert or handshake) and its version.
    is_tls = start[:1] in {b"\x15", b"\x16"} and start[1:2] == b"\x03"
    return Kind.SPEAKS_TLS if is_tls else Kind.NOT_HTTP
