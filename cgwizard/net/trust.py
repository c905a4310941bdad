"""Which certificates are believed: the system's store, a CA file, or one pinned certificate."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import ssl
from pathlib import Path

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.net.connection import CONNECT_SECONDS
from cgwizard.text.decode import Unreadable, parsed
from cgwizard.text.sanitize import shortened

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
MAX_CA_BYTES = 16 << 20


class Trust(msgspec.Struct, frozen=True):
    """The system's store is always believed; these are what the user added. Without a
    ``ca_file``, the one that the environment names is believed too."""

    ca_file: Path | None = None
    fingerprint: str | None = None  # SHA-256 of the server's certificate: 64 hex digits


def fetch_certificate(host: str, port: int, *, timeout: float = CONNECT_SECONDS) -> bytes:
    """The certificate (DER) that ``host:port`` presents, unverified: to show or compare it.

    Raises OSError (ssl.SSLError included) when it cannot be read.
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

    A pinned certificate is fetched and compared. It is then the only anchor, so that the
    server is the one that the user confirmed; its names and dates do not matter any more.
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
            _believe(context, trust.ca_file)
        except (OSError, Unreadable) as error:
            raise WizardError(
                Code.CA_FILE_UNREADABLE,
                tried=f"reading the CA file {trust.ca_file}",
                came_back=str(error),
            ) from error
    elif named := _named_by_environment():
        with contextlib.suppress(OSError, Unreadable):  # `believed` reports it, if it matters
            _believe_named(context, named[1])
    return context


def believed(trust_file: Path | None = None) -> str:
    """For a certificate that is not believed: which authorities were, beside the system's, as
    a part of a sentence; "" for none."""
    if trust_file is not None:
        return f"the CA file {trust_file} does not hold its authority"
    if (named := _named_by_environment()) is None:
        return ""
    variable, path = named
    try:
        _believe_named(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)
    except (OSError, Unreadable) as error:
        said = shortened(getattr(error, "strerror", None) or str(error), 60)
        return f"{variable} names {path}, which cannot be read ({said})"
    return f"{variable} names {path}, which does not hold its authority"


def _named_by_environment() -> tuple[str, Path] | None:
    """The first variable that names certificates, and what it names. OpenSSL itself reads
    `SSL_CERT_FILE` in place of the system's store; reading it again does no harm."""
    for variable in CA_VARIABLES:
        if value := os.environ.get(variable, ""):
            return variable, Path(value)
    return None


def _believe_named(context: ssl.SSLContext, path: Path) -> None:
    """As `_believe`; a variable may name a folder of OpenSSL's too."""
    if parsed(path.is_dir):
        parsed(context.load_verify_locations, capath=path)
    else:
        _believe(context, path)


def _believe(context: ssl.SSLContext, path: Path) -> None:
    """Add the certificates of a file, PEM or DER.

    Raises OSError (ssl.SSLError included), and Unreadable for a name that no file has.
    """
    try:
        parsed(context.load_verify_locations, cafile=path)
    except ssl.SSLError:
        with path.open("rb") as file:
            raw = file.read(MAX_CA_BYTES)
        if b"-----BEGIN" in raw or not raw:
            raise
        parsed(context.load_verify_locations, cadata=raw)
