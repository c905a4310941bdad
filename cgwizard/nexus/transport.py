"""Requests to one Nexus, bounded in size and time.

Nothing here knows an endpoint: `RestTransport.send` gives a `RestResponse` whatever its status,
or raises the WizardError of a connection that did not work.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code, Facts, WizardError
from cgwizard.logs import request_record
from cgwizard.net.budget import NEXUS_ANSWER, NEXUS_LIST, Budget, OverBudget, plain_pieces
from cgwizard.net.client import http_client
from cgwizard.net.connection import Exchange
from cgwizard.net.trust import Trust
from cgwizard.nexus.connection_errors import cut_short, network_error
from cgwizard.secrets.secret import Credentials
from cgwizard.text import decode
from cgwizard.text.excerpt import excerpt, looks_like_html, page_title
from cgwizard.text.sanitize import one_line

if TYPE_CHECKING:
    import httpx

    from cgwizard.cancel import Cancel

_LISTS = {
    f"/service/rest{path}"
    for path in (
        "/v1/repositorySettings",  # of 5,000 repositories: 8 MiB
        "/v1/repositories",
        "/v1/blobstores",
        "/v1/assets",
        "/v1/components",
        "/v1/search",
        "/v1/security/privileges",
        "/v1/security/roles",
        "/v1/security/users",
        "/internal/ui/repositories/details",
    )
}


class RestResponse(msgspec.Struct, frozen=True):
    """An HTTP answer. ``headers`` are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str  # as requested, without credentials
    signed_in: bool = False  # the request carried credentials

    @property
    def html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or looks_like_html(self.body)

    @property
    def title(self) -> str:
        """Of a web page; "" for anything else."""
        return page_title(self.body[:20_000].decode("utf-8", "replace")) if self.html else ""

    @property
    def fault_id(self) -> str:
        """Nexus's id of an error, by which its administrator finds the line in the log."""
        return one_line(self.headers.get("x-siesta-faultid", ""))[:64]

    @property
    def excerpt(self) -> str:
        return excerpt(self.body)

    @property
    def summary(self) -> str:
        """For *came back*: the status, what the body says, and Nexus's id of the error."""
        text = f"HTTP {self.status}"
        if said := self.excerpt:
            text += f": {said}"
        return text + (f" (fault id {self.fault_id})" if self.fault_id else "")


class RestTransport:
    """The HTTP client of one Nexus. Usable from several threads."""

    def __init__(
        self,
        base_url: str,
        trust: Trust,
        *,
        budget: Budget | None = None,
    ) -> None:
        """``budget``: of every answer, in place of those of `net.budget`."""
        self.base_url = base_url
        self.trust = trust
        self._budget = budget
        self.cancel: Cancel | None = None  # what ends every wait from now on
        self._client: httpx.Client | None = None
        self._making = threading.Lock()

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
    ) -> RestResponse:
        """``path`` follows the base URL. Redirects are answers, cookies are dropped.

        Raises WizardError, and Cancelled as soon as `cancel` is set; what was sent until then
        may be done by Nexus or not.
        """
        is_list = method == "GET" and path.partition("?")[0] in _LISTS
        budget = self._budget or (NEXUS_LIST if is_list else NEXUS_ANSWER)
        exchange = Exchange(budget.seconds, whole=True)
        work = partial(
            self._send,
            method,
            path,
            exchange,
            budget,
            tried=tried,
            params=params,
            json=json,
            credentials=credentials,
        )
        began = time.time()
        sent = b"" if json is None else msgspec.json.encode(json)
        try:
            answer = work() if self.cancel is None else self.cancel.run(work, exchange.cut)
        except Exception:
            request_record.note(method, path, began=began, sent=sent)
            raise
        request_record.note(
            method, path, began=began, sent=sent, status=answer.status, answer=answer.body
        )
        return answer

    def _send(
        self,
        method: str,
        path: str,
        exchange: Exchange,
        budget: Budget,
        *,
        tried: str,
        params: Mapping[str, str] | None,
        json: object,
        credentials: Credentials | None,
    ) -> RestResponse:
        import httpx

        headers = {"Accept": "application/json"}
        content: bytes | None = None
        if json is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(json)
        if credentials is not None:
            headers["Authorization"] = f"Basic {_basic(credentials)}"
        signed_in = credentials is not None
        begun: httpx.Response | None = None
        try:
            with (
                exchange,
                self._http().stream(
                    method,
                    path,
                    params=params,
                    content=content,
                    headers=headers,
                    extensions={"trace": exchange.trace},
                ) as response,
            ):
                begun = response
                body = self._read(response, exchange, budget, tried, signed_in)
                return RestResponse(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    body,
                    f"{self.base_url}{path}",
                    signed_in,
                )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if exchange.late:
                raise _too_slow(budget, tried, signed_in and exchange.sent) from error
            if begun is not None and isinstance(error, httpx.TransportError):
                raise cut_short(
                    error, begun, tried, exchange=exchange, signed_in=signed_in
                ) from error
            raise network_error(
                error,
                self.base_url,
                tried,
                exchange=exchange,
                signed_in=signed_in,
                ca_file=self.trust.ca_file,
            ) from error

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
        self,
        response: httpx.Response,
        exchange: Exchange,
        budget: Budget,
        tried: str,
        signed_in: bool,
    ) -> bytes:
        try:
            body = b"".join(plain_pieces(response, budget, time.monotonic()))
        except OverBudget as error:
            large = error.why == "large"
            raise WizardError(
                Code.NEXUS_ANSWER_TOO_BIG if large else Code.NEXUS_ANSWER_UNEXPECTED,
                tried=tried,
                came_back=f"HTTP {response.status_code} with {error}",
            ).with_facts(Facts(AnsweredBy.OTHER, sign_in_sent=signed_in)) from error
        if exchange.late:  # an answer without a length ends where the connection was cut
            raise _too_slow(budget, tried, signed_in)
        return body


def _too_slow(budget: Budget, tried: str, sign_in_sent: bool) -> WizardError:
    return WizardError(
        Code.NEXUS_TOO_SLOW,
        tried=tried,
        came_back=f"no complete answer within {budget.seconds:.0f} s",
    ).with_facts(Facts(sign_in_sent=sign_in_sent))


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
        raw = decode.parsed(pair.encode)
    except decode.Unreadable:
        raise WizardError(
            Code.LOGIN_WRONG,
            tried="signing in to Nexus",
            came_back="nothing was sent",
            cause="the user name or the password has bytes that are not UTF-8",
            next_step="give them in UTF-8: a terminal, file or script is in another encoding",
        ) from None
    return base64.b64encode(raw).decode()
