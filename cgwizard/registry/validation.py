"""What a registry's answer must be: read within bounds, and compared with what was asked for."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

from cgwizard.errors import Code
from cgwizard.net.budget import REGISTRY_ANSWER, OverBudget, plain_pieces, raw_pieces
from cgwizard.registry.errors import RegistryError
from cgwizard.registry.models import (
    CHILD_LIMIT,
    LAYER_LIMIT,
    Descriptor,
    Image,
    Index,
    Manifest,
    WrongManifest,
    read_manifest,
)
from cgwizard.registry.reference import is_digest
from cgwizard.registry.refusal import RegistryRefusal
from cgwizard.registry.responses import asked_at, pieces, shown, stalled
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx


def is_page(response: httpx.Response, size: int | None) -> bool:
    """Whether a web page came in place of what was asked for, which had ``size`` bytes."""
    kind = response.headers.get("content-type", "").lower()
    as_long = response.headers.get("content-length", "") == str(size)
    return response.status_code == 200 and kind.startswith("text/html") and not as_long


def read_body(response: httpx.Response, who: str, *, unpack: bool = False) -> bytes:
    """The whole body; with ``unpack`` without one gzip. Raises RegistryError `answer-too-large` as
    soon as it is known to be, `registry-stalled`, and `token-unreadable` for another coding."""
    length = decode.number(response.headers.get("content-length", ""))
    if length is not None and length > REGISTRY_ANSWER.bytes:
        raise too_large(response)
    within = (plain_pieces if unpack else raw_pieces)(response, REGISTRY_ANSWER, asked_at(response))
    try:
        return b"".join(pieces(response, who, within))
    except OverBudget as error:
        if error.why == "large":
            raise too_large(response) from error
        if error.why == "slow":
            raise stalled(response, who, str(error), tries=1) from error
        raise RegistryError(
            Code.TOKEN_UNREADABLE, tried=_asked(response), came_back=str(error)
        ) from error


def too_large(response: httpx.Response) -> RegistryError:
    return RegistryError(
        Code.ANSWER_TOO_LARGE,
        tried=_asked(response),
        came_back=f"more than {REGISTRY_ANSWER.bytes >> 20} MiB",
    )


def checked_manifest(response: httpx.Response, who: str, reference: str) -> Manifest:
    """The manifest in an answer to a question for ``reference``, a tag or digest. A label that
    says that the bytes are coded is believed only where their digest does not decide."""
    raw = read_body(response, who)
    wanted = reference if is_digest(reference) else ""
    algorithm = (wanted or "sha256").partition(":")[0]
    named = response.headers.get("docker-content-digest", "").strip()
    coding = _coding(response)
    digest, how = _digest(algorithm, raw), "under this digest" if coding else "without saying so"
    try:
        if coding in _GZIP and raw[:2] == _GZIP_MAGIC and digest not in {wanted, named}:
            raw = _uncompressed(raw)
            if len(raw) > REGISTRY_ANSWER.bytes:
                raise too_large(response)
            digest, how = _digest(algorithm, raw), "more than once"
        coded = f", coded as {shortened(coding)}" if coding else ""
        if wanted and digest != wanted:
            raise mismatch(_asked(response), f"bytes with digest {digest}{coded}")
        if _differs(named, digest):
            came = "" if wanted else f"bytes with digest {digest}{coded}, "
            raise mismatch(_asked(response), f"{came}announced as {shortened(named)}")
        if raw[:2] == _GZIP_MAGIC:
            raise WrongManifest(f"comes compressed (gzip) {how}")
        media_type, parsed = _read_manifest(raw, response, coding)
        _check_bounds(parsed)
    except WrongManifest as error:
        raise RegistryError(
            Code.MANIFEST_INVALID,
            tried=_asked(response),
            came_back=f"200, but the answer {error}",
            cause=f"what answers at {who} is not a registry, or the image is broken",
            next_step="check the address; ask who pushed the image to push it again",
            status=response.status_code,
        ) from error
    return Manifest(raw, digest, media_type, parsed)


_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_MAGIC = b"\x1f\x8b"


def _coding(response: httpx.Response) -> str:
    """What the answer says its bytes are coded with; "" for nothing."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding


def _digest(algorithm: str, raw: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, raw).hexdigest()}"


def _uncompressed(raw: bytes) -> bytes:
    """``raw`` without one gzip; more bytes than its budget where there are more."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        data = unpacker.decompress(raw, REGISTRY_ANSWER.bytes + 1)
    except zlib.error as error:
        raise WrongManifest(f"comes compressed (gzip) and broken ({error})") from error
    if len(data) <= REGISTRY_ANSWER.bytes and (not unpacker.eof or unpacker.unused_data):
        raise WrongManifest("comes compressed (gzip) and broken")
    return data


def _read_manifest(raw: bytes, response: httpx.Response, coding: str) -> tuple[str, Index | Image]:
    try:
        return read_manifest(raw, response.headers.get("content-type", ""))
    except WrongManifest as error:
        if not coding or raw.lstrip()[:1] == b"{":
            raise
        raise WrongManifest(f"comes coded ({shortened(coding)}), which nobody asked for") from error


def blob_start(response: httpx.Response, start: int, blob: Descriptor) -> int:
    """Where the body begins, 0 or ``start``. Raises RegistryError for any other place, and where
    the headers contradict the descriptor already."""
    size = blob.size
    named = response.headers.get("docker-content-digest", "")
    if _differs(named, blob.digest):
        raise mismatch(_asked(response), f"announced as {shortened(named)}")
    length = response.headers.get("content-length", "")
    coding = _coding(response)
    if response.status_code == 200:
        if length.isdecimal() and decode.number(length) != size:
            raise RegistryError(
                Code.SIZE_MISMATCH,
                tried=_asked(response),
                came_back=f"{length} bytes announced, and the manifest says {size}"
                + (f"; they are coded as {shortened(coding)}" if coding else ""),
                status=200,
                transient=True,
                tries=1,
            )
        return 0
    said = response.headers.get("content-range", "")
    right = {f"bytes {start}-{size - 1}/{size}", f"bytes {start}-{size - 1}/*"}
    if response.status_code == 206 and said.strip() in right:
        return start
    raise RegistryError(
        Code.RANGE_WRONG,
        tried=f"{_asked(response)} from byte {start}",
        came_back=f"{response.status_code} with the range {shortened(said)!r}"
        if said
        else f"{response.status_code} without a range",
        cause="this server, or a cache before it, cannot go on in the middle of a layer"
        if start
        else "this server, or a cache before it, sends a part, although the whole was asked for",
        status=response.status_code,
        transient=True,
    )


def turned_away(refusal: RegistryRefusal, by: str, *, given: bool) -> RegistryError:
    """A host to which ``by`` redirected refuses: no sign-in goes there, so that the address
    itself must do. ``given``: there is a sign-in, for ``by``."""
    kept = f"; the sign-in is for {by} and is not passed on to another host" if given else ""
    return RegistryError(
        Code.REGISTRY_REDIRECT,
        tried=refusal.tried,
        came_back=refusal.came_back,
        cause=f"{by} sent us there with a link that does not hold: expired, or made wrongly" + kept,
        next_step="try again; if it stays so, compare the clocks, and see what stands between",
        status=refusal.status,
        transient=True,
        tries=1,
    ).with_facts(refusal.facts)


def mismatch(tried: str, came_back: str) -> RegistryError:
    """Bytes that are not what their digest says: worth one more try, never accepted."""
    return RegistryError(
        Code.DIGEST_MISMATCH,
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
            raise WrongManifest(
                f"names {shortened(entry.digest)!r}, which is no digest we can check"
            )
        if sizes.setdefault(entry.digest, entry.size) != entry.size:
            raise WrongManifest(f"gives two sizes for {entry.digest}")
