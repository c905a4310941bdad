"""The question whether to go on with an earlier run, as plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.errors import WizardError
from cgwizard.runs.offer import HEADING

if TYPE_CHECKING:
    from cgwizard.frontends.prompts import Prompts
    from cgwizard.runs.offer import Offer
    from cgwizard.runs.saved import SavedRun


def ask(prompts: Prompts, offer: Offer) -> SavedRun | None:
    """None to begin again. Raises prompts.EndOfInput."""
    runs = list(offer.runs)
    if not runs:
        return None
    prompts.lines.line(f"{HEADING}:")
    options = [f"go on: {offer.words(run)}" for run in runs]
    options += ["begin anew", "begin anew and forget what is listed here"]
    number = prompts.choice("Choice", options)
    if number < len(runs):
        return runs[number]
    if number == len(runs) + 1:
        for run in runs:
            try:
                offer.forget(run)
            except WizardError as error:
                prompts.lines.problem(error.problem)
    return None
