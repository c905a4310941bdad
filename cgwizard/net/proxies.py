"""Which proxy the environment names for a request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cgwizard.errors import Code, WizardError
from cgwizard.text.sanitize import one_line

if TYPE_CHECKING:
    import httpx

VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def port_of(url: httpx.URL) -> int:
    return url.port or (80 if url.scheme == "http" else 443)


def proxy_for(url: httpx.URL) -> str:
    """The proxy that a request to ``url`` uses, without its password; "" for none."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{url.host}:{port_of(url)}") or proxy_bypass(url.host):
        return ""
    head, at, tail = proxy.rpartition("@")
    shown = f"{head.partition('://')[0]}://{tail}" if at and "://" in head else tail
    return one_line(shown)


def named_variables() -> str:
    """The variables that name a proxy, for a sentence."""
    found = [name for name in VARIABLES if os.environ.get(name) or os.environ.get(name.lower())]
    return "/".join(found) or "the proxy setting"


def unreadable() -> WizardError:
    """A variable holds what is not the address of a proxy."""
    return WizardError(
        Code.CLIENT_PROXY_IN_THE_WAY,
        tried="reading the proxies that the environment names",
        # Not quoted: there may be a password in it.
        came_back="one that is no http:// or https:// address",
        cause="HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names a SOCKS proxy, which cannot be used "
        "here, or one of them or NO_PROXY cannot be read",
        next_step="correct that variable, or start without it",
    )
