"""Every text names the same command for making a pull token."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cgwizard.errors.codes import NEW_PULL_TOKEN

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("cgwizard", "assets", "screens", "docs")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".svg", ".json"} and path.is_file()
)


@pytest.mark.parametrize("path", [*FILES, ROOT / "README.md"], ids=lambda p: p.name)
def test_one_command_everywhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("\u00a0", " ").replace("&#160;", " ")
    if path.name == "chainctl.py":  # it understands the older command too
        return
    assert "configure-docker --pull-token" not in text
    for found in re.finditer(r"chainctl auth pull-token create[^\n`\"]*", text):
        assert found[0].strip().startswith(NEW_PULL_TOKEN)
