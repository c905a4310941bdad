"""Searches bytes for secrets in every form in which a secret can appear."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Iterator, Mapping

# Of a long secret a part is a leak, too. Two tokens made in one second have short parts in
# common, but for their signatures.
PIECE, SIGNATURE_PIECE = 48, 24
TEXT = 1 << 20  # what is longer is an image's layer: it is only searched as it is
_TERMINAL = re.compile(rb"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|\[[0-?]*[ -/]*[@-~]|[@-Z\\^_])")
_ESCAPE = re.compile(rb"""\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([/"'\\]))""")


class Search:
    """``secrets``: each by the name under which it is reported."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._needles = {
            form: f"{name} in {how}"
            for name, secret in secrets.items()
            for part in _parts(secret)
            for how, form in _forms(part.encode())
        }

    def found(self, data: bytes) -> set[str]:
        """Which secrets are in ``data``, and in which form."""
        return {
            f"{told}, {view}" if view else told
            for view, seen in _views(data)
            for needle, told in self._needles.items()
            if needle in seen
        }


def _parts(secret: str) -> list[str]:
    """Itself; of a long one, pieces one of which is in every part of twice their length."""
    if len(secret) < 2 * PIECE:
        return [secret]
    return _pieces(secret, PIECE) + _pieces(secret.rpartition(".")[2], SIGNATURE_PIECE)


def _pieces(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text) - size + 1, size)]


def _forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    yield "clear", secret
    text = secret.decode()
    yield "UTF-16", text.encode("utf-16-le")
    yield "UTF-16", text.encode("utf-16-be")
    yield "hex", binascii.hexlify(secret)
    yield "hex", binascii.hexlify(secret).upper()
    for shift in range(3):
        # These characters depend only on the secret, not on what stands before or behind it.
        encoded = base64.b64encode(b"\0" * shift + secret)
        middle = encoded[(shift * 4 + 2) // 3 : (shift + len(secret)) * 4 // 3]
        yield f"base64 after {shift}", middle
        yield f"base64 after {shift}", middle.translate(bytes.maketrans(b"+/", b"-_"))


def _views(data: bytes) -> Iterator[tuple[str, bytes]]:
    """As it is, and without what may be put between or instead of its letters."""
    yield "", data
    if len(data) > TEXT:
        return
    seen = {data}
    for view, other in (
        ("percent-encoded", urllib.parse.unquote_to_bytes(data)),
        ("escaped", _unescaped(data)),
        ("with white space between", re.sub(rb"\s+", b"", data)),
        ("with terminal sequences between", _TERMINAL.sub(b"", data)),
    ):
        if other not in seen:
            seen.add(other)
            yield view, other


def _unescaped(data: bytes) -> bytes:
    def letter(match: re.Match[bytes]) -> bytes:
        code = match[1] or match[2]
        return chr(int(code, 16)).encode("utf-8", "replace") if code else match[3]

    return _ESCAPE.sub(letter, data)
