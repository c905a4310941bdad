"""The one place that makes HTTP clients: how long to wait, whom to trust, which proxy."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from cgwizard import __version__
from cgwizard.net import proxies as environment
from cgwizard.net.connection import CONNECT_SECONDS, READ_SECONDS
from cgwizard.net.trust import Trust, ssl_context

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
    ``proxies``: use those that the environment names (HTTPS_PROXY, NO_PROXY, ...), which httpx
    reads. Usable from several threads at once. Raises WizardError, and OSError where a pinned
    certificate cannot be fetched.
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
        raise environment.unreadable() from None  # the error may hold a password
    debug_log.hook(client)
    return client
