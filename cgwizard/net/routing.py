"""Sending each request directly or through the proxy that the environment names for its URL."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable

import httpx

from cgwizard.net.proxies import Proxy, choose


class RoutingTransport(httpx.BaseTransport):
    """What is not used is not read: a proxy that cannot be used is refused by the request that
    would go through it. Usable from several threads."""

    def __init__(
        self,
        verify: ssl.SSLContext | bool,
        limits: httpx.Limits,
        proxy_trust: Callable[[], ssl.SSLContext],
    ) -> None:
        """``proxy_trust`` gives the TLS settings for a proxy that is asked in TLS itself."""
        self._verify = verify
        self._limits = limits
        self._proxy_trust = proxy_trust
        self._transports: dict[Proxy | None, httpx.HTTPTransport] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises WizardError for a proxy that cannot be used."""
        return self._transport(choose(request.url)).handle_request(request)

    def close(self) -> None:
        with self._lock:
            for transport in self._transports.values():
                transport.close()

    def _transport(self, proxy: Proxy | None) -> httpx.HTTPTransport:
        with self._lock:
            if proxy not in self._transports:
                self._transports[proxy] = httpx.HTTPTransport(
                    verify=self._verify,
                    trust_env=False,
                    limits=self._limits,
                    proxy=self._proxy(proxy),
                )
            return self._transports[proxy]

    def _proxy(self, proxy: Proxy | None) -> httpx.Proxy | None:
        if proxy is None:
            return None
        url = proxy.usable
        context = self._proxy_trust() if url.scheme == "https" else None
        return httpx.Proxy(url, ssl_context=context)
