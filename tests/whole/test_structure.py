"""Every file has its place: few loose modules, folders that docs/design.md names, tests beside
what they test."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LOOSE_MODULES = 5
MAX_LINES = 300
MAX_LONG_FILES = 3
NOT_A_SUBJECT = {"support", "whole", "bench"}  # folders of tests that no source folder goes with


def folders(top: Path) -> list[Path]:
    """``top`` and the packages below it; not those that a link leads to."""
    found = [path.parent for path in top.rglob("__init__.py")]
    return sorted(path for path in found if path.resolve() == path)


def test_few_modules_stand_loose() -> None:
    loose = {path.name for path in (ROOT / "cgwizard").glob("*.py")} - {"__init__.py"}
    assert len(loose) <= MAX_LOOSE_MODULES, sorted(loose)


def test_few_files_are_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for top in ("cgwizard", "screens")
        for folder in folders(ROOT / top)
        for path in folder.glob("*.py")
    }
    long = {path: lines for path, lines in lengths.items() if lines > MAX_LINES}
    assert len(long) <= MAX_LONG_FILES, long


def test_the_design_page_names_every_folder() -> None:
    page = (ROOT / "docs" / "design.md").read_text()
    rooms = {line.split()[0] for line in page.splitlines() if line.startswith("    ")}
    expected = {
        f"{folder.relative_to(ROOT)}/"
        for top in ("cgwizard", "screens", "tests")
        for folder in folders(ROOT / top)
        # tests/NAME goes with the folder NAME, which the test below makes sure of
        if top != "tests" or folder.name in NOT_A_SUBJECT or folder == ROOT / "tests"
    }
    assert sorted(expected - rooms) == []
    named = {room for room in rooms if room.partition("/")[0] in {"cgwizard", "screens", "tests"}}
    assert sorted(room for room in named if not (ROOT / room).is_dir()) == []


def test_tests_stand_in_folders_named_as_what_they_test() -> None:
    sources = {path.relative_to(ROOT / "cgwizard") for path in folders(ROOT / "cgwizard")}
    sources |= {path.relative_to(ROOT) for path in folders(ROOT / "screens")}
    tests = {path.relative_to(ROOT / "tests") for path in folders(ROOT / "tests")}
    assert sorted(p for p in tests - sources if p.parts[0] not in NOT_A_SUBJECT) == []
