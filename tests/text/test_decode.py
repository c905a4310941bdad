"""What others wrote is decoded to a value or to `Unreadable`, and never to anything else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec
import pytest

from cgwizard.text import decode
from cgwizard.text.decode import Unreadable, WrongShape

DIGITS = "9" * 5000


class Shape(msgspec.Struct):
    port: int
    name: str = ""


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"port": 1, "name": "\xff"}', Shape),
        (b'{"port": 1, "more": "\xff"}', dict[str, object]),
        (b"[" * 100_000, object),
        (b"[" * 100_000, msgspec.Raw),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, dict[str, object]),
        (DIGITS.encode(), object),
        (b'{"port": ' + DIGITS.encode() + b"}", Shape),
        (b'{"port": 1e400}', Shape),
        (b'{"port": "1"}', Shape),
        (b'"\\ud800"', str),
        (b"\x00", object),
        (b"", object),
        (b"{", Shape),
        (b"[1] [2]", object),
        (b"\xef\xbb\xbf{}", Shape),
    ],
)
def test_json(data: bytes, kind: type[object]) -> None:
    with pytest.raises(Unreadable) as caught:
        decode.json(data, kind)
    # A parser's exception may hold the text, and the text a secret.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text", [f"port = {DIGITS}", "a = " + "[" * 5000, "a = 1\na = 2", "port = 'x'", "a = \x00", "="]
)
def test_toml(text: str) -> None:
    with pytest.raises(Unreadable):
        decode.toml(text, Shape)


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("http://xn--zz--/", ""),
        ("http://xn--/", ""),
        ("//xn--zz--/token", "https://cgr.dev/v2/"),
        ("http://[::/", ""),
        ("http://[::1/", "https://cgr.dev/"),
        ("http://a:99999/", ""),
        (f"http://a:{DIGITS}/", ""),
        ("http://a:b/", ""),
        ("http://\u3002/", ""),
        ("http://" + "\u00e4" * 300, ""),
        ("http://a/" + "x" * 70_000, ""),
        ("http://a/\x01", ""),
    ],
)
def test_addresses(address: str, base: str) -> None:
    with pytest.raises(Unreadable):
        decode.url(address, decode.url(base) if base else None)


@pytest.mark.parametrize(
    "read",
    [
        lambda: decode.text(b"\xff"),
        lambda: decode.text(b"\xc3\xa4", "ascii"),
        lambda: decode.base64("a"),
        lambda: decode.base64("a*bc"),
        lambda: decode.base64("\u00e4bcd"),
        lambda: decode.base64("a+/b", url=True, strict=True) and decode.base64("\u2028"),
        lambda: decode.host("\u00e4" * 300),
        lambda: decode.convert({"port": "1"}, Shape),
        lambda: decode.parsed(datetime.fromisoformat, "yesterday"),
        lambda: decode.parsed(datetime.fromtimestamp, 1e300),
        lambda: decode.parsed(ip_address, "1.2.3"),
        lambda: decode.parsed(urlsplit, "http://[a]/"),
        lambda: decode.parsed(int, DIGITS),
    ],
)
def test_the_rest(read: Callable[[], object]) -> None:
    with pytest.raises(Unreadable):
        read()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", 0),
        ("65535", 65535),
        ("0080", 80),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        (DIGITS, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("1.0", None),
        ("\u0661", None),
        ("\u00b2", None),
    ],
)
def test_numbers(text: str, found: int | None) -> None:
    assert decode.number(text) == found
    assert decode.number(text, 100) == (found if found is None or found <= 100 else None)


def test_a_wrong_shape_is_told_from_no_json() -> None:
    with pytest.raises(WrongShape, match=r"port"):
        decode.json(b'{"port": "x"}', Shape)
    for data in (b'{"port": 1', b"\xff"):
        with pytest.raises(Unreadable) as caught:
            decode.json(data, Shape)
        assert not isinstance(caught.value, WrongShape)


def test_what_a_parser_says_besides_is_passed_on() -> None:
    def gone() -> None:
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        decode.parsed(gone)
