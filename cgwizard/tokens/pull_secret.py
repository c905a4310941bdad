"""Docker configurations inside pasted text: a whole ``config.json``, a Kubernetes pull secret.

A Kubernetes Secret holds such a configuration in base64 (``data``) or as text (``stringData``),
and is printed as YAML or JSON. No YAML is parsed: nothing of it matters but the configuration,
which is JSON or base64 of JSON, and is found by its beginning whatever indentation, key and
quotation marks are around it. White space means nothing in either, so line breaks of a
terminal and YAML's folding are taken out first.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator, Mapping

from cgwizard.text import decode
from cgwizard.tokens import docker_auths
from cgwizard.tokens.docker_auths import AuthEntry

MAX_STARTS = 40  # places in one text where a configuration may begin
MAX_PIECES = 200  # lines or words over which base64 is spread
MAX_DEPTH = 5  # a configuration in a Secret in an annotation of a Secret in a list
_JSON_START = re.compile(r'\{(?=["}])')
# Base64 of a brace, and of what may follow it before the first name.
_BASE64 = re.compile(r"(?:ey[JAI]|ew[0ok])[A-Za-z0-9+/]{20,}")
_LAST_APPLIED = re.compile(r"last-applied-configuration\"?:[|>]?-?(?=[{\"])")
_ANY_BASE64 = re.compile(r"(?<![\w+/.-])[A-Za-z0-9+/](?:[A-Za-z0-9+/\s]){55,8000}")
_HALVES = re.compile(
    r"[0-9a-fA-F]{40}(?:/[0-9a-fA-F]{16})+(?::eyJ[\w.-]+)?|eyJ[\w-]+\.[\w-]+\.[\w-]+"
)
_ESCAPED = re.compile(r"(?<!\\)\\++([nrt\"])")


def configurations(text: str, depth: int = MAX_DEPTH) -> list[Mapping[str, object]]:
    """The members, by names in lower case, of every configuration in ``text``."""
    if depth == 0:
        return []
    compact = "".join(text.split())
    current = _without_annotations(compact)
    if current != compact and (found := configurations(current, depth)):
        return found
    found = list(_in_json(compact, depth))
    if not found and "\\" in compact:  # JSON in a text of JSON or YAML
        plain = _ESCAPED.sub(lambda match: '"' if match[1] == '"' else "", compact)
        found = list(_in_json(plain, depth))
    return [*found, *_in_base64(compact, depth)]


def _without_annotations(text: str) -> str:
    """kubectl notes what was applied last in an annotation: it may be older than the data."""
    kept, position = "", 0
    for note in _LAST_APPLIED.finditer(text):
        if note.end() < position:
            continue
        with contextlib.suppress(decode.Unreadable):
            _, end = docker_auths.first_value(text, note.end())
            kept += text[position : note.start()]
            position = end
    return kept + text[position:]


def _in_json(text: str, depth: int) -> Iterator[Mapping[str, object]]:
    position = 0
    for _ in range(MAX_STARTS):
        start = _JSON_START.search(text, position)
        if not start:
            return
        try:
            value, position = docker_auths.first_value(text, start.start())
        except decode.Unreadable:
            position = start.end()
        else:
            yield from _in_value(value, depth)


def _in_base64(text: str, depth: int) -> Iterator[Mapping[str, object]]:
    position = 0
    for _ in range(MAX_STARTS):
        start = _BASE64.search(text, position)
        if not start:
            return
        position = start.start() + 1
        # What follows without a space, such as a prompt, cannot spoil the beginning.
        usable = start[0] if len(start[0]) % 4 != 1 else start[0][:-1]
        decoded = decode.base64(usable, strict=False).decode("utf-8", "replace")
        if found := list(_in_json("".join(decoded.split()), depth - 1)):
            yield from found
            position = start.end()


def _in_value(value: object, depth: int) -> Iterator[Mapping[str, object]]:
    match value:
        case dict():
            members = docker_auths.members(value)
            if isinstance(members.get("auths"), dict):
                yield members
                return
            hosts = {key for key in value if docker_auths.host_of(key) == docker_auths.HOST}
            if any(isinstance(value[key], dict) for key in hosts):
                yield {"auths": value}  # the older form, kubernetes.io/dockercfg
                return
            for each in value.values():
                yield from _in_value(each, depth)
        case list():
            for each in value:
                yield from _in_value(each, depth)
        case str():
            yield from configurations(value, depth - 1)


def entries(found: list[Mapping[str, object]]) -> list[AuthEntry]:
    """The entries of all configurations, each once."""
    every: dict[AuthEntry, None] = {}
    for configuration in found:
        every |= dict.fromkeys(docker_auths.entries(configuration.get("auths")))
    return list(every)


def halves(text: str) -> str:
    """What base64 in the text says, where that has the shape of a token or of both halves: a
    value of a Kubernetes Secret, ``auth`` of a configuration, an ``Authorization`` header."""
    found: list[str] = []
    for region in itertools.islice(_ANY_BASE64.finditer(text), MAX_STARTS):
        pieces = region[0].split()[:MAX_PIECES]
        # A word may stand before it, and more behind it: the longest that fits is taken.
        candidates = (
            "".join(pieces[first:last])
            for first in range(min(3, len(pieces)))
            for last in range(len(pieces), first, -1)
        )
        plain = (_plain(candidate) for candidate in candidates)
        found.extend(itertools.islice(filter(_HALVES.fullmatch, plain), 1))
    return "\n".join(found)


def _plain(encoded: str) -> str:
    try:
        return decode.text(decode.base64(encoded, strict=False), "ascii").strip()
    except decode.Unreadable:
        return ""
