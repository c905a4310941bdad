"""What users see of the body of a server's answer."""

from __future__ import annotations

import re

from cgwizard.logs import redact
from cgwizard.text import decode
from cgwizard.text.sanitize import MAX_EXCERPT, one_line, shortened

_TITLE = re.compile(r"<title[^>]{0,200}>((?:(?!</title>).){0,1000})", re.IGNORECASE | re.DOTALL)
_INVISIBLE_ELEMENT = re.compile(
    r"<(script|style|head)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")


def excerpt(body: bytes, limit: int = MAX_EXCERPT) -> str:
    """What a user can read of an answer's body: an HTML page's title and text, else its text.
    Secrets are taken out, because a server may repeat what it was sent."""
    # Once before tags are taken out, which a secret may look like, and once when it is plain text.
    text = redact.said(body[:20_000].decode("utf-8", "replace"))
    if looks_like_html(body):
        title = _TITLE.search(text)
        rest = _TAG.sub(" ", _INVISIBLE_ELEMENT.sub(" ", text))
        text = _unescaped(f"{title.group(1)}: {rest}" if title else rest)
    return shortened(one_line(redact.said(text)).strip(": "), limit)


def page_title(text: str, limit: int = 80) -> str:
    """The title of a web page, "" where it has none: as `excerpt`, it may be shown."""
    found = _TITLE.search(redact.said(text[:20_000]))  # before anything is cut
    title = _unescaped(_TAG.sub(" ", found.group(1))) if found else ""
    return shortened(redact.said(title), limit)


def _unescaped(text: str) -> str:
    from html import unescape

    try:
        return decode.parsed(unescape, text)
    except decode.Unreadable:  # a character by a number of thousands of digits
        return text


def looks_like_html(body: bytes) -> bool:
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--"))
