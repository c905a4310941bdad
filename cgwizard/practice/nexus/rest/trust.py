"""Certificates: what a remote presents, and the trust store."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import Response

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.routing import Call, Json, Routes, done, reply

if TYPE_CHECKING:
    from cryptography import x509

CONNECT_SECONDS = 5.0

routes = Routes("Security: certificates")


@routes.add("GET", "/v1/security/ssl", access="nexus:ssl-truststore:read")
async def remote_certificate(call: Call) -> Response:
    """The leaf that ``host:port`` presents, as seen from the server."""
    host = call.query.get("host", "")
    if not host:
        raise errors.parameter("host", "must not be empty")
    try:
        port = int(call.query.get("port") or 443)
    except ValueError:
        raise errors.not_found() from None  # JAX-RS: a query parameter that does not convert
    if _leads_elsewhere(call, host, port):
        return reply(_shown(practice_certificate(host)))
    try:
        pem = await asyncio.to_thread(
            ssl.get_server_certificate, (host, port), timeout=CONNECT_SECONDS
        )
    except OSError as error:
        raise errors.refused(_what_failed(host, port, error)) from None
    return reply(_shown(pem.encode()))


def _leads_elsewhere(call: Call, host: str, port: int) -> bool:
    """Whether ``host`` is a remote that practice answers in place of the real one."""
    suffix = "" if port == 443 else f":{port}"
    return f"https://{host}{suffix}" in {url.rstrip("/") for url in call.state.upstreams}


def _what_failed(host: str, port: int, error: OSError) -> str:
    import socket

    if isinstance(error, socket.gaierror):
        return f"Unknown host {host}"
    if isinstance(error, TimeoutError):
        return f"Connect to {host}:{port} failed: connect timed out"
    if isinstance(error, ConnectionRefusedError):
        return f"Connect to {host}:{port} failed: Connection refused"
    if isinstance(error, ssl.SSLError):
        return "Unsupported or unrecognized SSL message"
    return f"Connect to {host}:{port} failed: {error.strerror or type(error).__name__}"


@routes.add("GET", "/v1/security/ssl/truststore", access="nexus:ssl-truststore:read")
def list_certificates(call: Call) -> Response:
    return reply([_shown(pem) for pem in call.state.certificates.values()])


@routes.add("POST", "/v1/security/ssl/truststore", access="nexus:ssl-truststore:create", status=201)
def add_certificate(call: Call) -> Response:
    shown = _shown(call.body)
    if shown["id"] in call.state.certificates:
        raise errors.refused(f"A certificate already exists with the id: '{shown['id']}'.", 409)
    call.state.certificates[shown["id"]] = call.body
    return reply(shown, 201)


@routes.add(
    "DELETE",
    "/v1/security/ssl/truststore/{id}",
    access="nexus:ssl-truststore:delete",
    status=204,
)
def remove_certificate(call: Call) -> Response:
    if call.state.certificates.pop(call.params["id"], None) is None:
        raise errors.refused(f"Certificate with id '{call.params['id']}' not found.", 404)
    return done()


def _shown(pem: bytes) -> Json:
    """A certificate as the API describes it. Raises the 400 for what is none."""
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise errors.refused("Could not parse certificate") from None
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    digest = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - as Nexus does
    fingerprint = ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
    return {
        "id": fingerprint,
        "fingerprint": fingerprint,
        "serialNumber": str(certificate.serial_number),
        "issuedOn": int(certificate.not_valid_before_utc.timestamp() * 1000),
        "expiresOn": int(certificate.not_valid_after_utc.timestamp() * 1000),
        **_names("subject", certificate.subject),
        **_names("issuer", certificate.issuer),
        "pem": certificate.public_bytes(Encoding.PEM).decode(),
    }


def _names(who: str, name: x509.Name) -> dict[str, str | None]:
    from cryptography.x509.oid import NameOID

    def first(oid: x509.ObjectIdentifier) -> str | None:
        found = name.get_attributes_for_oid(oid)
        return str(found[0].value) if found else None

    return {
        f"{who}CommonName": first(NameOID.COMMON_NAME),
        f"{who}Organization": first(NameOID.ORGANIZATION_NAME),
        f"{who}OrganizationalUnit": first(NameOID.ORGANIZATIONAL_UNIT_NAME),
    }


@cache
def practice_certificate(host: str) -> bytes:
    """What ``host`` would present (PEM): practice speaks plain HTTP to it, so it has none.

    The issuer is named as a public one would be, since a private name is what tells people
    that their TLS is being intercepted.
    """
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, issuer_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Google Trust Services"),
            x509.NameAttribute(NameOID.COMMON_NAME, "WR3"),
        ]
    )
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=20))
        .not_valid_after(now + datetime.timedelta(days=70))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
