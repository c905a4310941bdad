"""`Secret`: a text that never prints itself."""

from __future__ import annotations

import hmac
import weakref
from dataclasses import dataclass
from typing import NoReturn

SHORTEST = 4  # of a text that is looked for: shorter ones are in everything

# Every secret that is alive, by id: equal ones may be many, and each must be found.
_alive: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


class Secret:
    """A password or token. Only `reveal` gives the text; search for that word to find every use."""

    __slots__ = ("__weakref__", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        _alive[id(self)] = self

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


def forms() -> list[str]:
    """The living secrets in clear and in each form in which they travel, longest first: for
    taking them out of what is written. Holds secrets: nothing else is done with it."""
    import base64
    import json
    from urllib.parse import quote, quote_plus

    found: set[str] = set()
    for secret in list(_alive.values()):
        text = secret.reveal()
        # A pasted token is in one secret with its user name and the command around it.
        for part in {text, *(word for word in text.split() if word.startswith("eyJ"))}:
            if len(part) < SHORTEST:
                continue
            raw = part.encode("utf-8", "surrogatepass")
            found |= {part, json.dumps(part)[1:-1], quote(part, safe=""), quote_plus(part)}
            # Behind a user name a base64 text is shifted by one or two bytes; the middle of each
            # of the three forms is the same in whatever stands around it.
            for shift in range(3):
                encoded = base64.b64encode(b"\0" * shift + raw).decode()
                middle = encoded[(shift * 4 + 2) // 3 : len(raw) * 4 // 3 - 2]
                if len(middle) >= 2 * SHORTEST:
                    found |= {middle, middle.replace("+", "-").replace("/", "_")}
    return sorted(found, key=len, reverse=True)
