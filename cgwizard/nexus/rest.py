"""The REST API of one Nexus as one user: when credentials are sent, and how answers are read."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cgwizard.errors import WizardError
from cgwizard.net.trust import Trust
from cgwizard.nexus.entries import each, read_entries
from cgwizard.nexus.http_errors import is_page_of_another, refusal, unexpected
from cgwizard.nexus.identify import REST, identify
from cgwizard.nexus.models import Server
from cgwizard.nexus.settings import without_nulls
from cgwizard.nexus.transport import RestResponse, RestTransport
from cgwizard.secrets.secret import Credentials
from cgwizard.text import decode as read
from cgwizard.text.decode import Unreadable, WrongShape

T = TypeVar("T")

# Control characters, also as escapes of JSON, and bidirectional marks: no terminal may get them.
_UNPRINTABLE = re.compile(
    rb"\\u00(?:[01][0-9a-f]|7f|[89][0-9a-f])|\\u20(?:2[a-e]|6[6-9])|"
    rb"\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\x7f",
    re.I,
)
_CLEANED = {
    c: "\ufffd"
    for c in (*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if chr(c) not in "\n\t\r"
}


class RestSession:
    """Sends credentials only to a server that was recognized as a Nexus, and stops sending
    them for good once they were refused: Nexus locks a user name after a few failures."""

    def __init__(self, base_url: str, credentials: Credentials | None, trust: Trust) -> None:
        self.base_url = base_url
        self.credentials = credentials
        self.transport = RestTransport(base_url, trust)
        self.remarks: dict[str, tuple[str, ...]] = {}  # on the last list of each kind
        self._server: Server | None = None
        self._refused: WizardError | None = None
        self._lock = threading.Lock()

    def use(self, credentials: Credentials | None) -> None:
        """Use other credentials from now on. Credentials that were refused stay refused."""
        with self._lock:
            if credentials != self.credentials:
                self._refused = None
            self.credentials = credentials

    def server(self, *, again: bool = False) -> Server:
        """Who answers; asked once, or again with ``again``. Raises WizardError."""
        if self._server is None or again:
            self._server = identify(self.transport)
        return self._server

    def send(
        self,
        method: str,
        path: str,
        *,
        what: str = "",
        params: Mapping[str, str] | None = None,
        json: object = None,
        anonymous: bool = False,
        accept: tuple[int, ...] = (200,),
        needs: str = "",
    ) -> RestResponse:
        """``path`` follows ``/service/rest``; another status than ``accept`` is a WizardError.

        ``what``: what it is done for, in words; ``needs``: the privilege to name when refused.
        """
        tried = f"{method} {self.base_url}{REST}{path}"
        if what:
            tried = f"{what} ({method} {REST}{path})"
        credentials = None if anonymous else self.credentials
        if credentials is not None:
            self.server()
            with self._lock:
                if self._refused is not None and credentials == self.credentials:
                    before = self._refused.problem.came_back
                    raise self._refused.but(
                        tried=tried, came_back=f"not sent: before, it was refused with {before}"
                    )
        answer = self.transport.send(
            method,
            f"{REST}{path}",
            tried=tried,
            params=params,
            json=json,
            credentials=credentials,
        )
        if answer.status in accept and not is_page_of_another(answer):
            return answer
        error = refusal(answer, tried, needs=needs)
        if credentials is not None and error.code.means_sign_in_refused:
            with self._lock:
                if credentials == self.credentials:
                    self._refused = self._refused or error
        raise error

    def get_list(self, path: str, type_: type[T], what: str, needs: str) -> list[T]:
        """A whole list, as `read_list`."""
        answer = self.send("GET", path, needs=needs)
        return self.read_list(answer, each(type_), f"GET {self.base_url}{REST}{path}", what)

    def read_list(
        self,
        answer: RestResponse,
        read: Callable[[object], tuple[T, list[str]]],
        tried: str,
        what: str,
        entries: list[object] | None = None,
    ) -> list[T]:
        """The entries that can be read of a list of ``what``, such as "users"; a line for each
        odd one is in ``remarks[what]`` then. ``entries``: the list, where ``answer`` is only
        its last page. ``read`` as `entries.read_entry`."""
        if entries is None:
            entries = decode(answer, list[object], tried)
        try:
            found, self.remarks[what] = read_entries(entries, read)
        except Unreadable as error:
            raise unexpected(answer, tried, f"JSON of another shape: {error}") from error
        return found


def decode(answer: RestResponse, type_: type[T], tried: str) -> T:
    """The JSON of ``answer`` as ``type_``; raises WizardError("nexus-answer-unexpected")."""
    try:
        return _decoded(answer.body, type_)
    except WrongShape as error:
        raise unexpected(answer, tried, f"JSON of another shape: {error}") from error
    except Unreadable as error:
        why = "an HTML page instead of JSON" if answer.html else f"no valid JSON: {error}"
        raise unexpected(answer, tried, why) from error


def _decoded(body: bytes, type_: type[T]) -> T:
    if not _UNPRINTABLE.search(body):
        with contextlib.suppress(WrongShape):
            return read.json(body, type_)
    # Both are rare: control characters, and nulls where a type has no use for them.
    return read.parsed(_lenient, body, type_)


def _lenient(body: bytes, type_: type[T]) -> T:
    return read.convert(without_nulls(_clean(read.json(body))), type_)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_CLEANED)
    if isinstance(value, dict):
        return {_clean(k): _clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
