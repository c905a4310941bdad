"""Whatever bytes a terminal sends, they are read: as UTF-8, or as the locale says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgwizard.screens.parts.terminal.input_decoder import InputDecoder

LATIN = "de_DE.ISO-8859-1"


def decoder(locale: str, patch: pytest.MonkeyPatch) -> InputDecoder:
    for name in ("LC_CTYPE", "LANG"):
        patch.delenv(name, raising=False)
    patch.setenv("LC_ALL", locale)
    return InputDecoder()


@pytest.mark.parametrize(
    ("locale", "data", "text", "lost"),
    [
        ("C.UTF-8", b"gr\xc3\xbc\xc3\x9fe", "grüße", 0),
        ("C.UTF-8", b"gr\xfc\xdfe", "gre", 2),
        ("C", b"\xe9a", "a", 1),
        ("POSIX", b"\xff\xfe\x00", "\x00", 2),
        (LATIN, b"gr\xfc\xdfe", "grüße", 0),
        (LATIN, b"\xe9a", "éa", 0),
        (LATIN, b"\xe9", "é", 0),
        (LATIN, "grüße".encode(), "grüße", 0),
        (LATIN, b"\x9bA", "A", 1),
        ("de_DE", b"\xa4", "¤", 0),
        ("de_DE@euro", b"\xa4", "€", 0),
        ("pl_PL.ISO-8859-2", b"\xb3", "ł", 0),
        ("ru_RU.KOI8-R", b"\xc1", "а", 0),
        ("ru_RU.CP1251", b"\xe0\xff", "ая", 0),
        ("ja_JP.eucJP", b"\xa4\xa2x", "x", 2),
        ("xx_YY.none-such", b"\xe9a", "a", 1),
    ],
)
def test_what_is_read(
    locale: str, data: bytes, text: str, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = decoder(locale, monkeypatch)
    assert found.decode(data) + found.decode(b"", final=True) == text
    assert found.unreadable == lost
    split = decoder(locale, monkeypatch)
    pieces = [split.decode(data[at : at + 1]) for at in range(len(data))]
    assert "".join(pieces) + split.decode(b"", final=True) == text
    assert split.unreadable == lost


@given(st.lists(st.binary(max_size=40), max_size=6), st.sampled_from([LATIN, "C.UTF-8", "C"]))
def test_any_bytes_split_anywhere(pieces: list[bytes], locale: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        whole, split = decoder(locale, patch), decoder(locale, patch)
    text = whole.decode(b"".join(pieces)) + whole.decode(b"", final=True)
    parts = [split.decode(piece) for piece in pieces]
    assert "".join(parts) + split.decode(b"", final=True) == text
    assert whole.unreadable == split.unreadable
    if locale != LATIN:
        assert text == b"".join(pieces).decode("utf-8", "ignore")
