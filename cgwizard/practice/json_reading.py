"""JSON that others wrote, read without a crash."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")
MAX_DEPTH = MAX_DIGITS = 1000  # Jackson's own limits, from 2.15 on

# A text without an end is one up to the end of all: a second try would make this quadratic.
_TEXT = rb'"(?:[^"\\]|\\.)*"?'
_BRACKETS = re.compile(_TEXT + rb"|[\[{]|[\]}]", re.DOTALL)
_NUMBERS = re.compile(_TEXT + rb"|([0-9]+)", re.DOTALL)


class UnreadableJsonError(ValueError):
    """What was read is no JSON, or not of the shape that was asked for."""


def decode(data: bytes, shape: type[T]) -> T:
    """``data`` as ``shape``. Raises UnreadableJsonError."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnreadableJsonError(str(error)) from error


def beyond_limits(data: bytes) -> str | None:
    """What Jackson says of JSON that it finds too deep or a number too long, or None."""
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        depth = 0
        for part in _BRACKETS.finditer(data):
            depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(part[0], 0)
            if depth > MAX_DEPTH:
                return (
                    f"Document nesting depth ({depth}) exceeds the maximum allowed ({MAX_DEPTH}, "
                    "from `StreamReadConstraints.getMaxNestingDepth()`)"
                )
    for number in _NUMBERS.finditer(data):
        length = len(number[1] or b"")
        if length > MAX_DIGITS:
            return (
                f"Number value length ({length}) exceeds the maximum allowed ({MAX_DIGITS}, "
                "from `StreamReadConstraints.getMaxNumberLength()`)"
            )
    return None
