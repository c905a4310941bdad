"""What is wrong in a TOML file: the line, the key, the nearest key that exists.

msgspec names the path of a value; the line is looked up in the text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from cgwizard.plan.model import NO_ADDRESS
from cgwizard.text.decode import Unreadable, WrongShape

Struct = type[msgspec.Struct]


class TomlError(msgspec.Struct, frozen=True):
    line: int  # from 1
    message: str  # "routing.prot: there is no such key"
    correction: str  # "the nearest is port"


_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_FIELD = re.compile(r"(?:unknown|required) field `([^`]*)`")


MAX_CHARACTERS = 60  # of a key or a value: a problem fits the screen
MAX_LINE = 400  # characters; no line that somebody writes is longer


def not_toml(text: str, error: Unreadable) -> TomlError:
    """For a text that is no TOML; tomllib says "Invalid value (at line 3, column 8)"."""
    said = str(error)
    found = re.search(r"\(at line (\d+), column (\d+)\)", said)
    lines = text.splitlines()
    # A line that is too long for its number, or that opens too many brackets.
    long = (number for number, each in enumerate(lines, 1) if len(each) > MAX_LINE)
    line = int(found.group(1)) if found else next(long, max(1, len(lines)))
    return TomlError(line, f"this is no TOML: {said.partition(' (at ')[0]}", "correct the line")


def not_valid(text: str, error: WrongShape, root: Struct) -> TomlError:
    """For a TOML text that does not fit ``root``."""
    said = str(error)
    at = _PATH.search(said)
    path = tuple(filter(None, at.group(1).split("."))) if at else ()
    field = _FIELD.search(said)
    if field and "unknown" in said:
        key = field.group(1)
        known = _keys(root, path)
        line = locate(text, (*path, key))
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = _elsewhere(root, key, path) or (near[0] if near else "")
        message = f"{_cut('.'.join((*path, key)))}: there is no such key"
        step = f"the nearest is {hint}" if hint else f"there are: {', '.join(known)}"
        return TomlError(line, message, step)
    if field:
        key = field.group(1)
        message = f"{'.'.join((*path, key))} is missing"
        return TomlError(locate(text, path), message, f"add {key} = ...")
    expected = _expected(root, path)
    message = f"{'.'.join(path) or 'the file'}: {_plain(said)}"
    whole = bool(expected) and not said.startswith(NO_ADDRESS)
    step = f"it must be {expected}" if whole else "correct it"
    return TomlError(locate(text, path), message, step)


def _plain(said: str) -> str:
    said = _PATH.sub("", said)
    names = {"int": "a number", "str": "a text", "bool": "true or false", "object": "a table"}
    names |= {"array": "a list", "null": "nothing", "float": "a number with a point"}
    if found := re.fullmatch(r"Expected `([^`]+)`, got `([^`]+)`", said):
        wanted, got = (names.get(each.split(" | ")[0], each) for each in found.groups())
        return f"expected {wanted}, got {got}"
    if found := re.fullmatch(r"Invalid enum value (.+)", said):
        return f"{_cut(found.group(1))} is none of the choices"
    return _cut(said) if said.startswith(NO_ADDRESS) else "the value is not allowed"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def _part(root: Struct, path: tuple[str, ...]) -> Struct | None:
    """The struct at ``path``."""
    current: Struct | None = root
    for key in path:
        if current is None:
            return None
        current = _struct(_type(current, key))
    return current


def _type(struct: Struct, key: str) -> object:
    fields = msgspec.structs.fields(struct)
    return next((f.type for f in fields if f.encode_name == key), None)


def _struct(found: object) -> Struct | None:
    if isinstance(found, type) and issubclass(found, msgspec.Struct):
        return found
    return next((s for s in map(_struct, get_args(found)) if s), None)


def _keys(root: Struct, path: tuple[str, ...]) -> list[str]:
    part = _part(root, path)
    return [f.encode_name for f in msgspec.structs.fields(part)] if part else []


def _elsewhere(root: Struct, key: str, path: tuple[str, ...]) -> str:
    """The same key in another table: ``[pull] port`` where ``[routing] port`` is meant."""
    for table in _keys(root, ()):
        if (table,) != path and key in _keys(root, (table,)):
            return f"{table}.{key}"
    return ""


def _expected(root: Struct, path: tuple[str, ...]) -> str:
    if not path:
        return ""
    part = _part(root, path[:-1])
    found = _type(part, path[-1]) if part else None
    return _words(found)


def _words(found: object) -> str:
    """What a value of this type is, in words; "" if there is no short one."""
    return next(filter(None, _all_words(found)), "")


_WORDS: dict[object, str] = {
    int: "a number", bool: "true or false", str: "a text", Path: "a path, as a text"
}  # fmt: skip


def _all_words(found: object) -> Iterator[str]:
    if get_origin(found) is Annotated:
        base, *metas = get_args(found)
        for meta in metas:
            if isinstance(meta, Meta) and meta.ge is not None and meta.le is not None:
                yield f"a number from {meta.ge:.0f} to {meta.le:.0f}"
            elif isinstance(meta, Meta) and meta.description:
                yield meta.description.rstrip(".")
        yield _words(base)
    elif get_origin(found) is Literal:
        yield f"one of: {', '.join(str(value) for value in get_args(found))}"
    elif found in _WORDS:
        yield _WORDS[found]
    elif _struct(found):
        yield "a table"
    else:
        yield from map(_words, get_args(found))


_HEADER = re.compile(r"^\s*\[\[?([^\[\]]+)\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""")


def locate(text: str, path: tuple[str, ...]) -> int:
    """The line, from 1, on which ``path`` is set, or else the line of its nearest parent."""
    best, depth = 1, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = found = _split(header.group(1))
        elif assignment := _ASSIGNMENT.match(line):
            found = (*table, *_split(assignment.group(1)))
        else:
            continue
        common = 0
        for one, other in zip(found, path, strict=False):
            if one != other:
                break
            common += 1
        if common > depth and common == min(len(found), len(path)):
            best, depth = number, common
    return best


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
