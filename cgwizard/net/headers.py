"""Which line of an answer's header cannot be read."""

from __future__ import annotations

import re

from cgwizard.text.sanitize import shortened

_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*")
_STATUS = re.compile(rb"HTTP/[0-9]\.[0-9] [1-9][0-9]{2}( [^\x00-\x08\x0a-\x1f\x7f]*)?")
_FRAMING = (b"content-length", b"transfer-encoding")


def broken_header(raw: bytes) -> str:
    """The first line that HTTP does not allow in the header with which ``raw`` begins, cleaned
    and cut; "" where there is none. Interim answers (1xx) may come before the final one."""
    framing: dict[bytes, bytes] = {}
    status, folds = True, False
    for number, line in enumerate(each.removesuffix(b"\r") for each in raw.split(b"\n")):
        if status:
            if number and not line.startswith(b"HTTP/"):
                return ""  # the body
            if not _STATUS.fullmatch(line):
                return _shown(line)
            status, folds, framing = False, False, {}
        elif not line:
            status = True
        elif line[:1] in b" \t":
            if not folds:
                return _shown(line)
        elif not _LINE.fullmatch(line) or _is_broken_framing(line, framing):
            return _shown(line)
        else:
            folds = True
    return ""


def _is_broken_framing(line: bytes, framing: dict[bytes, bytes]) -> bool:
    """Whether ``line`` says wrongly, or otherwise than the lines before, how long the body is."""
    name, _, value = line.partition(b":")
    name, value = name.lower(), value.strip().lower()
    if name not in _FRAMING:
        return False
    if name == b"content-length":
        lengths = {each.strip() for each in value.split(b",")}
        wrong = len(lengths) != 1 or not value.split(b",")[0].strip().isdigit()
        return wrong or framing.setdefault(name, min(lengths)) not in lengths
    again = name in framing
    framing[name] = value
    return again or value != b"chunked"


def _shown(line: bytes) -> str:
    return shortened(line[:1000].decode("utf-8", "replace"), 80)
