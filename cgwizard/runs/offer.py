"""The question whether to go on with a run that did not come to its end."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from cgwizard.runs import saved

if TYPE_CHECKING:
    from cgwizard.prompts import Prompts
    from cgwizard.runs.saved import SavedRun

MOST = 5  # a person who left more open begins anew anyway


def offered(folder: Path, url: str) -> list[SavedRun]:
    """What can be gone on with, newest first: of the Nexus at ``url``, or of all."""
    runs = saved.unfinished(folder / "runs")
    if url:
        from cgwizard.errors import WizardError
        from cgwizard.nexus import address

        try:
            meant = address.candidates(url)
        except WizardError:
            return []  # Connect tells what is wrong with it
        runs = [run for run in runs if run.nexus in meant]
    return runs[:MOST]


def ask(prompts: Prompts, runs: list[SavedRun], folder: Path) -> SavedRun | None:
    """None to begin anew. Raises prompts.EndOfInput."""
    if not runs:
        return None
    prompts.lines.line("A run did not come to its end:")
    options = [f"go on: {run.words}" for run in runs]
    options += ["begin anew", "begin anew and forget what is listed here"]
    number = prompts.choice("Choice", options)
    if number < len(runs):
        return runs[number]
    if number == len(runs) + 1:
        for run in runs:
            with contextlib.suppress(OSError):
                saved.forget(folder / "runs", run.run)
    return None
