"""Requests to one registry and to where it sends us: redirects by hand, time-outs, cut-off.

Credentials go to the registry's own origin only; after a redirect elsewhere they are gone for
the rest of that request.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgwizard.errors import Code
from cgwizard.logs import redact
from cgwizard.net.client import CONNECT_SECONDS, Trust, http_client
from cgwizard.registry.connection import Deadline, cut
from cgwizard.registry.errors import Answer, RegistryError, refused
from cgwizard.registry.retry import RetryPolicy
from cgwizard.registry.unreachable import unreachable
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

REDIRECT_LIMIT = 5
ERROR_LIMIT = 64 << 10  # bytes of a refusal that are read
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Transport:
    """Connections to one registry. Usable from several threads at once."""

    def __init__(self, url: str, trust: Trust, name: str | None, patience: RetryPolicy) -> None:
        import httpx

        self.base = httpx.URL(url.rstrip("/") + "/")
        self.who = name or self.base.netloc.decode("ascii")
        self.patience = patience
        self.nexus = False  # seen from its answers
        self.answered = False
        self._trust = trust
        self._client = http_client(str(self.base), trust)
        self._others: dict[str, httpx.Client] = {}
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def url(self, path: str) -> httpx.URL:
        """The URL of ``path`` under the registry's root (``v2/...``)."""
        return self.base.join(path)

    def close(self) -> None:
        for client in (self._client, *self._others.values()):
            client.close()

    def abort(self) -> None:
        """Cut every open connection, so that threads that wait for bytes go on at once."""
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            cut(sock)

    @contextlib.contextmanager
    def request(
        self,
        method: str,
        url: httpx.URL,
        headers: dict[str, str],
        *,
        authorization: str | None = None,
        answer_seconds: float | None = None,
        addressed: bool = False,
    ) -> Iterator[httpx.Response]:
        """The answer after redirects, its body not read yet.

        ``addressed``: the digest of what is asked for is known, so that a redirect to plain
        HTTP does no harm. Raises RegistryError where no answer came or the redirects lead
        nowhere; an exception of httpx inside the ``with`` block becomes one too.
        """
        import httpx

        tried = f"{method} {shown(url)}"
        response: httpx.Response | None = None
        try:
            for _ in range(REDIRECT_LIMIT + 1):
                response = self._send(method, url, headers, authorization, answer_seconds)
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    yield response
                    return
                target = self._target(response, tried, addressed)
                if origin(target) != origin(self.base):
                    authorization = None
                self._drain(response)
                url = target
            raise RegistryError(
                Code.REDIRECT_LOOP,
                tried=tried,
                came_back=f"more than {REDIRECT_LIMIT} redirects, the last to {shown(url)}",
                cause=f"{self.who} or a proxy before it sends us round in a circle",
            )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            # httpx reads a Location by itself, whether it is to be followed or not.
            if not isinstance(error, httpx.HTTPError) or "location header" in str(error):
                raise self._bad_redirect(tried, "an address that cannot be read") from error
            where = self.who if origin(url) == origin(self.base) else url.host
            known = self.answered and origin(url) == origin(self.base)
            raise unreachable(
                error, url=url, tried=f"{method} {shown(url)}", who=where, known=known
            ) from error
        finally:
            if response is not None:
                response.close()

    def is_ours(self, response: httpx.Response) -> bool:
        """Whether the registry itself answered, not one to whom it redirected."""
        return origin(response.request.url) == origin(self.base)

    def explain(self, response: httpx.Response, *, signed_in: bool) -> RegistryError:
        """What a refusal means; reads the beginning of its body."""
        return refused(self.answer(response, signed_in=signed_in))

    def answer(self, response: httpx.Response, *, signed_in: bool) -> Answer:
        body = read_up_to(response, ERROR_LIMIT)
        return Answer(
            tried=f"{response.request.method} {shown(response.request.url)}",
            who=self.who if self.is_ours(response) else response.request.url.host,
            status=response.status_code,
            reason=shortened(response.reason_phrase),
            server=shortened(response.headers.get("server", "")),
            content_type=response.headers.get("content-type", "").lower(),
            text=redact.said(body.decode("utf-8", "replace")),
            retry_after=retry_after(response),
            registry="docker-distribution-api-version" in response.headers,
            nexus=self.nexus,
            signed_in=signed_in,
        )

    def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: dict[str, str],
        authorization: str | None,
        answer_seconds: float | None,
    ) -> httpx.Response:
        import httpx

        ours = origin(url) == origin(self.base)
        client = self._client if ours else self._other(url)
        seconds = answer_seconds or self.patience.answer_seconds
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS, write=seconds, pool=None)
        sent = {"Accept-Encoding": "identity", **headers}
        if authorization:
            sent["Authorization"] = authorization
        request = client.build_request(method, url, headers=sent, timeout=timeout)
        with Deadline(seconds, self._keep) as deadline:
            request.extensions["trace"] = deadline.trace
            response = client.send(request, stream=True)
        # From here on the time-out is that between two pieces of the body.
        request.extensions["timeout"]["read"] = self.patience.stall_seconds
        if ours:
            self.answered = True
            self.nexus = self.nexus or response.headers.get("server", "").startswith("Nexus/")
        return response

    def _other(self, url: httpx.URL) -> httpx.Client:
        with self._lock:
            if url.scheme not in self._others:
                # A pin is for the registry's certificate alone; a CA of the company's is not.
                self._others[url.scheme] = http_client(
                    f"{url.scheme}://{url.netloc.decode('ascii')}",
                    Trust(ca_file=self._trust.ca_file),
                )
            return self._others[url.scheme]

    def _target(self, response: httpx.Response, tried: str, addressed: bool) -> httpx.URL:
        before = response.request.url
        target = before.join(response.headers["location"])
        if target.scheme not in {"http", "https"} or not target.host:
            raise self._bad_redirect(tried, f"a redirect to {shown(target)}")
        if (before.scheme, target.scheme) == ("https", "http") and not addressed:
            raise self._bad_redirect(tried, f"a redirect from HTTPS to plain {shown(target)}")
        return target

    def _bad_redirect(self, tried: str, came_back: str) -> RegistryError:
        return RegistryError(
            Code.REGISTRY_REDIRECT,
            tried=tried,
            came_back=came_back,
            cause=f"{self.who} or a proxy before it builds its addresses wrongly",
            next_step="check the base URL and the forwarded headers of that proxy",
        )

    @staticmethod
    def _drain(response: httpx.Response) -> None:
        # A body that was read leaves the connection open for the next request.
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) <= ERROR_LIMIT:
            read_up_to(response, ERROR_LIMIT)
        response.close()

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.add(sock)


def pieces(response: httpx.Response, who: str) -> Iterator[bytes]:
    """The body as sent, in the pieces in which it comes; a stall is told from a slow answer.

    Raises RegistryError `registry-stalled`, or an exception of httpx.
    """
    import httpx

    try:
        yield from response.iter_raw()
    except httpx.ReadTimeout as error:
        seconds = response.request.extensions["timeout"]["read"]
        raise RegistryError(
            Code.REGISTRY_STALLED,
            tried=f"{response.request.method} {shown(response.request.url)}",
            came_back=f"not one byte for {seconds:g} seconds, in the middle of the answer",
            cause=f"the line to {who} hangs, or what stands between lost the connection",
            transient=True,
        ) from error


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host.lower(), url.port or default


def shown(url: httpx.URL) -> str:
    """A URL for people: without a sign-in in it, and without the query, which may be signed."""
    return shortened(str(url.copy_with(query=None, userinfo=b"", fragment=None)))


def read_up_to(response: httpx.Response, limit: int) -> bytes:
    """At most ``limit`` bytes of the body; of a refusal, what a broken line leaves will do."""
    import httpx

    body = bytearray()
    with contextlib.suppress(httpx.HTTPError):
        for piece in response.iter_raw():
            body += piece
            if len(body) >= limit:
                break
    return bytes(body[:limit])


def retry_after(response: httpx.Response) -> float | None:
    """Seconds from `Retry-After`, which holds seconds or a date; None where it says nothing."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    if value:
        from email.utils import parsedate_to_datetime
        from time import time

        with contextlib.suppress(ValueError, OverflowError):
            return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    return None
