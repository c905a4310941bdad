"""Text in ASCII for terminals that cannot show UTF-8.

Python writes UTF-8 even if the locale is C or is not installed. What a terminal can show is what
the environment says. If that is not UTF-8, the streams get a codec of this module: glyphs are
replaced by similar ASCII characters, letters lose their accents, and everything else becomes "?".
So writing a text never fails, whatever is in it.
"""

from __future__ import annotations

import codecs
import os
import sys
from functools import lru_cache
from typing import TextIO

LINES = "cgwizard-ascii-lines"  # a glyph may become several characters
CELLS = "cgwizard-ascii-cells"  # each keeps its width, so that the text to its right does not move

# Terminals whose fonts have few glyphs, whatever the locale says: consoles of Linux and the BSDs,
# serial terminals.
_FEW_GLYPHS = ("linux", "vt", "ansi", "cons", "wy", "sun")

_CELLS = {
    **dict.fromkeys("✓✔", "+"),
    **dict.fromkeys("✗✘×", "x"),
    **dict.fromkeys("●•▪⭑★", "*"),
    **dict.fromkeys("○◦", "o"),
    **dict.fromkeys("▸▶►‣→", ">"),
    **dict.fromkeys("◂◀◄←", "<"),
    **dict.fromkeys("‘’‚´", "'"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("·–—−‐‑╸╺", "-"),
    **dict.fromkeys("━═", "="),
    **dict.fromkeys("│┃║▌▐▎▏▍▋▊▉█", "|"),
    **dict.fromkeys("▁▂▃▄▅▆▇░▒▓\u00a0\u2007\u202f", " "),
    "…": "~",
    "↑": "^",
    "↓": "v",
    "─": "-",
}
_LINES = {"…": "...", "✓": "ok", "→": "->", "←": "<-", "ß": "ss", "Ä": "Ae", "Ö": "Oe",
          "Ü": "Ue", "ä": "ae", "ö": "oe", "ü": "ue", "€": "EUR", "©": "(c)", "µ": "u"}  # fmt: skip


def unicode(stream: TextIO) -> bool:
    """Whether more than ASCII may be written to ``stream``."""
    if "utf" not in (stream.encoding or "").lower():
        return False  # also where PYTHONIOENCODING says so
    term = os.environ.get("TERM", "")
    if term.startswith(_FEW_GLYPHS) and stream.isatty():
        return False
    return _utf8_forced() or "utf" in _locale().lower()


def _utf8_forced() -> bool:
    encoding = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    return bool(encoding) or os.environ.get("PYTHONUTF8") == "1" or "utf8" in sys._xoptions


def _locale() -> str:
    """The name of the user's locale for characters."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if sys.flags.utf8_mode and not names[0] and names[1] == "C.UTF-8":
        names[1] = ""  # set by Python itself, because the locale was C (PEP 538)
    return next(filter(None, names), "")


def settle() -> None:
    """Make standard output and standard error fit the terminal. Call it once, before any output."""
    for stream in (sys.stdout, sys.stderr):
        _fit(stream, LINES)


def settle_screens() -> bool:
    """The same for the stream on which the screens are drawn. Returns whether it is in ASCII."""
    return _fit(sys.__stderr__, CELLS)


def _fit(stream: TextIO | None, codec: str) -> bool:
    """Limit ``stream`` to ASCII with ``codec`` if it needs that. Returns whether it does."""
    reconfigure = getattr(stream, "reconfigure", None)
    if stream is None or reconfigure is None:  # closed, or of a test
        return False
    if stream.encoding not in {LINES, CELLS} and unicode(stream):
        # Lone surrogates, from arguments or file names, must not fail either.
        reconfigure(errors="backslashreplace" if stream is sys.stderr else "replace")
        return False
    reconfigure(encoding=codec, errors="replace")
    return True


def ascii_lines(text: str) -> str:
    return text if text.isascii() else "".join(map(_in_lines, text))


def ascii_cells(text: str) -> str:
    return text if text.isascii() else "".join(map(_in_cells, text))


def _in_lines(character: str) -> str:
    return _LINES.get(character) or _in_cells(character)


@lru_cache(maxsize=4096)
def _in_cells(character: str) -> str:
    if character.isascii():
        return character
    if (found := _CELLS.get(character)) is not None:
        return found
    import unicodedata

    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:  # takes no cell
        return ""
    if "\u2500" <= character <= "\u257f":  # corners and crossings of boxes
        return "+"
    width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
    letters = "".join(filter(str.isascii, unicodedata.normalize("NFKD", character)))
    return letters if len(letters) == width else "?" * width


def json_line(value: object) -> str:
    """``value`` as JSON in ASCII, so that the data is the same on every stream. Lone surrogates,
    from arguments or file names, are escaped too."""
    import json

    import msgspec

    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))
    return text if text.isascii() else json.dumps(json.loads(text), separators=(",", ":"))


class _LinesEncoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:
        return ascii_lines(text).encode("ascii")


class _CellsEncoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:
        return ascii_cells(text).encode("ascii")


def _find(name: str) -> codecs.CodecInfo | None:
    encoders = {LINES: _LinesEncoder, CELLS: _CellsEncoder}
    found = next((n for n in encoders if name.replace("_", "-") == n), None)
    if found is None:
        return None
    make = ascii_lines if found == LINES else ascii_cells

    def encode(text: str, _errors: str = "strict") -> tuple[bytes, int]:
        return make(text).encode("ascii"), len(text)

    decoder = codecs.lookup("ascii")
    return codecs.CodecInfo(
        name=found,
        encode=encode,
        decode=decoder.decode,
        incrementalencoder=encoders[found],
        incrementaldecoder=decoder.incrementaldecoder,
    )


codecs.register(_find)
