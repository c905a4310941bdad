"""Phrases that comments and docstrings do without, and names that the program does without.

`make check` runs this file: it prints each place with what to write instead, and fails if there
is one. Texts that users see are codespell's matter (see pyproject.toml).
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

# A pattern, in any case, and what to write instead.
PHRASES = {
    r"(a|the|one) person('s)?": "a user",
    r"anew": "again",
    r"of (its|their) own(?=[.,;:]|$| that)": "separate, or: its own",
    r"whoever": "a sentence with a subject",
    r"that what": "that the",
    r"(is|are|was|were) told(?! to)": "is reported, is shown",
    r"what of (it|them|this)": "a sentence with a subject",
    r"slow lines?": "slow connection",
    r"gone? on with|goes on with|going on with": "continue, resume",
    r"lets? be|left be": "ignore",
    r"for people": "for users",
    r"tells? of": "reports",
    r"to be had": "available",
    r"no more(?=[.,;])": "no longer",
    r"in vain": "without success",
    r"(whence|thence|hence|thereof|whereof|therein|thereby|herein)": "plain words",
    r"no longer than need be|as need be": "plain words",
    r"shall|ought": "must, should",
    r"amiss": "wrong",
    r"wont to": "usually",
    r"save for": "except",
    r"nought|naught|aught": "nothing",
}
NAMES = {"told": "a verb, or what is returned"}  # of functions and classes
# In names that codespell does not split.
BRITISH = re.compile(
    r"artefact|behaviour|catalogue|centre(?!d)|colour|defence|favour|honour|neighbour"
    r"|(authori|initiali|normali|organi|recogni|seriali|summari|synchroni|utili)s(e|a|i)"
)

_GAP = r"\s+(?:#\s*)?"  # between two words, also of a comment that goes on in the next line
_PATTERN = re.compile(
    "|".join(
        rf"(?P<p{number}>\b(?:{phrase})\b)".replace(" ", _GAP)
        for number, phrase in enumerate(PHRASES)
    ),
    re.IGNORECASE,
)
_INSTEAD = list(PHRASES.values())


class Place(NamedTuple):
    line: int
    words: str
    instead: str


def phrases(source: str) -> Iterator[Place]:
    """Those in the comments, docstrings and names of a module."""
    tree = ast.parse(source)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for line, text in (*_comments(tokens), *_docstrings(tree)):
        for found in _PATTERN.finditer(text):
            number = int((found.lastgroup or "p0")[1:])
            words = re.sub(r"\s+(#\s*)?", " ", found[0])
            yield Place(line + text.count("\n", 0, found.start()), words, _INSTEAD[number])
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name.strip("_")
            if name in NAMES:
                yield Place(node.lineno, f"the name {name}", NAMES[name])
    for token in tokens:
        if token.type == tokenize.NAME and BRITISH.search(token.string.lower()):
            yield Place(token.start[0], f"the name {token.string}", "American spelling")


def _comments(tokens: list[tokenize.TokenInfo]) -> Iterator[tuple[int, str]]:
    """Comments on successive lines as one text, with the number of its first line."""
    block: list[str] = []
    last = first = 0
    for token in tokens:
        if token.type != tokenize.COMMENT:
            continue
        if block and token.start[0] != last + 1:
            yield first, "\n".join(block)
            block = []
        if not block:
            first = token.start[0]
        block.append(token.string)
        last = token.start[0]
    if block:
        yield first, "\n".join(block)


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text:
                yield node.body[0].lineno, text


def modules() -> Iterator[Path]:
    for top in ("cgwizard", "screens", "tests", "docs"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if path.resolve() == path:  # not by the links to screens and assets
                yield path


def main() -> int:
    count = 0
    for path in modules():
        for place in sorted(phrases(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{place.line}"
            print(f"{where}: {place.words!r} (write: {place.instead})")
            count += 1
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main())
