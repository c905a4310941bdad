"""The import contracts in pyproject.toml forbid what they are meant to forbid."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.breaches import (
    BREACHES,
    LAYERS,
    PRACTICE_ALONE,
    PRACTICE_USERS,
    ROOT,
    Breach,
    broken_contracts,
    commit,
    copied_package,
)

# What has no layer: the entry of `python -m cgwizard`, the texts, and the practice servers, which
# two contracts keep apart.
NO_LAYER = {"__main__", "assets", "practice"}
MAY_START_PRACTICE = {"commands", "app", "lessons"}


def contracts() -> dict[str, dict[str, Any]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return {contract["name"]: contract for contract in found}


def top_level_modules() -> set[str]:
    folders = {path.parent.name for path in (ROOT / "cgwizard").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "cgwizard").glob("*.py")}
    return (folders | files) - {"__init__"}


def test_the_package_keeps_its_contracts(tmp_path: Path) -> None:
    assert broken_contracts(copied_package(tmp_path)) == set()


@pytest.mark.parametrize("breach", BREACHES, ids=lambda b: f"{b.module}: {b.statement}")
def test_a_breach_is_found(breach: Breach, tmp_path: Path) -> None:
    copy = copied_package(tmp_path)
    commit(breach, copy)
    assert breach.contract in broken_contracts(copy)


def test_no_import_is_excepted_from_the_layers() -> None:
    assert "ignore_imports" not in contracts()[LAYERS]


def test_no_folder_is_forgotten_in_the_contracts_about_practice() -> None:
    """An import contract checks only what it names: a new folder must be added to it."""
    rest = top_level_modules() - NO_LAYER
    alone = contracts()[PRACTICE_ALONE]["forbidden_modules"]
    assert set(alone) == {f"cgwizard.{name}" for name in rest}
    others = contracts()[PRACTICE_USERS]["source_modules"]
    assert set(others) == {f"cgwizard.{name}" for name in rest - MAY_START_PRACTICE}
