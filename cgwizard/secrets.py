"""`Secret`: a text that never prints itself."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import NoReturn


class Secret:
    """A password or token. Only `reveal` gives the text; search for that word to find every use."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied to a file")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with its secret: for Nexus, or a pull token for cgr.dev."""

    username: str
    password: Secret
