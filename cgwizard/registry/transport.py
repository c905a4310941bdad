"""Requests to one registry and to the hosts to which it redirects, with timeouts and cut-off.

Credentials go to the registry's own origin only; after a redirect elsewhere they are gone for
the rest of that request.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code, Facts
from cgwizard.logs import redact
from cgwizard.net.client import http_client
from cgwizard.net.connection import CONNECT_SECONDS, Exchange, OpenSockets
from cgwizard.net.proxies import choose
from cgwizard.net.trust import Trust
from cgwizard.registry.connection_errors import connection_error
from cgwizard.registry.errors import RegistryError, refused
from cgwizard.registry.refusal import RegistryRefusal
from cgwizard.registry.responses import origin, read_up_to, retry_after, shown
from cgwizard.registry.retry import RetryPolicy
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

BUILT_IN = "cgr.dev"  # a name that no user has to type
REDIRECT_LIMIT = 5
ERROR_LIMIT = 64 << 10  # bytes of a refusal that are read
REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _base(url: str) -> httpx.URL:
    try:
        return decode.url(url.rstrip("/") + "/")
    except decode.Unreadable as error:
        raise RegistryError(
            Code.NAME_HOST, tried=f"asking {shortened(url)}", came_back=str(error)
        ) from None


class Transport:
    """Connections to one registry. Usable from several threads at once."""

    def __init__(
        self,
        url: str,
        trust: Trust,
        name: str | None,
        patience: RetryPolicy,
        *,
        signs_in: bool,
    ) -> None:
        """``signs_in``: requests carry a user's sign-in, or a token given for one."""
        self.base = _base(url)
        self.who = name or self.base.netloc.decode("ascii")
        self.patience = patience
        self.signs_in = signs_in
        self.nexus = False  # seen from its answers
        self.answered = False
        self._trust = trust
        self._client = http_client(str(self.base), trust)
        self._others: dict[str, httpx.Client] = {}
        self._lock = threading.Lock()
        self._sockets = OpenSockets()

    def url(self, path: str) -> httpx.URL:
        """The URL of ``path`` under the registry's root (``v2/...``)."""
        return self.base.join(path)

    def close(self) -> None:
        for client in (self._client, *self._others.values()):
            client.close()

    def abort(self) -> None:
        """Cut every open connection, so that threads that wait for bytes go on at once."""
        self._sockets.cut()

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
        seconds = answer_seconds or self.patience.answer_seconds
        response: httpx.Response | None = None
        try:
            for turn in range(REDIRECT_LIMIT + 1):
                exchange = Exchange(seconds, sockets=self._sockets)
                response = self._send(
                    method, url, headers, exchange, authorization=authorization, seconds=seconds
                )
                if response.status_code not in REDIRECTS or "location" not in response.headers:
                    yield response
                    return
                with self.sent_by(response):
                    target = self._target(response, tried, addressed)
                    if turn == REDIRECT_LIMIT:
                        raise self._redirect_loop(tried, target)
                if origin(target) != origin(self.base):
                    authorization = None
                self._drain(response)
                url = target
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._connection_error(error, method, url, exchange, authorization) from error
        finally:
            if response is not None:
                response.close()

    def is_ours(self, response: httpx.Response) -> bool:
        """Whether the registry itself answered, not a host to which it redirected."""
        return origin(response.request.url) == origin(self.base)

    def facts(self, response: httpx.Response) -> Facts:
        """The facts of an answer whose sender is in no doubt."""
        sent = self._carried_sign_in(response)
        return Facts(self._asked(response.request.url), sign_in_sent=sent, sign_in_read=sent)

    @contextlib.contextmanager
    def sent_by(self, response: httpx.Response) -> Iterator[None]:
        """Errors inside get the facts of ``response``, unless they have their own."""
        try:
            yield
        except RegistryError as error:
            if error.facts.answered_by is AnsweredBy.NOBODY:
                error.facts = self.facts(response)
            raise

    def explain(self, response: httpx.Response) -> RegistryError:
        """What a refusal means; reads the beginning of its body."""
        return refused(self.refusal(response))

    def refusal(self, response: httpx.Response, asked: AnsweredBy | None = None) -> RegistryRefusal:
        """``asked``: who got the request, where it is neither the registry nor its storage."""
        body = read_up_to(response, ERROR_LIMIT)
        proxy = choose(response.request.url)
        ours = self.is_ours(response)
        return RegistryRefusal(
            tried=f"{response.request.method} {shown(response.request.url)}",
            who=self.who if ours else response.request.url.host,
            status=response.status_code,
            reason=shortened(response.reason_phrase),
            server=shortened(response.headers.get("server", "")),
            content_type=response.headers.get("content-type", "").lower(),
            text=redact.said(body.decode("utf-8", "replace")),
            retry_after=retry_after(response),
            registry="docker-distribution-api-version" in response.headers,
            nexus=self.nexus,
            signed_in=self._carried_sign_in(response),
            asked=asked or (AnsweredBy.REGISTRY if ours else AnsweredBy.STORAGE),
            proxy=proxy.variable if proxy else "",
        )

    def _carried_sign_in(self, response: httpx.Response) -> bool:
        return self.signs_in and "authorization" in response.request.headers

    def _asked(self, url: httpx.URL) -> AnsweredBy:
        if origin(url) != origin(self.base):
            return AnsweredBy.STORAGE
        return AnsweredBy.NEXUS if self.nexus else AnsweredBy.REGISTRY

    def _connection_error(
        self,
        error: Exception,
        method: str,
        url: httpx.URL,
        exchange: Exchange,
        authorization: str | None,
    ) -> RegistryError:
        ours = origin(url) == origin(self.base)
        found = connection_error(
            error,
            url=url,
            exchange=exchange,
            tried=f"{method} {shown(url)}",
            who=self.who if ours else url.host,
            known=self.answered and ours,
            typed=ours and url.host != BUILT_IN,
            signed_in=self.signs_in and authorization is not None,
            ca_file=self._trust.ca_file,
        )
        if exchange.begun:
            found.facts = msgspec.structs.replace(found.facts, answered_by=self._asked(url))
        return found

    def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: dict[str, str],
        exchange: Exchange,
        *,
        authorization: str | None,
        seconds: float,
    ) -> httpx.Response:
        import httpx

        ours = origin(url) == origin(self.base)
        client = self._client if ours else self._other(url)
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS, write=seconds, pool=None)
        sent = {"Accept-Encoding": "identity", **headers}
        if authorization:
            sent["Authorization"] = authorization
        request = client.build_request(method, url, headers=sent, timeout=timeout)
        request.extensions |= {"trace": exchange.trace, "asked": time.monotonic()}
        with exchange:
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
        target = before.join(response.headers["location"])  # read once already, by the client
        if target.scheme not in {"http", "https"} or not target.host:
            raise self._bad_redirect(tried, f"a redirect to {shown(target)}")
        if (before.scheme, target.scheme) == ("https", "http") and not addressed:
            away = self._bad_redirect(tried, f"a redirect from HTTPS to plain {shown(target)}")
            portal = "; or the sign-in page of a network answers in its place"
            raise (
                away
                if target.host == before.host
                else away.but(cause=f"{away.problem.cause}{portal}")
            )
        return target

    def _redirect_loop(self, tried: str, target: httpx.URL) -> RegistryError:
        return RegistryError(
            Code.REDIRECT_LOOP,
            tried=tried,
            came_back=f"more than {REDIRECT_LIMIT} redirects, the last to {shown(target)}",
            cause=f"{self.who} or a proxy before it sends us round in a circle",
        )

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
        if (number := decode.number(length)) is not None and number <= ERROR_LIMIT:
            read_up_to(response, ERROR_LIMIT)
        response.close()
