"""One registry (or one connector of Nexus): what it can be asked, each answer checked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cgwizard.errors import Served
from cgwizard.net.trust import Trust
from cgwizard.registry.auth import Authority
from cgwizard.registry.errors import RegistryError, refused
from cgwizard.registry.models import ACCEPT, Descriptor, Index, Manifest
from cgwizard.registry.reference import is_digest
from cgwizard.registry.refusal import Part, parts
from cgwizard.registry.responses import pieces
from cgwizard.registry.retry import Retries, RetryPolicy
from cgwizard.registry.transport import Transport
from cgwizard.registry.validation import blob_start, checked_manifest, is_page, turned_away
from cgwizard.secrets.secret import Credentials
from cgwizard.text import decode

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Ping(msgspec.Struct, frozen=True):
    """What ``GET /v2/`` without credentials answered."""

    status: int
    api_version: str  # "registry/2.0" from a registry, "" from anything else
    server: str


class Blob(msgspec.Struct):
    """A blob that is being sent. ``start`` is 0 where the server sends it from the beginning,
    although a later byte was asked for. ``host`` sends it, after redirects."""

    start: int
    host: str
    chunks: Iterator[bytes]


class Registry:
    """Ask one registry. Usable from several threads at once; close it, or use ``with``.

    ``url`` is ``http(s)://host[:port][/path]``, to which ``/v2/`` is added; ``name`` is what
    people call it. Every method but `ping` raises RegistryError (a WizardError) and
    Cancelled; failures that may pass are retried as ``patience`` allows.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        trust: Trust = Trust(),  # noqa: B008 -- immutable
        name: str | None = None,
        patience: RetryPolicy = RetryPolicy(),  # noqa: B008 -- immutable
    ) -> None:
        self.patience = patience
        self._transport = Transport(url, trust, name, patience, signs_in=credentials is not None)
        self._authority = Authority(self._transport, credentials)
        self.sign_in_read = False  # by the last `check_credentials`
        self._served: dict[str, set[Served]] = {}  # by repository
        self._parts: dict[tuple[str, str], Part] = {}  # of what was served, by repository, digest

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    @property
    def name(self) -> str:
        return self._transport.who

    def abort(self) -> None:
        """Cut all connections: requests in other threads fail at once."""
        self._transport.abort()

    def ping(self) -> Ping:
        """Who answers here, with any status. Raises RegistryError where no answer comes."""
        with self._transport.request("GET", self._transport.url("v2/"), {}) as response:
            return Ping(
                response.status_code,
                response.headers.get("docker-distribution-api-version", ""),
                response.headers.get("server", ""),
            )

    def check_credentials(self, repository: str) -> bool:
        """Show the credentials once, for pulling from ``repository``; nothing is pulled. False,
        as `sign_in_read` then, where the registry asked for no sign-in, so that nobody looked at
        them.

        A server that asks and then takes every sign-in cannot be told from one that looks: a
        token endpoint may give the token that everybody gets.

        Codes: `login-wrong` (Nexus), `token-refused` and `not-entitled` (others), `no-login`
        (there are none and some are wanted), `sign-in-not-shown`.
        """
        self.sign_in_read = self._authority.check(f"repository:{repository}:pull")
        return self.sign_in_read

    def manifest(
        self,
        repository: str,
        reference: str,
        *,
        accept: tuple[str, ...] = ACCEPT,
        retries: Retries | None = None,
    ) -> Manifest:
        """The manifest or index of a tag or digest, its digest computed and compared with what
        was asked for and with `Docker-Content-Digest`.

        Codes besides those of a refusal: `digest-mismatch`, `manifest-invalid`,
        `answer-too-large`.
        """
        path = f"v2/{repository}/manifests/{reference}"
        headers = {"Accept": ", ".join(accept)}

        def ask() -> Manifest:
            with self._exchange(
                "GET", path, repository, headers, addressed=is_digest(reference)
            ) as response:
                manifest = checked_manifest(response, self.name, reference)
                index = isinstance(manifest.parsed, Index)
                self._has_served(repository, Served.INDEX if index else Served.MANIFEST)
                self._parts |= {(repository, digest): part for digest, part in parts(manifest)}
                return manifest

        return self._retrying(ask, retries)

    def head(
        self, repository: str, reference: str, *, retries: Retries | None = None
    ) -> Descriptor:
        """What a tag or digest points to, without fetching it; where the registry does not
        say, it is fetched after all."""
        path = f"v2/{repository}/manifests/{reference}"

        def ask() -> Descriptor | None:
            headers = {"Accept": ", ".join(ACCEPT)}
            with self._exchange("HEAD", path, repository, headers) as response:
                digest = response.headers.get("docker-content-digest", "")
                length = decode.number(response.headers.get("content-length", ""))
                media_type = response.headers.get("content-type", "").partition(";")[0]
                if not is_digest(digest) or length is None:
                    return None
                return Descriptor(digest, length, media_type.strip())

        found = self._retrying(ask, retries)
        return found or self.manifest(repository, reference, retries=retries).descriptor

    def referrers(
        self, repository: str, digest: str, *, retries: Retries | None = None
    ) -> tuple[Descriptor, ...]:
        """What is attached to ``digest`` (signatures, SBOMs), by the referrers API, or by the
        tag ``sha256-...`` where the registry has no such API. Empty when there is nothing."""
        paths = (
            f"v2/{repository}/referrers/{digest}",
            f"v2/{repository}/manifests/{digest.replace(':', '-')}",
        )
        for path in paths:

            def ask(path: str = path) -> tuple[Descriptor, ...] | None:
                headers = {"Accept": ACCEPT[0]}
                with self._exchange(
                    "GET", path, repository, headers, passing=(200, 404)
                ) as response:
                    if response.status_code != 200:
                        return None
                    parsed = checked_manifest(response, self.name, "").parsed
                    return parsed.manifests if isinstance(parsed, Index) else None

            found = self._retrying(ask, retries)
            if found is not None:
                return found
        return ()

    @contextlib.contextmanager
    def blob(self, repository: str, descriptor: Descriptor, *, start: int = 0) -> Iterator[Blob]:
        """The bytes of a blob from ``start``, once: the caller hashes, resumes and retries.

        A 206 with another range than the one asked for is not believed: `range-wrong`, which
        passes when the blob is asked for from its beginning.
        """
        path = f"v2/{repository}/blobs/{descriptor.digest}"
        headers = {"Range": f"bytes={start}-"} if start else {}
        patience, nexus = self.patience, self._transport.nexus
        with self._exchange(
            "GET",
            path,
            repository,
            headers,
            addressed=True,
            answer_seconds=patience.fetch_seconds if nexus else patience.blob_answer_seconds,
            passing={200, 206, 416} if start else {200, 206},
            size=descriptor.size,
        ) as response:
            begins = blob_start(response, start, descriptor)
            host = response.request.url.netloc.decode("ascii")
            yield Blob(begins, host, pieces(response, self.name))
            self._has_served(repository, Served.BLOB)

    # --- one request ---

    @contextlib.contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        repository: str,
        headers: dict[str, str],
        *,
        addressed: bool = False,
        answer_seconds: float | None = None,
        passing: Collection[int] = (200,),
        size: int | None = None,
    ) -> Iterator[httpx.Response]:
        scope = f"repository:{repository}:pull"
        url, digest = self._transport.url(path), path.rpartition("/")[2]
        try:
            sent = self._authority.header(scope)
            for last in (False, False, True):
                if sent is not None and sent.startswith("Bearer "):
                    self._has_served(repository, Served.TOKEN)
                with self._transport.request(
                    method,
                    url,
                    headers,
                    authorization=sent,
                    answer_seconds=answer_seconds,
                    addressed=addressed,
                ) as response:
                    # The host to which we were redirected may not say where to sign in.
                    ours = self._transport.is_ours(response)
                    if response.status_code == 401 and ours and not last:
                        sent = self._authority.challenged(response, scope, sent)
                        continue
                    if response.status_code not in passing or is_page(response, size):
                        raise self._refused(response, self._parts.get((repository, digest)))
                    with self._transport.sent_by(response):
                        yield response
                    return
        except RegistryError as error:
            served = frozenset(self._served.get(repository, ()))
            error.facts = msgspec.structs.replace(error.facts, served=served)
            raise

    def _refused(self, response: httpx.Response, part: Part | None) -> RegistryError:
        refusal = msgspec.structs.replace(self._transport.refusal(response), part=part)
        ours = self._transport.is_ours(response)
        if refusal.status in {401, 403} and not ours and not refusal.by_another:
            return turned_away(refusal, self.name, given=self._transport.signs_in)
        return refused(refusal)

    def _has_served(self, repository: str, what: Served) -> None:
        self._served.setdefault(repository, set()).add(what)

    def _retrying(self, work: Callable[[], T], retries: Retries | None) -> T:
        return (retries or Retries(self.patience)).run(work)
