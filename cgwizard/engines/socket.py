"""Asking an engine over its unix socket: a question, or a stream that a user can stop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.net.connection import Exchange
from cgwizard.net.failures import read_failure
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

ASK_SECONDS = 10.0  # for an answer of the engine about itself
# An engine says nothing while it waits for a registry, and Podman nothing while it copies.
STALL_SECONDS = 900.0
LINE_LIMIT = 1 << 20


class _Message(msgspec.Struct):
    message: str = ""
    cause: str = ""


class EngineSocket:
    """One engine behind ``path``, which has ``seconds`` for an answer about itself. Close it, or
    use ``with``."""

    def __init__(self, path: str, seconds: float = ASK_SECONDS) -> None:
        import httpx

        self.path = path
        self._client = httpx.Client(
            base_url="http://engine",
            # A connection a request: a pull may end in the server's closing its own, and the next
            # request must not find that out.
            transport=httpx.HTTPTransport(
                uds=path, limits=httpx.Limits(max_keepalive_connections=0)
            ),
            timeout=httpx.Timeout(seconds),
            trust_env=False,  # a proxy has no business between here and a socket
        )

    def __enter__(self) -> EngineSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, path: str, answer: type[T]) -> T:
        """GET ``path`` as JSON. Raises WizardError `engine-absent` or `engine-answer`."""
        response = self.get(path)
        if response.status_code != 200:
            raise self._strange(path, f"{response.status_code} {said(response.content)}")
        try:
            return decode.json(response.content, answer)
        except decode.Unreadable as error:
            raise self._strange(path, str(error)) from error

    def get(self, path: str) -> httpx.Response:
        """Any answer to GET ``path``, a refusal too."""
        import httpx

        try:
            return self._client.get(path)
        except httpx.HTTPError as error:
            raise self._gone(f"GET {path}", error) from error

    @contextlib.contextmanager
    def stream(
        self,
        path: str,
        params: dict[str, str],
        headers: dict[str, str],
        cancel: Cancel | None,
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        """POST, and the answer's status and lines. The connection is cut as soon as ``cancel``
        is set, at which the engine stops; then Cancelled is raised. Raises WizardError
        `engine-gone`."""
        import httpx

        exchange = Exchange()
        try:
            with (
                exchange.cut_by(cancel),
                self._client.stream(
                    "POST",
                    path,
                    params=params,
                    headers=headers,
                    timeout=httpx.Timeout(ASK_SECONDS, read=STALL_SECONDS),
                    extensions={"trace": exchange.trace},
                ) as response,
            ):
                yield response.status_code, _lines(response)
        except httpx.HTTPError as error:
            if cancel is not None and cancel.is_set:
                raise Cancelled from None
            raise self._gone(f"POST {path}", error) from error

    def _gone(self, tried: str, error: Exception) -> WizardError:
        return WizardError(
            Code.ENGINE_GONE,
            tried=f"{tried} on {self.path}",
            came_back=shortened(read_failure(error).words),
        )

    def _strange(self, path: str, came_back: str) -> WizardError:
        return WizardError(
            Code.ENGINE_ANSWER,
            tried=f"GET {path} on {self.path}",
            came_back=shortened(came_back),
        )


def _lines(response: httpx.Response) -> Iterator[bytes]:
    rest = b""
    for piece in response.iter_raw():
        *lines, rest = (rest + piece).split(b"\n")
        yield from filter(None, (line.strip() for line in lines))
        if len(rest) > LINE_LIMIT:
            raise WizardError(
                Code.ENGINE_ANSWER,
                tried="reading what the engine tells about the pull",
                came_back=f"a line of more than {LINE_LIMIT >> 20} MiB",
                cause="what listens on this socket is no container engine",
                next_step="check DOCKER_HOST and CONTAINER_HOST",
            )
    if rest.strip():
        yield rest.strip()


def said(body: bytes) -> str:
    """The engine's own words in a refusal: ``{"message": ...}``, or the text as it is."""
    try:
        message = decode.json(body, _Message)
    except decode.Unreadable:
        return body.decode("utf-8", "replace").strip()
    return message.message or message.cause or body.decode("utf-8", "replace")
