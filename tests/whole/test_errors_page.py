"""Every code has its section in ``docs/errors.md``, its place in the program and its test."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

from cgwizard.errors import Code
from cgwizard.errors.catalog import ENTRIES

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SOURCES = sorted({*ROOT.glob("cgwizard/**/*.py"), *ROOT.glob("screens/**/*.py")})

# Words of the program that are also codes and mean another thing, by folder.
OTHER_WORDS = {
    ("commands", "cancelled"): "how a run ended, in JSON",
    ("frontends", "cancelled"): "how a run ended, in JSON",
    ("diagnosis", "nexus-eula"): "the id of a check",
    ("engines", "platform"): "a parameter of Docker's API",
    ("guide", "platform"): "a field of the step",
}


def test_the_page_is_written_from_the_catalog() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "errors.py"))
    assert script["PAGE"].read_text() == script["page"](), "run: python docs/errors.py"


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    assert list(ENTRIES) == list(Code)
    for code in Code:
        assert len(code.meaning.split()) >= 3, code
        assert len(code.next_step.split()) >= 2, code


def test_no_code_is_written_as_a_word() -> None:
    """The type checker sees a mistake in ``Code.NEXUS_DNS``, and none in a string."""
    found = set()
    for path in SOURCES:
        folder = path.relative_to(ROOT / "cgwizard").parts[0] if "cgwizard" in path.parts else ""
        if folder not in {"errors", "practice"}:
            found |= {(folder, word) for word in words(path) if word in set(Code)}
    assert found == set(OTHER_WORDS)


def words(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_every_code_is_told_somewhere() -> None:
    sources = set(SOURCES) - {*ROOT.glob("cgwizard/errors/*.py")}
    told = {name for path in sources for name in re.findall(r"Code\.([A-Z_]+)", path.read_text())}
    assert [code.name for code in Code if code.name not in told] == []


def test_every_code_is_in_a_test() -> None:
    """In full: a code that is put together there is found by nobody who searches for it."""
    pages = [path.read_text() for path in TESTS.rglob("*.py")]
    words = {w for page in pages for w in re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", page)}
    words |= {
        Code[name].value
        for page in pages
        for name in re.findall(r"Code\.([A-Z_]+)", page)
        if name in Code.__members__
    }
    assert [code.value for code in Code if code.value not in words] == []
