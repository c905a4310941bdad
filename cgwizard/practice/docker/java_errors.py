"""Why a remote is unavailable, in the words in which Nexus's repository status says it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus

import httpx


def java_reason(error: BaseException, where: str) -> str:
    """A failure of reaching ``host[:port]`` in the words in which Nexus's status shows it."""
    host = where.partition(":")[0]
    causes = list(_causes(error))
    text = " ".join(str(cause) for cause in causes).lower()
    apache = "org.apache.http"
    known = (
        (
            any(isinstance(cause, socket.gaierror) for cause in causes),
            f"java.net.UnknownHostException: {host}: Name or service not known",
        ),
        (
            any(isinstance(cause, ssl.SSLError) for cause in causes) or "certificate" in text,
            "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
            "unable to find valid certification path to requested target",
        ),
        (
            isinstance(error, httpx.ConnectTimeout),
            f"{apache}.conn.ConnectTimeoutException: Connect to {where} failed: Connect timed out",
        ),
        (
            isinstance(error, httpx.TimeoutException),
            "java.net.SocketTimeoutException: Read timed out",
        ),
        (
            isinstance(error, httpx.ConnectError),
            f"{apache}.conn.HttpHostConnectException: Connect to {where} failed: "
            "Connection refused",
        ),
        (
            isinstance(error, httpx.RemoteProtocolError),
            f"{apache}.NoHttpResponseException: {where} failed to respond",
        ),
    )
    found = next((reason for applies, reason in known if applies), None)
    return found or f"java.net.SocketException: {error or 'Connection reset'}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Unrecognized HTTP error, code {status}"
