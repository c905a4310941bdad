"""Reading what others wrote: the one place that decodes what comes from outside this process.

Answers of servers, files, the environment and what other programs print may hold anything: bytes
that are no UTF-8, JSON nested a thousand levels deep, a number of 5,000 digits. Each function
gives a value or raises `Unreadable`. Parsers raise many other exceptions, and some hold the text,
which may be a secret; those are caught here and nowhere else.
"""

from __future__ import annotations

import base64 as _base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
T = TypeVar("T")
DecHook = Callable[[type, Any], Any]
MAX_DIGITS = 18  # of a number in a text; a size of that many bytes is an exabyte
_TOO_DEEP = "it is nested too deeply"
_TOO_LONG = "Exceeds the limit"  # how Python begins when a number has more than 4,300 digits


class Unreadable(Exception):
    """What was read cannot be decoded; the text says why, and may quote a few words of it."""


class WrongShape(Unreadable):
    """It was decoded, and its values are not those that were expected."""


def parsed(parser: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``parser`` makes of its arguments. Raises Unreadable for whatever it raises when it
    refuses them, and lets pass what says something else, such as OSError."""
    found: Unreadable
    try:
        return parser(*args, **kwargs)
    except Unreadable:
        raise
    except msgspec.ValidationError as error:
        found = WrongShape(str(error))
    except RecursionError:
        found = Unreadable(_TOO_DEEP)
    except UnicodeDecodeError:
        found = Unreadable("it is no UTF-8 text")
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        long = str(error).startswith(_TOO_LONG)
        found = Unreadable("a number in it has too many digits" if long else str(error))
    # Outside of the handlers, so that the parser's exception does not go on living in this one.
    raise found


@overload
def json(data: bytes | str, kind: type[T], dec_hook: DecHook | None = None) -> T: ...
@overload
def json(data: bytes | str, kind: Any = Any, dec_hook: DecHook | None = None) -> Any: ...
def json(data: bytes | str, kind: Any = Any, dec_hook: DecHook | None = None) -> Any:
    return parsed(msgspec.json.decode, data, type=kind, dec_hook=dec_hook)


@overload
def convert(value: object, kind: type[T], *, strict: bool = True) -> T: ...
@overload
def convert(value: object, kind: Any, *, strict: bool = True) -> Any: ...
def convert(value: object, kind: Any, *, strict: bool = True) -> Any:
    """A decoded value as ``kind``."""
    return parsed(msgspec.convert, value, kind, strict=strict)


def toml(text: str, kind: type[T], dec_hook: DecHook | None = None) -> T:
    return parsed(msgspec.toml.decode, text, type=kind, dec_hook=dec_hook)


def text(data: bytes, encoding: str = "utf-8") -> str:
    return parsed(data.decode, encoding)


def base64(text: str, *, url: bool = False, strict: bool = True) -> bytes:
    """Padding may be missing. ``url``: the alphabet for URLs; ``strict``: no other characters."""
    whole = text + "=" * (-len(text) % 4)
    return parsed(_base64.b64decode, whole, b"-_" if url else None, validate=strict)


def number(text: str, most: int = 10**MAX_DIGITS - 1) -> int | None:
    """A number in decimal digits without a sign; None for anything else, and above ``most``."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        return None
    found = int(text)
    return found if found <= most else None


def url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """An address, or a reference that is relative to ``base``. Its host is one that IDNA knows."""
    import httpx

    def read() -> httpx.URL:
        try:
            found = base.join(text) if base else httpx.URL(text)
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from None
        _ = found.host, urlsplit(str(found)).port  # read only when somebody asks for them
        return found

    return parsed(read)


def host(name: str) -> str:
    """A host's name in the form that is sent: ``xn--...`` for letters beyond ASCII."""
    if name.isascii():
        return name
    import idna

    return parsed(idna.encode, name, uts46=True).decode("ascii")
