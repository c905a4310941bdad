"""One place that makes HTTP clients: whom to trust, how long to wait, which proxy.

Trust is the system's store (truststore), a CA file of the user's, or one certificate
pinned by its SHA-256 fingerprint after the user confirmed it. Proxies come from the
environment (HTTPS_PROXY, NO_PROXY, ...), as everywhere; httpx reads them.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cgwizard import __version__
from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"cgwizard/{__version__}"
CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0


class Trust(msgspec.Struct, frozen=True):
    """Which certificates are believed: the system's store, and what the user added."""

    ca_file: Path | None = None
    fingerprint: str | None = None  # SHA-256 of the server's certificate: 64 hex digits


def fetch_certificate(host: str, port: int, *, timeout: float = CONNECT_SECONDS) -> bytes:
    """The certificate (DER) that ``host:port`` presents, unverified: to show or compare it.

    Raises OSError (ssl.SSLError included) when there is none to be had.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=timeout) as raw,
        context.wrap_socket(raw, server_hostname=host) as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    if not der:
        raise ssl.SSLError("the server presented no certificate")
    return der


def fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def ssl_context(trust: Trust, *, host: str = "", port: int = 443) -> ssl.SSLContext:
    """The TLS settings for ``trust``.

    A pinned certificate is fetched, compared and then is the only anchor, so that what is
    spoken to is what the user confirmed; its names and dates do not matter any more.
    Raises WizardError when the pin does not match or the CA file cannot be read.
    """
    import truststore

    if trust.fingerprint:
        der = fetch_certificate(host, port)
        seen = fingerprint(der)
        if seen != trust.fingerprint:
            raise WizardError(
                Code.NEXUS_CERTIFICATE_CHANGED,
                tried=f"TLS to {host}:{port} with the pinned certificate",
                came_back=f"another certificate, SHA-256 {seen}",
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(der))
        return context
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trust.ca_file is not None:
        try:
            context.load_verify_locations(cafile=trust.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise WizardError(
                Code.CA_FILE_UNREADABLE,
                tried=f"reading the CA file {trust.ca_file}",
                came_back=str(error),
            ) from error
    return context


def http_client(
    base_url: str,
    trust: Trust | None = None,
    *,
    read_seconds: float = READ_SECONDS,
    connections: int = 10,
    proxies: bool = True,
) -> httpx.Client:
    """A client for one server: no redirects, no cookies kept, bounded in time and connections.

    Redirects are followed by hand where they are wanted, because credentials must not follow.
    Usable from several threads at once.
    """
    import httpx

    from cgwizard.logs import debug_log

    url = httpx.URL(base_url)
    verify: ssl.SSLContext | bool = False
    if url.scheme == "https":
        verify = ssl_context(trust or Trust(), host=url.host, port=url.port or 443)
    try:
        client = httpx.Client(
            base_url=url,
            verify=verify,
            timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=False,
            trust_env=proxies,
            headers={"User-Agent": USER_AGENT},
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        # Not quoted: there may be a password in it.
        raise WizardError(
            Code.CLIENT_PROXY_IN_THE_WAY,
            tried="reading the proxies that the environment names",
            came_back="one that is no http:// or https:// address",
            cause="HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names a SOCKS proxy, which cannot be used "
            "here, or one of them or NO_PROXY cannot be read",
            next_step="correct that variable, or start without it",
        ) from None
    debug_log.hook(client)
    return client
