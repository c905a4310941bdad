"""Texts that came from a server, made fit for a terminal and for a sentence."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from cgwizard.logs import redact

EXCERPT = 160
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_INVISIBLE_ELEMENT = re.compile(
    r"<(script|style|head)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")


def printable(text: str) -> str:
    """``text`` on one line, without control characters, escape sequences or bidi marks."""
    spaced = "".join(" " if c.isspace() else c for c in text)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) not in _HIDDEN).split())


def excerpt(body: bytes, limit: int = EXCERPT) -> str:
    """What a user can read of an answer's body: an HTML page's title and text, else its text.
    Without secrets: a server may repeat what it was sent."""
    # Once before tags are taken out, which a secret may look like, and once when it is plain text.
    text = redact.said(body[:20_000].decode("utf-8", "replace"))
    if looks_like_html(body):
        title = _TITLE.search(text)
        rest = _TAG.sub(" ", _INVISIBLE_ELEMENT.sub(" ", text))
        text = unescape(f"{title.group(1)}: {rest}" if title else rest)
    text = printable(redact.said(text)).strip(": ")
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def looks_like_html(body: bytes) -> bool:
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--"))
