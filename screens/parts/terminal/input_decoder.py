"""The text of what a terminal sends, whatever bytes it sends."""

from __future__ import annotations

import codecs
import os
import unicodedata


class InputDecoder:
    """UTF-8; a byte that is none is read in the encoding of the locale, where that has a byte for
    each character. What is no character in either is left out and counted in ``unreadable``."""

    def __init__(self) -> None:
        self.unreadable = 0  # bytes that were left out; the caller sets it back
        self._encoding = locale_encoding()
        self._rest = b""  # the beginning of a character whose end has not come yet

    @property
    def waiting(self) -> bool:
        """Whether the end of a character is missing that may be a whole one in the locale's
        encoding: then `decode` with ``final`` gives it."""
        return bool(self._rest) and bool(self._encoding)

    def decode(self, data: bytes, *, final: bool = False) -> str:
        data, self._rest = self._rest + data, b""
        texts = []
        while data:
            try:
                text, used = codecs.utf_8_decode(data, "strict", final)
            except UnicodeDecodeError as error:
                text = data[: error.start].decode() + self._in_locale(data[error.start : error.end])
                used = error.end
            else:
                self._rest = data[used:]
                used = len(data)
            texts.append(text)
            data = data[used:]
        return "".join(texts)

    def _in_locale(self, data: bytes) -> str:
        text = ""
        for number in range(len(data)):
            character = ""
            if self._encoding:
                character = data[number : number + 1].decode(self._encoding, "ignore")
            if character and unicodedata.category(character) != "Cc":
                text += character
            else:
                self.unreadable += 1
        return text


def locale_encoding() -> str:
    """The encoding that the locale names, or stands for, if that is neither UTF-8 nor ASCII; it is
    read from the environment, because the locale need not be installed. Empty without one."""
    values = (os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    name = next(filter(None, values), "")
    language, _, modifier = name.partition("@")
    language, _, encoding = language.partition(".")
    if not encoding and len(language.partition("_")[0]) == 2:  # as de_DE, not as C
        encoding = "iso8859-15" if modifier.lower() == "euro" else "iso8859-1"
    try:
        found = codecs.lookup(encoding).name if encoding else ""
    except LookupError:
        return ""
    return "" if found in {"utf-8", "ascii"} else found
