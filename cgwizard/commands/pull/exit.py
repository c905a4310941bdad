"""How `cgwizard pull` ends: one exit code for each kind of cause, for scripts."""

from __future__ import annotations

from cgwizard.errors import ExitCode, WizardError


def exit_code(error: WizardError) -> int:
    if error.exit_code != ExitCode.FAILED:  # that says more: nothing was tried
        return int(error.exit_code)
    found = error.code.pull_exit
    return int(error.exit_code if found is None else found)
