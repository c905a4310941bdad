"""Command lines laid out for a narrow terminal: every row can be pasted, and no word is split."""

from __future__ import annotations

import re

MORE = " \\"  # the command continues in the next row
INDENT = "  "
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMENT = "#"


def rows(line: str, width: int) -> list[str]:
    """``line`` in rows of at most ``width`` cells, where its words allow that. Rows break before
    an option, or else between words. A digest that makes a row too long becomes a variable."""
    if len(line) <= width:
        return [line]
    if line.startswith(_COMMENT):
        return [f"# {row}" for row in filled(line[1:], width - 2)]
    found = _DIGEST.search(line)
    if found and not line.startswith("D="):
        return [f"D={found[0]}", *rows(line.replace(found[0], "$D"), width)]
    room = width - len(MORE) - len(INDENT)
    pieces: list[str] = []
    for part in _parts(_WORD.findall(line)):
        whole = " ".join(part)
        pieces += [whole] if len(whole) <= room else _filled(part, room)
    first, *others = _filled(pieces, room)
    broken = [first, *(INDENT + row for row in others)]
    return [*(row + MORE for row in broken[:-1]), broken[-1]]


def filled(text: str, width: int) -> list[str]:
    """The words of ``text`` in as few rows as fit; none is split."""
    return _filled(text.split(), width)


def _parts(words: list[str]) -> list[list[str]]:
    """An option, a pipe or the command itself, each with the words that follow it."""
    parts: list[list[str]] = [[]]
    for word in words:
        if parts[-1] and (word == "|" or word.startswith("-")):
            parts.append([])
        parts[-1].append(word)
    return parts


def _filled(words: list[str], width: int) -> list[str]:
    found: list[str] = []
    for word in words:
        if found and len(found[-1]) + 1 + len(word) <= width:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found
