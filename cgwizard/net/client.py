"""The one place that makes HTTP clients: how long to wait, whom to trust, which proxy."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from cgwizard import __version__
from cgwizard.errors import Code, WizardError
from cgwizard.net.connection import CONNECT_SECONDS, READ_SECONDS
from cgwizard.net.trust import Trust, ssl_context
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"cgwizard/{__version__}"


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
    ``proxies``: use those that the environment names, as `net.proxies` reads it. Usable from
    several threads at once. Raises WizardError, and OSError where a pinned certificate cannot
    be fetched; a request raises WizardError where its proxy cannot be used.
    """
    import httpx

    from cgwizard.logs import debug_log

    try:
        url = decode.url(base_url)
    except decode.Unreadable as error:
        raise WizardError(
            Code.URL_INVALID,
            tried=f"reading {shortened(base_url)} as the address of a server",
            came_back=str(error),
        ) from error
    verify: ssl.SSLContext | bool = False
    if url.scheme == "https":
        verify = ssl_context(trust or Trust(), host=url.host, port=url.port or 443)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    transport: httpx.BaseTransport
    if proxies:
        from cgwizard.net.routing import RoutingTransport

        ca_file = trust.ca_file if trust else None
        transport = RoutingTransport(verify, limits, lambda: ssl_context(Trust(ca_file)))
    else:
        transport = httpx.HTTPTransport(verify=verify, trust_env=False, limits=limits)
    client = httpx.Client(
        base_url=url,
        timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        # A proxy may compress all the same: `net.budget` undoes that within bounds.
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    )
    client.event_hooks["response"] = [_with_readable_location]
    debug_log.hook(client)
    return client


def _with_readable_location(response: httpx.Response) -> None:
    """httpx reads the address of a redirect even where it does not follow it."""
    import httpx

    try:
        decode.url(response.headers.get("location", ""), response.request.url)
    except decode.Unreadable as error:
        why = f"a redirect to what is no address: {error}"
        raise httpx.RemoteProtocolError(why) from httpx.InvalidURL(str(error))
