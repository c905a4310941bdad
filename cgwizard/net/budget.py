"""How many bytes an answer may have, and how many seconds it may take from the request to its last
byte. The table of docs/measures.md is this one."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

MIB = 1 << 20


class Budget(msgspec.Struct, frozen=True):
    answer: str  # which, for the table
    bytes: int  # also after decompression
    seconds: float


NEXUS_LIST = Budget("a list of Nexus", 64 * MIB, 60)
NEXUS_ANSWER = Budget("any other answer of Nexus", 4 * MIB, 30)
REGISTRY_ANSWER = Budget("a manifest, index, token or refusal of a registry", 4 * MIB, 60)
TABLE = (NEXUS_LIST, NEXUS_ANSWER, REGISTRY_ANSWER)
CONFIG_BYTES = 8 * MIB  # a larger config is not read into memory
PULL_BYTES = 64 * MIB  # of all manifests and configs of one pull together
STALL_SECONDS = 30.0  # without a byte, inside a layer
FETCH_SECONDS = 1800.0  # until a layer begins: Nexus fetches all of it from its remote first
ZSTD_WINDOW = 8 * MIB  # of memory for a layer of zstd, unless the layer itself is larger
_GZIP = {"gzip", "x-gzip"}


class OverBudget(Exception):
    """The text says what came, for *came back*."""

    def __init__(self, why: Literal["large", "slow", "coded"], words: str) -> None:
        super().__init__(words)
        self.why = why


def codings(response: httpx.Response) -> list[str]:
    """What an answer says its bytes are coded with, in the order in which that was done."""
    said = response.headers.get("content-encoding", "").lower().split(",")
    return [each for each in map(str.strip, said) if each not in {"", "identity"}]


def raw_pieces(response: httpx.Response, budget: Budget, began: float) -> Iterator[bytes]:
    """The body as it was sent. ``began``: when it was asked for, by the monotonic clock. Raises
    OverBudget, and exceptions of httpx."""
    total = 0
    for piece in response.iter_raw():
        total += len(piece)
        if total > budget.bytes:
            raise OverBudget("large", f"more than {budget.bytes // 1024:,} KiB")
        yield piece
        if time.monotonic() - began > budget.seconds:
            raise OverBudget("slow", f"no complete answer within {budget.seconds:.0f} s")


def plain_pieces(response: httpx.Response, budget: Budget, began: float) -> Iterator[bytes]:
    """As `raw_pieces`, without one gzip, which proxies add unasked. More than that is refused:
    a few thousand bytes that are packed twice become gigabytes."""
    import httpx

    coded = codings(response)
    pieces = raw_pieces(response, budget, began)
    if not coded:
        yield from pieces
        return
    if len(coded) > 1 or coded[0] not in _GZIP:
        named = shortened(", ".join(coded), 60)
        raise OverBudget("coded", f"bytes that are coded ({named}), which nobody asked for")
    unpacker, left = zlib.decompressobj(zlib.MAX_WBITS | 16), budget.bytes
    empty = True
    try:
        for piece in pieces:
            empty = False
            data = unpacker.decompress(piece, left + 1)
            if len(data) > left:
                raise OverBudget("large", f"more than {budget.bytes // 1024:,} KiB, unpacked")
            left -= len(data)
            yield data
    except zlib.error as error:
        raise httpx.DecodingError(f"broken gzip data ({error})") from error
    if unpacker.unused_data or not (unpacker.eof or empty):
        raise httpx.DecodingError("broken gzip data: they end too early or too late")
