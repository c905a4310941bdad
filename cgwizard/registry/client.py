"""One registry (or one connector of Nexus): what it can be asked, each answer checked."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cgwizard.net import Trust
from cgwizard.registry.auth import Authority
from cgwizard.registry.models import (
    ACCEPT,
    CHILD_LIMIT,
    LAYER_LIMIT,
    MANIFEST_LIMIT,
    Descriptor,
    Image,
    Index,
    Manifest,
    WrongManifest,
    read_manifest,
)
from cgwizard.registry.problems import RegistryError
from cgwizard.registry.reference import is_digest
from cgwizard.registry.retries import Patience, Retries
from cgwizard.registry.transport import Transport, pieces, shown
from cgwizard.secrets import Credentials

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
TAG_PAGES = 100
PAGE_LIMIT = 4 << 20  # bytes of one page of tags


class Ping(msgspec.Struct, frozen=True):
    """What ``GET /v2/`` without credentials answered."""

    status: int
    api_version: str  # "registry/2.0" from a registry, "" from anything else
    server: str


class Blob(msgspec.Struct):
    """A blob on its way. ``start`` may be 0 although more was asked for: then the server sends
    it from the beginning. ``host`` is who sends it, after redirects."""

    start: int
    host: str
    chunks: Iterator[bytes]


class Tags(msgspec.Struct):
    tags: list[str] | None = None


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
        patience: Patience = Patience(),  # noqa: B008 -- immutable
    ) -> None:
        self.patience = patience
        self._transport = Transport(url, trust, name, patience)
        self._authority = Authority(self._transport, credentials)

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
        """Cut what is under way: requests in other threads fail at once."""
        self._transport.abort()

    def ping(self) -> Ping:
        """Who answers here. Raises RegistryError where nobody does; any status is an answer."""
        with self._transport.request("GET", self._transport.url("v2/"), {}) as response:
            return Ping(
                response.status_code,
                response.headers.get("docker-distribution-api-version", ""),
                response.headers.get("server", ""),
            )

    def check_credentials(self, repository: str) -> None:
        """Show the credentials once, for pulling from ``repository``; nothing is pulled.

        Codes: `login-wrong` (Nexus), `token-refused` and `not-entitled` (others), `no-login`
        (there are none and some are wanted). A registry that asks nobody is content.
        """
        self._authority.check(f"repository:{repository}:pull")

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
        `manifest-too-large`.
        """
        path = f"v2/{repository}/manifests/{reference}"
        headers = {"Accept": ", ".join(accept)}

        def ask() -> Manifest:
            with self._exchange(
                "GET", path, repository, headers, addressed=is_digest(reference)
            ) as response:
                raw = self._read(response, MANIFEST_LIMIT, "manifest-too-large")
                return self._checked(response, raw, reference)

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
                length = response.headers.get("content-length", "")
                media_type = response.headers.get("content-type", "").partition(";")[0]
                if not is_digest(digest) or not length.isdecimal():
                    return None
                return Descriptor(digest, int(length), media_type.strip())

        found = self._retrying(ask, retries)
        return found or self.manifest(repository, reference, retries=retries).descriptor

    def tags(self, repository: str, *, retries: Retries | None = None) -> list[str]:
        """Every tag, over as many pages as the registry makes of them."""
        tags: list[str] = []
        path = f"v2/{repository}/tags/list"
        for _ in range(TAG_PAGES):
            page, following = self._retrying(partial(self._tag_page, path, repository), retries)
            tags += page
            if not following or following == path:
                break
            path = following
        return tags

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
                with self._exchange("GET", path, repository, headers, also=404) as response:
                    if response.status_code != 200:
                        return None
                    raw = self._read(response, MANIFEST_LIMIT, "manifest-too-large")
                    parsed = self._checked(response, raw, "").parsed
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
        with self._exchange(
            "GET",
            path,
            repository,
            headers,
            addressed=True,
            answer_seconds=self.patience.blob_answer_seconds,
            also=416 if start else 0,
        ) as response:
            begins = self._range(response, start, descriptor.size)
            named = response.headers.get("docker-content-digest", "")
            if _differs(named, descriptor.digest):
                raise self._mismatch(response, f"{named}, not {descriptor.digest}")
            host = response.request.url.netloc.decode("ascii")
            yield Blob(begins, host, pieces(response, self.name))

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
        also: int = 0,
    ) -> Iterator[httpx.Response]:
        scope = f"repository:{repository}:pull"
        url = self._transport.url(path)
        sent = self._authority.header(scope)
        for last in (False, False, True):
            with self._transport.request(
                method,
                url,
                headers,
                authorization=sent,
                answer_seconds=answer_seconds,
                addressed=addressed,
            ) as response:
                if response.status_code == 401 and not last:
                    sent = self._authority.challenged(response, scope, sent)
                    continue
                passing = {200, 206, also}
                if response.status_code not in passing:
                    signed_in = sent is not None and self._authority.signs_in
                    raise self._transport.explain(response, signed_in=signed_in)
                yield response
                return

    def _retrying(self, work: Callable[[], T], retries: Retries | None) -> T:
        return (retries or Retries(self.patience)).run(work)

    def _read(self, response: httpx.Response, limit: int, code: str) -> bytes:
        length = response.headers.get("content-length", "")
        body = bytearray()
        if not length.isdecimal() or int(length) <= limit:
            for piece in pieces(response, self.name):
                body += piece
                if len(body) > limit:
                    break
            else:
                return bytes(body)
        raise RegistryError(
            code,
            tried=_asked(response),
            came_back=f"more than {limit >> 20} MiB",
            cause="this is no manifest of an image, or one made to harm",
            next_step="check the name, and who pushed that image",
        )

    def _checked(self, response: httpx.Response, raw: bytes, reference: str) -> Manifest:
        encoding = response.headers.get("content-encoding", "identity")
        wanted = reference if is_digest(reference) else ""
        algorithm = (wanted or "sha256").partition(":")[0]
        digest = f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"
        named = response.headers.get("docker-content-digest", "")
        if wanted and digest != wanted:
            raise self._mismatch(response, f"bytes with digest {digest}, not {wanted}")
        if _differs(named, digest):
            raise self._mismatch(response, f"bytes with digest {digest}, announced as {named}")
        try:
            if encoding != "identity":
                raise WrongManifest(f"comes compressed ({encoding}), which nobody asked for")
            media_type, parsed = read_manifest(raw, response.headers.get("content-type", ""))
            _check_bounds(parsed)
        except WrongManifest as error:
            raise RegistryError(
                "manifest-invalid",
                tried=_asked(response),
                came_back=f"200, but the answer {error}",
                cause=f"what answers at {self.name} is not a registry, or the image is broken",
                next_step="check the address; ask who pushed the image to push it again",
                status=response.status_code,
            ) from error
        return Manifest(raw, digest, media_type, parsed)

    def _mismatch(self, response: httpx.Response, came_back: str) -> RegistryError:
        return mismatch(_asked(response), came_back)

    def _tag_page(self, path: str, repository: str) -> tuple[list[str], str]:
        with self._exchange("GET", path, repository, {}) as response:
            raw = self._read(response, PAGE_LIMIT, "tags-too-large")
            try:
                page = msgspec.json.decode(raw, type=Tags).tags or []
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise RegistryError(
                    "tags-invalid",
                    tried=_asked(response),
                    came_back="200, but no JSON of a list of tags",
                    cause=f"what answers at {self.name} is not a registry",
                    next_step="check the address",
                ) from error
            link = response.links.get("next", {}).get("url", "")
            following = response.request.url.join(link)
            if not link or not str(following).startswith(str(self._transport.base)):
                return page, ""
            return page, str(following)

    def _range(self, response: httpx.Response, start: int, size: int) -> int:
        """Where the body begins, 0 or ``start``. Raises RegistryError for any other place."""
        length = response.headers.get("content-length", "")
        if response.status_code == 200:
            if length.isdecimal() and int(length) != size:
                raise RegistryError(
                    "size-mismatch",
                    tried=_asked(response),
                    came_back=f"{length} bytes announced, and the manifest says {size}",
                    cause="the registry's copy is damaged, or something between changes it",
                    next_step="have that copy removed and fetched anew",
                    status=200,
                    transient=True,
                    tries=1,
                )
            return 0
        said = response.headers.get("content-range", "")
        right = {f"bytes {start}-{size - 1}/{size}", f"bytes {start}-{size - 1}/*"}
        if response.status_code == 206 and start and said.strip() in right:
            return start
        raise RegistryError(
            "range-wrong",
            tried=f"{_asked(response)} from byte {start}",
            came_back=f"{response.status_code} with the range {said!r}"
            if said
            else f"{response.status_code} without a range",
            cause="this server cannot go on in the middle of a layer",
            next_step="nothing: the layer is fetched from its beginning",
            status=response.status_code,
            transient=True,
        )


def mismatch(tried: str, came_back: str) -> RegistryError:
    """Bytes that are not what their digest says: worth one more try, never accepted."""
    return RegistryError(
        "digest-mismatch",
        tried=tried,
        came_back=came_back,
        cause="the copy there is damaged, or something on the way changes what it carries",
        next_step="have that copy removed and fetched anew; compare with the registry itself",
        transient=True,
        tries=1,
    )


def _asked(response: httpx.Response) -> str:
    return f"{response.request.method} {shown(response.request.url)}"


def _differs(named: str, digest: str) -> bool:
    """Whether a digest that the server names contradicts ``digest`` (same algorithm)."""
    return named.partition(":")[0] == digest.partition(":")[0] and named.strip() != digest


def _check_bounds(parsed: Index | Image) -> None:
    entries = parsed.manifests if isinstance(parsed, Index) else (parsed.config, *parsed.layers)
    if isinstance(parsed, Index) and len(entries) > CHILD_LIMIT:
        raise WrongManifest(f"lists {len(entries)} manifests; {CHILD_LIMIT} is the limit")
    if isinstance(parsed, Image) and len(entries) > LAYER_LIMIT + 1:
        raise WrongManifest(f"has {len(entries) - 1} layers; {LAYER_LIMIT} is the limit")
    sizes: dict[str, int] = {}
    for entry in entries:
        if not is_digest(entry.digest):
            raise WrongManifest(f"names {entry.digest[:80]!r}, which is no digest we can check")
        if sizes.setdefault(entry.digest, entry.size) != entry.size:
            raise WrongManifest(f"gives two sizes for {entry.digest}")
