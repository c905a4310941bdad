"""The certificate that a server presents, in the words in which a user confirms it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.net.failures import Failure, Kind
from cgwizard.net.trust import fetch_certificate, fingerprint
from cgwizard.text import decode
from cgwizard.text.sanitize import one_line


class Certificate(msgspec.Struct, frozen=True):
    """What is shown before a certificate is pinned. ``fingerprint``: SHA-256, 64 hex digits."""

    fingerprint: str
    subject: str
    issuer: str
    not_before: datetime | None
    not_after: datetime | None
    names: tuple[str, ...] = ()  # DNS names and addresses that it is valid for

    @property
    def self_signed(self) -> bool:
        return bool(self.subject) and self.subject == self.issuer


class UntrustedCertificate(WizardError):
    """TLS works, but the certificate is not believed: the user may confirm and pin it.

    Codes: nexus-tls-untrusted, nexus-tls-name, nexus-tls-expired.
    """

    def __init__(
        self,
        code: Code,
        *,
        host: str,
        port: int,
        certificate: Certificate,
        tried: str,
        came_back: str,
        cause: str,
        next_step: str,
    ) -> None:
        super().__init__(code, tried=tried, came_back=came_back, cause=cause, next_step=next_step)
        self.host = host
        self.port = port
        self.certificate = certificate

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint

    @property
    def subject(self) -> str:
        return self.certificate.subject or "unknown"

    @property
    def issuer(self) -> str:
        return self.certificate.issuer or "unknown"


def read_certificate(der: bytes) -> Certificate:
    """What can be read of ``der``; a certificate that cannot be parsed keeps its fingerprint."""
    from cryptography import x509

    try:
        return decode.parsed(_read, der)
    except (decode.Unreadable, x509.DuplicateExtension):
        return Certificate(fingerprint(der), "", "", None, None)


def _read(der: bytes) -> Certificate:
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(der)
    subject, issuer = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
    begins, ends = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    names: tuple[str, ...] = ()
    for extension in parsed.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            san = extension.value
            names = (
                *san.get_values_for_type(x509.DNSName),
                *(str(ip) for ip in san.get_values_for_type(x509.IPAddress)),
            )
    return Certificate(
        fingerprint(der),
        one_line(subject),
        one_line(issuer),
        begins,
        ends,
        tuple(one_line(name) for name in names),
    )


def untrusted(host: str, port: int, failure: Failure) -> WizardError:
    """The error for a certificate that was refused (`Kind.certificate_refused`).

    It is an UntrustedCertificate when the certificate could be fetched to show it.
    """
    try:
        certificate = read_certificate(fetch_certificate(host, port))
    except OSError:
        certificate = None
    now = datetime.now(UTC)
    code, came_back, cause, next_step = _explained(host, failure, certificate, now)
    tried = f"a TLS connection to {host}:{port}"
    if certificate is None:
        return WizardError(code, tried=tried, came_back=came_back, cause=cause, next_step=next_step)
    return UntrustedCertificate(
        code,
        host=host,
        port=port,
        certificate=certificate,
        tried=tried,
        came_back=came_back,
        cause=cause,
        next_step=next_step,
    )


def _explained(
    host: str, failure: Failure, certificate: Certificate | None, now: datetime
) -> tuple[Code, str, str, str]:
    """Code, came back, cause, next step."""
    if failure.kind is Kind.TLS_NAME:
        names = ", ".join(certificate.names[:5]) if certificate and certificate.names else ""
        return (
            Code.NEXUS_TLS_NAME,
            f"a certificate for {names or 'another name'}, not for {host}",
            "the server is known under another name, or another server answers",
            f"use {certificate.names[0]}" if names and certificate else "use the server's own name",
        )
    if failure.kind in {Kind.TLS_EXPIRED, Kind.TLS_NOT_YET_VALID}:
        dates = "dates unknown"
        if certificate and certificate.not_before and certificate.not_after:
            dates = f"valid {certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
        return (
            Code.NEXUS_TLS_EXPIRED,
            f"a certificate that is not valid now ({dates})",
            f"it was not renewed, or the clock here is wrong: it says {now:%Y-%m-%d %H:%M} UTC",
            "check the clock, then have the certificate renewed",
        )
    issuer = f"a certificate issued by {certificate.issuer}" if certificate else "a certificate"
    if certificate and certificate.self_signed:
        issuer = f"a self-signed certificate of {certificate.subject}"
    return (
        Code.NEXUS_TLS_UNTRUSTED,
        f"{issuer} ({one_line(getattr(failure.cause, 'verify_message', '') or 'not verified')})",
        "the server uses an authority of your own that this machine does not know, "
        "or something on the way replaces its certificate",
        "name the authority's CA file, or compare the fingerprint and confirm it",
    )
