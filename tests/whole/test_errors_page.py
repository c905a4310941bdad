"""Every code has its section in ``docs/errors.md`` and its test, and every section a code."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.errors import codes

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "errors.md"


def sections() -> dict[str, str]:
    parts = re.split(r"^### (.+)\n", PAGE.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_code_has_a_section_and_every_section_a_code() -> None:
    told, known = sections(), codes()
    missing = {code: sorted(files) for code, files in known.items() if code not in told}
    assert not missing, f"docs/errors.md tells nothing of {missing}"
    gone = sorted(told.keys() - known.keys())
    assert not gone, f"no code of the program, but a section in docs/errors.md: {gone}"


def test_every_section_says_what_it_means_and_what_to_do() -> None:
    for code, text in sections().items():
        meaning, _, step = text.split("\n## ")[0].partition("**Next:**")
        assert len(meaning.split()) >= 3, code
        assert len(step.split()) >= 2, code


def test_every_code_is_in_a_test() -> None:
    """In full: a code that is put together there is found by nobody who searches for it."""
    pages = [p for p in TESTS.rglob("*.py") if p.name != "errors.py"]
    words = {w for p in pages for w in re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", p.read_text())}
    missing = {code: sorted(files) for code, files in codes().items() if code not in words}
    assert not missing, f"no test names {missing}"
