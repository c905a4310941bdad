"""`cgwizard forget`: remove every secret and saved run from this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cgwizard.commands.common import problems_shown, say
from cgwizard.errors import Code, ExitCode, WizardError
from cgwizard.system import files, typed_ahead


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--journal", is_flag=True, help="The journals too: nothing can be undone then.")
def forget(*, dry_run: bool, yes: bool, journal: bool) -> None:
    """Remove every secret and saved run of this program. Nexus is not touched."""
    from cgwizard.frontends.line_output import Lines
    from cgwizard.runs import forget as forgetting

    lines = Lines(sys.stderr)
    with problems_shown():
        folder = files.state_folder()
        found = forgetting.traces(folder, journals=journal)
        if not found:
            say("There is nothing to forget.")
        for trace in found:
            say(f"  {trace.name}")
        unread: list[Path] = []
        count = forgetting.standing(folder, unread)
        for path in unread if not journal else ():
            say(f"  {path} cannot be read: what it holds is for Nexus's own pages.")
        if not journal and count:
            say(
                f"The journal stays: by it {count} "
                f"repositor{'y' if count == 1 else 'ies'} can be undone (--journal removes it)."
            )
        if dry_run or not found:
            return
        if not yes and not _confirmed(len(found)):
            say("Nothing was removed.")
            sys.exit(ExitCode.CANCELLED)
        failures = 0
        for trace in found:
            try:
                forgetting.remove(trace)
            except WizardError as error:
                failures += 1
                lines.line(f"  {trace.name} stays.")
                lines.problem(error.problem)
        say(f"{len(found) - failures} removed.")
        if failures:
            sys.exit(ExitCode.FAILED)


def _confirmed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise WizardError(
            Code.NOBODY_TO_ASK,
            tried=f"asking whether to remove {count} thing{'' if count == 1 else 's'}",
            came_back="there is no answer",
            cause="standard input is no terminal",
            next_step="look at it with --dry-run, then confirm with --yes",
            exit_code=ExitCode.USAGE,
        )
    typed_ahead.release()
    return click.confirm(f"Remove {'this' if count == 1 else f'these {count}'}?", default=False)
