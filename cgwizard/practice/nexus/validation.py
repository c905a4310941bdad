"""Reading a JSON body as Jackson does, and checking it as bean validation does.

Jackson drops members that it does not know, takes "5051" for a number, 5051 for a text and
"true" for a flag, and refuses the first member that it cannot convert, naming the way to it.
Bean validation then lists everything that is wrong, each with the last step of its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cgwizard.practice.nexus import errors
from cgwizard.practice.nexus.errors import Violation

ValueRule = Callable[[Any], str | None]  # a message when the value (never None) is wrong


@dataclass(frozen=True)
class MemberSpec:
    kind: Literal["text", "whole", "flag", "texts", "object", "map"]
    required: bool = False  # must not be null
    filled: bool = False  # must not be empty either
    minimum: int | None = None
    maximum: int | None = None
    shape: dict[str, MemberSpec] | None = None  # of an object
    rules: tuple[ValueRule, ...] = ()
    default: Any = None
    one_of: tuple[str, ...] = ()  # a Java enum, in any case


Shape = dict[str, MemberSpec]


def text(**more: Any) -> MemberSpec:
    return MemberSpec("text", **more)


def whole(minimum: int | None = None, maximum: int | None = None, **more: Any) -> MemberSpec:
    return MemberSpec("whole", minimum=minimum, maximum=maximum, **more)


def flag(**more: Any) -> MemberSpec:
    return MemberSpec("flag", **more)


def texts(**more: Any) -> MemberSpec:
    return MemberSpec("texts", **more)


def part(shape: Shape, **more: Any) -> MemberSpec:
    return MemberSpec("object", shape=shape, **more)


NAME = re.compile(r"[a-zA-Z0-9\-]{1}[a-zA-Z0-9_\-.]*")
NAME_MESSAGE = (
    "Only letters, digits, underscores(_), hyphens(-), and dots(.) are allowed"
    " and may not start with underscore or dot."
)


def name_rule(value: str) -> str | None:
    """Names of repositories, blob stores, routing rules, privileges (NamePatternConstants)."""
    return None if not value or NAME.fullmatch(value) else NAME_MESSAGE


def read(shape: Shape, data: Any, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """``data`` as ``shape`` says, unknown members left out, absent ones as their default.

    Raises the 400 that Nexus answers for a value of a wrong type.
    """
    if not isinstance(data, dict):
        raise _mismatch(path, "java.util.LinkedHashMap", data)
    return {
        key: _convert(member, data[key], (*path, key))
        if data.get(key) is not None
        else member.default
        for key, member in shape.items()
    }


def _convert(member: MemberSpec, value: Any, path: tuple[str, ...]) -> Any:
    match member.kind:
        case "object" if member.shape is not None:
            return read(member.shape, value, path)
        case "map" if isinstance(value, dict):
            return value
        case "texts" if isinstance(value, list):
            return [_text(item, path) for item in value]
        case "text":
            return _enum(member, _text(value, path), path)
        case "whole":
            return _whole(value, path)
        case "flag":
            return _flag(value, path)
    raise _mismatch(path, "java.util.ArrayList", value)


def _text(value: Any, path: tuple[str, ...]) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise _mismatch(path, "java.lang.String", value)


def _enum(member: MemberSpec, value: str | None, path: tuple[str, ...]) -> str | None:
    if not member.one_of or not value:
        return value
    if value.upper() not in {word.upper() for word in member.one_of}:
        words = ", ".join(member.one_of)
        message = (
            f'Cannot deserialize value of type enum from String "{value}":'
            f" not one of the values accepted for Enum class: [{words}]"
        )
        raise errors.invalid(*(Violation(step, message) for step in path))
    return value


_LONG = 2**63  # the first number that Java's largest integers do not hold


def _whole(value: Any, path: tuple[str, ...]) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not -_LONG <= value < _LONG:
            raise _mismatch(path, "java.lang.Long", value)
        return int(value)
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            pass
    raise _mismatch(path, "java.lang.Integer", value)


def _flag(value: Any, path: tuple[str, ...]) -> bool:
    if isinstance(value, bool | int):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise _mismatch(path, "java.lang.Boolean", value)


def _mismatch(path: tuple[str, ...], wanted: str, value: Any) -> errors.ErrorResponse:
    """One entry for each step of the way (JsonMappingExceptionMapper)."""
    token = {dict: "Object value (token `JsonToken.START_OBJECT`)"}.get(
        type(value), "Array value (token `JsonToken.START_ARRAY`)"
    )
    if isinstance(value, str):
        token = f'String "{value}": not a valid `{wanted}` value'
    elif isinstance(value, bool):
        token = "Boolean value (token `JsonToken.VALUE_TRUE`)"
    elif isinstance(value, int | float):
        token = "Integer value (token `JsonToken.VALUE_NUMBER_INT`)"
    message = f"Cannot deserialize value of type `{wanted}` from {token}"
    if not path:
        return errors.unreadable(message)
    return errors.invalid(*(Violation(step, message) for step in path))


def check(shape: Shape, data: Mapping[str, Any]) -> list[Violation]:
    """Every violation in ``data`` as `read` gave it."""
    return list(_check(shape, data))


def _check(shape: Shape, data: Mapping[str, Any]) -> Iterator[Violation]:
    for key, member in shape.items():
        value = data[key]
        for message in _messages(member, value):
            yield Violation(f"PARAMETER {key}", message)
        if member.shape is not None and value is not None:
            yield from _check(member.shape, value)


def _messages(member: MemberSpec, value: Any) -> Iterator[str]:
    if value is None:
        if member.filled:
            yield "must not be empty"
        elif member.required:
            yield "must not be null"
        return
    if member.filled and not value:
        yield "must not be empty"
    if member.minimum is not None and value < member.minimum:
        yield f"must be greater than or equal to {member.minimum}"
    if member.maximum is not None and value > member.maximum:
        yield f"must be less than or equal to {member.maximum}"
    for rule in member.rules:
        if message := rule(value):
            yield message
