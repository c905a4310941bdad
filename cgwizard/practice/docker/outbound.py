"""How the practice Nexus gets out: its HTTP settings (``/v1/http``) and a repository's own."""

from __future__ import annotations

import ssl
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import httpx
import msgspec

from cgwizard.practice.docker.settings import DockerSettings

if TYPE_CHECKING:
    from cgwizard.practice.nexus.state import NexusState


class AuthInfo(msgspec.Struct, rename="camel"):
    enabled: bool = False
    username: str | None = None
    password: str | None = None


class ProxyServer(msgspec.Struct, rename="camel"):
    enabled: bool = False
    host: str | None = None
    port: str | int | None = None  # text, in Nexus
    auth_info: AuthInfo | None = None


class HttpSettings(msgspec.Struct, rename="camel"):
    timeout: int | None = None  # seconds
    retries: int | None = None
    user_agent: str | None = None
    non_proxy_hosts: list[str] | None = None
    http_proxy: ProxyServer | None = None
    https_proxy: ProxyServer | None = None


def http_settings(state: NexusState) -> HttpSettings:
    return msgspec.convert(state.http or {}, HttpSettings, strict=False)


def retries(settings: DockerSettings, state: NexusState) -> int:
    """How often a request is sent again after a broken connection."""
    connection = settings.http_client.connection
    if connection is not None and connection.retries is not None:
        return connection.retries
    general = http_settings(state).retries
    return 2 if general is None else general


def open_client(settings: DockerSettings, state: NexusState) -> httpx.AsyncClient:
    """A client for one repository's remote. It looks at no environment: Nexus does not."""
    general = http_settings(state)
    connection = settings.http_client.connection
    timeout = (connection and connection.timeout) or general.timeout or 20
    agent = general.user_agent or f"Nexus/{state.version_text} ({state.edition}; practice)"
    if connection and connection.user_agent_suffix:
        agent = f"{agent} {connection.user_agent_suffix}"
    remote = httpx.URL(settings.proxy.remote_url)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(float(timeout)),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        verify=_trust(settings, state) if remote.scheme == "https" else False,
        proxy=_proxy(general, remote),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": agent, "Accept-Encoding": "identity"},
    )


def _proxy(general: HttpSettings, remote: httpx.URL) -> httpx.Proxy | None:
    if any(fnmatchcase(remote.host, pattern) for pattern in general.non_proxy_hosts or ()):
        return None
    chosen = general.http_proxy
    if remote.scheme == "https" and general.https_proxy and general.https_proxy.enabled:
        chosen = general.https_proxy
    if chosen is None or not chosen.enabled or not chosen.host:
        return None
    sign_in = chosen.auth_info
    auth = None
    if sign_in is not None and sign_in.enabled and sign_in.username:
        auth = (sign_in.username, sign_in.password or "")
    return httpx.Proxy(f"http://{chosen.host}:{chosen.port or 8080}", auth=auth)


def _trust(settings: DockerSettings, state: NexusState) -> ssl.SSLContext:
    """The system's certificates, and Nexus's truststore where the repository uses it."""
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connection = settings.http_client.connection
    if connection and connection.use_trust_store:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        for pem in state.certificates.values():
            context.load_verify_locations(cadata=pem.decode())
    return context
