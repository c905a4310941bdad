"""Reading `WWW-Authenticate`: any number of challenges, in one header or in several.

Nexus writes ``BASIC`` in capitals and a Bearer challenge without a scope, whose service is a
URL; others put Basic and Bearer into one header (RFC 9110, 11.6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME = re.compile(rf"({_TOKEN})(?=[ \t,]|\Z)[ \t]*")
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|\Z))")
_BLANK = re.compile(r"[ \t,]*")
_ESCAPE = re.compile(r"\\(.)")

HEADER_LIMIT = 16 << 10


class Challenge(msgspec.Struct, frozen=True):
    """One way in: ``scheme`` in small letters, parameter names too."""

    scheme: str
    parameters: dict[str, str] = {}

    def get(self, name: str) -> str:
        return self.parameters.get(name, "")


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges in the values of `WWW-Authenticate`; what cannot be read ends a value."""
    found: list[Challenge] = []
    for header in headers:
        found += _parse(header[:HEADER_LIMIT])
    return found


def _parse(header: str) -> list[Challenge]:
    found: list[Challenge] = []
    at = _skip(header, 0)
    while at < len(header):
        scheme = _SCHEME.match(header, at)
        if scheme is None:
            break
        at = scheme.end()
        parameters: dict[str, str] = {}
        token = _TOKEN68.match(header, at)
        if token and (token[0].endswith("=") or not _SCHEME.match(header, at)):
            at = token.end()  # "Negotiate abc=": nothing that a registry client can use
        while parameter := _PARAMETER.match(header, at):
            quoted, plain = parameter[2], parameter[3]
            value = plain if quoted is None else _ESCAPE.sub(r"\1", quoted)
            parameters.setdefault(parameter[1].lower(), value)
            at = _skip(header, parameter.end())
        found.append(Challenge(scheme[1].lower(), parameters))
        at = _skip(header, at)
    return found


def _skip(header: str, at: int) -> int:
    blank = _BLANK.match(header, at)
    return blank.end() if blank else at
