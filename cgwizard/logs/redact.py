"""Remove secrets from texts that leave the process: debug logs and crash reports."""

from __future__ import annotations

import re
import string
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from cgwizard.secrets import secret as secrets
from cgwizard.text import decode
from cgwizard.text.sanitize import lines

HIDDEN = "***"
_NAMES = r"pass|secret|token|bearer|credential|authorization|auth\b|api[_-]?key|cookie"
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
# Members whose names have one of these words, but which hold no secret.
_HARMLESS = frozenset({"issued_at", "expires_in", "token_type", "authenticationType"})
_SECRET_HEADERS = re.compile(
    r"authorization|cookie|x-registry-auth|x-registry-config|token|secret|api-?key", re.IGNORECASE
)
_SIGNED = re.compile(r"sig|expires|policy|key|cred|token|secret|pass|auth|code", re.IGNORECASE)
# Both begin only where a word begins and look at each word once: a text may be made so that other
# expressions take hours. What stands before "eyJ" in its word is kept.
_JWT = re.compile(r"(?<![\w-])((?>[\w-]*?(?=eyJ)))eyJ[\w-]{5,}+\.[\w-]++(?:\.[\w-]*+)?")
_IN_TEXT = re.compile(
    rf"""((?<![\w-])(?=[\w-]*?(?:{_NAMES}))[\w-]++["']?\s*+[:=]\s*+)"""
    r"""(?:"(?:[^"\\]++|\\.)*+"?|'[^']*+'?|[^\s,&;}]++)""",
    re.IGNORECASE,
)
_BASE64 = f"{string.ascii_letters}{string.digits}+/-_"
_SCHEMES = re.compile(r"\b(Basic|Bearer)\s+[\w+/=.~-]{4,}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s@]*@")


def known(text: str) -> str:
    """``text`` without any secret that this process holds, in every form in which it is sent."""
    forms = secrets.forms()
    for form in forms.base64:
        # The characters beside it hold the rest of its first and last letters.
        first, *others = text.split(form)
        for other in others:
            first = f"{first.rstrip(_BASE64)}{HIDDEN}{other.lstrip(_BASE64 + '=')}"
        text = first
    for form in forms.texts:
        text = text.replace(form, HIDDEN)
    return text


def said(text: str) -> str:
    """What a server said, without hidden characters and without secrets, which it may repeat with
    such characters in between. Call it before the text is cut."""
    return _JWT.sub(rf"\1{HIDDEN}", known(lines(known(text))))


def header(name: str, value: str) -> str:
    lower = name.lower()
    if lower == "www-authenticate":
        return value  # a challenge says where to sign in and holds no secret
    if lower in {"authorization", "proxy-authorization"}:
        return f"{value.partition(' ')[0]} {HIDDEN}"
    if _SECRET_HEADERS.search(lower):
        return HIDDEN
    if lower in {"location", "link", "referer"}:
        return url(value, signed=True)
    return shapes(value)


def url(text: str, *, signed: bool = False) -> str:
    """A URL without user name, password and tokens; if ``signed``, without any query value."""
    try:
        parts = decode.parsed(urlsplit, text)
        pairs = decode.parsed(parse_qsl, parts.query, keep_blank_values=True)
    except decode.Unreadable:
        return HIDDEN
    shown = [(k, HIDDEN if signed or _SIGNED.search(k) else shapes(v)) for k, v in pairs]
    query = urlencode(shown, safe="*/:,") if pairs else ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, shapes(parts.path), query, ""))


def body(text: str, *, whole: bool = True) -> str:
    """A body without its secrets: in JSON found by the members' names, elsewhere by shape."""
    if whole:
        try:
            found = decode.parsed(_members, decode.json(text))
            return decode.parsed(msgspec.json.encode, found).decode()
        except decode.Unreadable:
            pass
    return free(text)


def free(text: str) -> str:
    """Any text without what is named like a secret or looks like one."""
    return _IN_TEXT.sub(rf"\1{HIDDEN}", shapes(text))


def shapes(text: str) -> str:
    """``text`` without what looks like a token or a URL's password."""
    text = _SCHEMES.sub(rf"\1 {HIDDEN}", _JWT.sub(rf"\1{HIDDEN}", text))
    return _USERINFO.sub(f"{HIDDEN}@", text)


def _members(value: object, *, secret: bool = False) -> object:
    """``secret``: ``value`` is inside a member that is named like a secret."""
    if isinstance(value, dict):
        return {
            key: _members(item, secret=secret or _names_a_secret(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_members(item, secret=secret) for item in value]
    if secret and value and not isinstance(value, bool):
        return HIDDEN
    return free(value) if isinstance(value, str) else value


def _names_a_secret(member: str) -> bool:
    return bool(_SECRET_NAME.search(member)) and member not in _HARMLESS
