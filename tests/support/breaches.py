"""Deliberate breaches of the import contracts, each made in a copy of the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

LAYERS = "imports go downwards"
TEXTUAL = "only the application and the screens know Textual and rich"
PRACTICE_ALONE = "the practice servers stand alone: of the program they know a secret, no more"
PRACTICE_USERS = "only commands, the application and lessons start the practice servers"


@dataclass(frozen=True)
class Breach:
    """``statement`` in a new module ``module``, and the contract that forbids it."""

    module: str
    statement: str
    contract: str


BREACHES = (
    Breach("guide.breach", "import textual", TEXTUAL),
    Breach("proof.breach", "import textual", TEXTUAL),
    Breach("commands.breach", "from textual.app import App", TEXTUAL),
    Breach("net.breach", "from rich.text import Text", TEXTUAL),
    Breach("nexus.breach", "from cgwizard.guide import session", LAYERS),
    Breach("guide.breach", "from cgwizard.runs import run", LAYERS),
    Breach("guide.breach", "from cgwizard.trial import model", LAYERS),
    Breach("engines.breach", "from cgwizard.trial import model", LAYERS),
    Breach("frontends.breach", "from cgwizard.screens import connect", LAYERS),
    Breach("text.breach", "from cgwizard.nexus import client", LAYERS),
    Breach("errors.breach", "from cgwizard.text import units", LAYERS),
    Breach("registry.breach", "def late():\n    from cgwizard.changes import journal", LAYERS),
    Breach("a_module_without_a_layer", "import json", LAYERS),
    Breach("guide.breach", "from cgwizard.practice import world", PRACTICE_USERS),
    Breach("practice.breach", "from cgwizard.errors import Code", PRACTICE_ALONE),
    Breach("practice.nexus.breach", "from cgwizard.secrets import store", PRACTICE_ALONE),
)


def copied_package(folder: Path) -> Path:
    """The package and its contracts, in ``folder``; links become what they lead to."""
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "cgwizard", folder / "cgwizard", ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def commit(breach: Breach, copy: Path) -> None:
    path = copy.joinpath("cgwizard", *breach.module.split(".")).with_suffix(".py")
    assert path.parent.is_dir(), f"there is no {path.parent.relative_to(copy)} any more"
    path.write_text(breach.statement + "\n")


def broken_contracts(copy: Path) -> set[str]:
    """The names of the contracts that ``lint-imports`` reports as broken."""
    done = subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = done.stdout.splitlines()
    broken = {name for line in lines for name, found, _ in [line.partition(" BROKEN")] if found}
    assert done.returncode == bool(broken), done.stdout + done.stderr
    assert any(" KEPT" in line for line in lines), done.stdout + done.stderr
    return broken
