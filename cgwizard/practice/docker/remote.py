"""The registry behind a docker proxy: requests to it, its tokens, its redirects.

`Remote` asks as Nexus does. Credentials go to the token endpoint (or to the registry, where it
wants Basic) and never along a redirect. What comes back as an answer is the answer; what does
not is one of three errors: blocked, refused, unreachable.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from cgwizard.practice.docker.blocking import Blocking, Clock, RemoteBlockedError
from cgwizard.practice.docker.java_errors import java_reason, phrase
from cgwizard.practice.docker.outbound import open_client, retries
from cgwizard.practice.docker.settings import DockerSettings
from cgwizard.practice.json_reading import UnreadableJsonError, decode
from cgwizard.practice.serving import log

if TYPE_CHECKING:
    from cgwizard.practice.nexus.state import NexusState
    from cgwizard.practice.serving import Servers

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.artifact.manifest.v1+json",
)
REDIRECTS = 5
# A token without expires_in lives this long (distribution specification, token authentication).
TOKEN_SECONDS = 60.0
_CHALLENGE = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


class RemoteRefusedError(Exception):
    """The remote gave no token for this image: wrong, expired or missing credentials."""


class RemoteUnreachableError(Exception):
    """No answer: no such host, refused, no trust, timed out. The text names Java's class for it."""


class _UpstreamToken(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None


class Remote:
    """One proxy's remote. Made again when the repository's settings change.

    ``refused`` holds the scopes for which no token was given, where such a refusal outlives
    new credentials (`DockerFormat.refusals_stick`).
    """

    def __init__(
        self,
        state: NexusState,
        servers: Servers,
        settings: DockerSettings,
        clock: Clock,
        *,
        first_block_seconds: float,
        refused: set[str] | None = None,
    ) -> None:
        self._refused = refused
        self._state, self._settings, self._clock = state, settings, clock
        self._client: httpx.AsyncClient | None = None
        self._clients: list[httpx.AsyncClient] = []
        self._opened_for: object = None
        self._tokens: dict[str, tuple[str, float]] = {}  # scope -> token, until

        async def check() -> None:
            try:
                async with self.stream("HEAD", urljoin(self._base(), "/")):
                    pass
            except (RemoteUnreachableError, RemoteBlockedError, RemoteRefusedError):
                pass  # it stays blocked; `stream` told the state so

        self.blocking = Blocking(
            clock,
            blocked=settings.http_client.blocked,
            auto_block=settings.http_client.auto_block,
            first_seconds=first_block_seconds,
            check=check,
            spawn=servers.spawn,
        )

    async def close(self) -> None:
        self.blocking.close()
        for client in self._clients:
            await client.aclose()

    def url(self, name: str, rest: str) -> str:
        """Where ``/v2/NAME/REST`` lies; a path in the remote storage stays in front of it."""
        if self._settings.docker_proxy.index_type == "HUB" and "/" not in name:
            name = f"library/{name}"
        return f"{self._base().rstrip('/')}/v2/{name}/{rest}"

    @asynccontextmanager
    async def get(
        self, name: str, rest: str, *, accept: str = "*/*", etag: str | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The answer to ``GET /v2/NAME/REST``, redirects followed, its body not read yet.

        Raises RemoteBlockedError, RemoteRefusedError, RemoteUnreachableError.
        """
        url = self.url(name, rest)
        scope = f"repository:{name}:pull"
        headers = {"Accept": accept} | ({"If-None-Match": etag} if etag else {})
        authorization = self._known_token(scope)
        for attempt in range(2):
            if authorization:
                headers["Authorization"] = authorization
            async with self.stream("GET", url, headers) as response:
                if response.status_code != HTTPStatus.UNAUTHORIZED or attempt:
                    async with self._follow(response, headers) as final:
                        yield final
                    return
                challenge = response.headers.get("www-authenticate", "")
            self._tokens.pop(scope, None)
            authorization = await self._authorize(challenge, scope)
            if authorization is None:
                raise RemoteRefusedError("the remote wants credentials and the repository has none")

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """One request, retried where the connection broke before an answer came.

        Only the remote's own host counts for blocking, as in Nexus: a blob host does not.
        """
        counts = urlsplit(url).netloc == urlsplit(self._base()).netloc
        if counts:
            self.blocking.require_open()
        try:
            client = self._open()
            request = client.build_request(method, url, headers=headers)
        except httpx.InvalidURL as error:
            raise self._unreachable(error, counts) from error
        tries = retries(self._settings, self._state) + 1
        for attempt in range(1, tries + 1):
            try:
                response = await client.send(request, stream=True)
                break
            except (httpx.RemoteProtocolError, httpx.ReadError) as error:
                if attempt < tries:
                    continue
                raise self._unreachable(error, counts) from error
            except httpx.TransportError as error:
                raise self._unreachable(error, counts) from error
        try:
            if counts:
                self._judge(response.status_code)
            yield response
        finally:
            await response.aclose()

    def _judge(self, status: int) -> None:
        # A guess: docker's own list of failures is not published. Its remotes answer 401 to the
        # first request of every pull, so 401 cannot count here as it does elsewhere in Nexus.
        if status >= 500 or status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            self.blocking.failed(phrase(status))
        else:
            self.blocking.answered()

    @asynccontextmanager
    async def _follow(
        self, response: httpx.Response, headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        hops = 0
        location = response.headers.get("location")
        if not (response.is_redirect and location):
            yield response
            return
        url = str(response.url)
        while True:
            if (hops := hops + 1) > REDIRECTS:
                raise RemoteUnreachableError(
                    "org.apache.http.client.RedirectException: Maximum redirects "
                    f"({REDIRECTS}) exceeded"
                )
            target = urljoin(url, location)
            if urlsplit(target).netloc != urlsplit(url).netloc:
                headers = {k: v for k, v in headers.items() if k != "Authorization"}
            async with self.stream("GET", target, headers) as answer:
                location = answer.headers.get("location")
                if not (answer.is_redirect and location):
                    yield answer
                    return
            url = target

    # Signing in to the remote.

    def _known_token(self, scope: str) -> str | None:
        if bearer := self._settings.bearer:
            return f"Bearer {bearer.reveal()}"
        token, until = self._tokens.get(scope, ("", 0.0))
        return f"Bearer {token}" if token and until > self._clock.now() else None

    async def _authorize(self, challenge: str, scope: str) -> str | None:
        """The Authorization header that answers ``challenge``; None when there is none."""
        if self._refused is not None and scope in self._refused:
            raise RemoteRefusedError("the remote refused this image before")
        scheme, _, rest = challenge.partition(" ")
        credentials = self._settings.credentials
        if scheme.lower() == "basic":
            return (
                _basic(credentials.username, credentials.password.reveal()) if credentials else None
            )
        if scheme.lower() != "bearer":
            return None
        fields = {
            m[1].lower(): m[2] if m[2] is not None else m[3] for m in _CHALLENGE.finditer(rest)
        }
        if not (realm := fields.get("realm")):
            return None
        query = {"service": fields.get("service"), "scope": fields.get("scope") or scope}
        url = httpx.URL(urljoin(self._base(), realm))
        url = url.copy_merge_params({k: v for k, v in query.items() if v})
        headers = {"Accept": "application/json"}
        if credentials:
            headers["Authorization"] = _basic(credentials.username, credentials.password.reveal())
        async with self.stream("GET", str(url), headers) as response:
            status, body = response.status_code, await response.aread()
        if status != HTTPStatus.OK:
            log.warning(
                "BEARER [complete=true] authentication error: Could not retrieve token from %s. "
                "Status code: %s",
                url.copy_with(query=None),
                status,
            )
            if self._refused is not None:
                self._refused.add(scope)
            raise RemoteRefusedError(f"no token: {status} {phrase(status)}")
        try:
            answer = decode(body, _UpstreamToken)
        except UnreadableJsonError as error:
            raise RemoteRefusedError("the token endpoint did not answer in JSON") from error
        token = answer.token or answer.access_token
        if not token:
            raise RemoteRefusedError("the token endpoint gave no token")
        # A little early, so that it does not expire on its way.
        seconds = (answer.expires_in or TOKEN_SECONDS) * 0.9
        self._tokens[scope] = (token, self._clock.now() + seconds)
        return f"Bearer {token}"

    # Reaching it.

    def _base(self) -> str:
        """The remote storage, as it is really contacted, with one slash at its end."""
        url = self._settings.proxy.remote_url
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        real = self._state.upstreams.get(origin)
        path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
        return f"{real or origin}{path}"

    def _open(self) -> httpx.AsyncClient:
        now = (self._state.http, *self._state.certificates)
        if self._client is None or self._opened_for != now:
            # The old client is closed with the others later: it may still be receiving responses.
            self._client = open_client(self._settings, self._state)
            self._clients.append(self._client)
            self._opened_for = now
        return self._client

    def _unreachable(self, error: Exception, counts: bool) -> RemoteUnreachableError:
        reason = java_reason(error, urlsplit(self._base()).netloc.rpartition("@")[2])
        if counts:
            self.blocking.failed(reason)
        return RemoteUnreachableError(reason)


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
