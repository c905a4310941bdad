"""Texts of exceptions without what only a programmer reads: numbers, modules, types."""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"\[Errno -?\d+\] ?"
    r"|\[(?:SSL|X509|ASN1|PEM|CONF)(?:: [A-Z0-9_]+)?\] ?"
    r"| ?\(_ssl\.c:\d+\)"
)
_BYTES = re.compile(r"""bytearray\(b('.*?'|".*?")\)""")


def without_marks(text: str) -> str:
    """``[Errno 111] Connection refused`` as ``Connection refused``."""
    if "[" not in text and "(" not in text:
        return text
    return _BYTES.sub(r"\1", _MARKS.sub("", text))
