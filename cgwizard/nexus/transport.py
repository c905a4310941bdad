"""Requests to one Nexus, bounded in size and time, and what their failures mean.

Nothing here knows an endpoint: `Transport.send` gives an `Answer` whatever its status, or
raises the WizardError of a connection that did not work.
"""

from __future__ import annotations

import base64
import contextlib
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.net.client import Trust, http_client
from cgwizard.nexus.connection_errors import cut_short, network_error
from cgwizard.secrets.secret import Credentials
from cgwizard.text.sanitize import excerpt, looks_like_html, one_line

if TYPE_CHECKING:
    import socket

    import httpx

    from cgwizard.cancel import Cancel

MAX_BYTES = 32 * 1024 * 1024  # repositorySettings of 5,000 repositories has about 5 MB
MAX_SECONDS = 90.0  # one request in all; a single read is bounded by net.READ_SECONDS


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer. ``headers`` are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str  # as requested, without credentials

    @property
    def html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or looks_like_html(self.body)

    @property
    def fault_id(self) -> str:
        """Nexus's id of an error, by which its administrator finds the line in the log."""
        return one_line(self.headers.get("x-siesta-faultid", ""))[:64]

    @property
    def excerpt(self) -> str:
        return excerpt(self.body)

    @property
    def told(self) -> str:
        """For *came back*: the status, what the body says, and Nexus's id of the error."""
        text = f"HTTP {self.status}"
        if said := self.excerpt:
            text += f": {said}"
        return text + (f" (fault id {self.fault_id})" if self.fault_id else "")


class Transport:
    """The HTTP client of one Nexus. Usable from several threads."""

    def __init__(
        self,
        base_url: str,
        trust: Trust,
        *,
        most_bytes: int = MAX_BYTES,
        most_seconds: float = MAX_SECONDS,
    ) -> None:
        self.base_url = base_url
        self.trust = trust
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self.cancel: Cancel | None = None  # what ends every wait from now on
        self._client: httpx.Client | None = None
        self._making = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        tried: str,
        params: Mapping[str, str] | None = None,
        json: object = None,
        credentials: Credentials | None = None,
    ) -> Answer:
        """``path`` follows the base URL. Redirects are answers, cookies are dropped.

        Raises WizardError, and Cancelled as soon as `cancel` is set; what was sent until then
        may be done by Nexus or not.
        """
        stopped = threading.Event()
        work = partial(
            self._send,
            method,
            path,
            stopped,
            tried=tried,
            params=params,
            json=json,
            credentials=credentials,
        )
        if self.cancel is None:
            return work()

        def abort() -> None:
            stopped.set()
            self._cut()

        return self.cancel.run(work, abort)

    def _send(
        self,
        method: str,
        path: str,
        stopped: threading.Event,
        *,
        tried: str,
        params: Mapping[str, str] | None,
        json: object,
        credentials: Credentials | None,
    ) -> Answer:
        import httpx

        headers = {"Accept": "application/json"}
        content: bytes | None = None
        if json is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(json)
        if credentials is not None:
            headers["Authorization"] = f"Basic {_basic(credentials)}"
        started = time.monotonic()
        begun: httpx.Response | None = None
        try:
            with (
                self._deadline() as late,
                self._http().stream(
                    method,
                    path,
                    params=params,
                    content=content,
                    headers=headers,
                    extensions={"trace": partial(self._trace, stopped)},
                ) as response,
            ):
                begun = response
                body = self._read(response, started, late, tried)
                return Answer(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    body,
                    f"{self.base_url}{path}",
                )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if time.monotonic() - started >= self._most_seconds:
                raise self._too_slow(tried) from error
            if begun is not None and isinstance(error, httpx.TransportError):
                raise cut_short(error, begun, tried) from error
            raise network_error(error, self.base_url, tried) from error

    def _http(self) -> httpx.Client:
        from http.cookiejar import DefaultCookiePolicy

        # Made on first use: with a pinned certificate this already talks to the server.
        with self._making:
            if self._client is None:
                self._client = http_client(self.base_url, self.trust)
                # A session cookie would make Nexus ask for an anti-CSRF token.
                self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            return self._client

    def _read(
        self, response: httpx.Response, started: float, late: threading.Event, tried: str
    ) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._most_bytes:
                raise WizardError(
                    Code.NEXUS_ANSWER_TOO_BIG,
                    tried=tried,
                    came_back=f"HTTP {response.status_code} with more than "
                    f"{self._most_bytes // 1024:,} KiB",
                )
            if time.monotonic() - started > self._most_seconds:
                raise self._too_slow(tried)
        if late.is_set():  # an answer without a length ends where the connection was cut
            raise self._too_slow(tried)
        return bytes(body)

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Cut the connections when a request takes too long in all.

        httpx bounds each read only: a server that sends a byte now and then would hold us.
        """
        late = threading.Event()

        def cut() -> None:
            late.set()
            self._cut()

        timer = threading.Timer(self._most_seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()

    def _cut(self) -> None:
        """Close every connection under who waits for an answer on it."""
        import socket

        for sock in list(self._sockets):
            # Not SSLSocket's own shutdown: it would take the TLS state from under a reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _trace(self, stopped: threading.Event, event: str, info: Mapping[str, Any]) -> None:
        # The shape of httpcore's "trace" extension; its streams tell their socket.
        if stopped.is_set() and event.endswith("send_request_headers.started"):
            raise Cancelled  # what was made too late, a connection, is not used any more
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            sock = info["return_value"].get_extra_info("socket")
            if sock is not None:
                self._sockets.add(sock)

    def _too_slow(self, tried: str) -> WizardError:
        return WizardError(
            Code.NEXUS_TOO_SLOW,
            tried=tried,
            came_back=f"no complete answer within {self._most_seconds:.0f} s",
        )


def _basic(credentials: Credentials) -> str:
    if ":" in credentials.username:
        raise WizardError(
            Code.LOGIN_WRONG,
            tried="signing in to Nexus",
            came_back="nothing was sent",
            cause="a user name with a colon cannot be sent by HTTP Basic authentication",
            next_step="check the user name",
        )
    pair = f"{credentials.username}:{credentials.password.reveal()}"
    try:
        raw = pair.encode()
    except UnicodeEncodeError:
        raise WizardError(
            Code.LOGIN_WRONG,
            tried="signing in to Nexus",
            came_back="nothing was sent",
            cause="the user name or the password has bytes that are not UTF-8",
            next_step="give them in UTF-8: a terminal, file or script is in another encoding",
        ) from None  # the error holds the password
    return base64.b64encode(raw).decode()
