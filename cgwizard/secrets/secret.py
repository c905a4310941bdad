"""`Secret`: a text that never prints itself."""

from __future__ import annotations

import hmac
import weakref
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

MIN_LENGTH = 4  # shorter texts are not looked for, because they occur everywhere

# Every secret that exists, by id, because several may be equal and each must be found.
_alive: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()


class Secret:
    """A password or token. Only `reveal` gives the text: search for that word to find every use."""

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
        mine, others = (each._text.encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(mine, others)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied to a file")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with its secret: for Nexus, or a pull token for cgr.dev."""

    username: str
    password: Secret


class SecretForms(NamedTuple):
    """Longest first. It holds secrets: use it only to look for them."""

    texts: list[str]  # in clear, and as JSON, URLs, HTML and Python write them
    base64: list[str]  # the part that is the same whatever stands before and behind


def living() -> list[Secret]:
    """Every secret that exists, also while other threads make more of them."""
    # `values` raises when the size changes meanwhile; `valuerefs` copies at once.
    found = [reference() for reference in _alive.valuerefs()]
    return [secret for secret in found if secret is not None]


def forms() -> SecretForms:
    """All secrets in every form in which they are sent, so that logs can leave them out."""
    import base64
    import html
    import json
    import re
    from urllib.parse import quote, quote_plus

    texts: set[str] = set()
    encoded: set[str] = set()
    for text in {secret.reveal() for secret in living()}:
        # A pasted secret may hold a token together with its user name and a command.
        for part in {text, *re.findall(r"eyJ[\w.-]+", text)}:
            if len(part) < MIN_LENGTH:
                continue
            raw = part.encode("utf-8", "surrogatepass")
            percent = {quote(raw, safe=""), quote_plus(raw), quote(raw)}
            texts |= {part, html.escape(part), repr(part)[1:-1], *percent}
            for ascii in (True, False):
                once = json.dumps(part, ensure_ascii=ascii)[1:-1]
                texts |= {once, json.dumps(once)[1:-1]}  # JSON may be a text within JSON
            texts |= {re.sub("%..", lambda code: code[0].lower(), form) for form in percent}
            # Behind a user name a base64 text is shifted by up to two bytes. The middle of each of
            # the three forms is the same, whatever stands around it.
            for shift in range(3):
                whole = base64.b64encode(b"\0" * shift + raw).decode()
                middle = whole[(shift * 4 + 2) // 3 : (shift + len(raw)) * 4 // 3]
                encoded |= {middle, middle.replace("+", "-").replace("/", "_")}
    return SecretForms(sorted(texts, key=len, reverse=True), sorted(encoded, key=len, reverse=True))
