"""`cgwizard undo`: take back what this program made in Nexus, as far as it is unchanged."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from cgwizard.commands.common import problems_shown, say
from cgwizard.commands.options import debug_log
from cgwizard.errors import Code, ExitCode, WizardError
from cgwizard.system import files, typed_ahead

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.changes.journal import Entry
    from cgwizard.changes.undo_item import Item
    from cgwizard.nexus.client import NexusClient


@click.command()
@click.argument("nexus_url", required=False, default="")
@click.option("--run", default="", metavar="RUN", help="Only what this run made.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--user", default="", metavar="NAME", help="The user to sign in as.")
@click.option(
    "--password-from",
    "source",
    default="",
    metavar="SOURCE",
    help="keyring, systemd-creds, env:VARIABLE or file:PATH (mode 0600).",
)
@debug_log
def undo(*, nexus_url: str, run: str, dry_run: bool, yes: bool, user: str, source: str) -> None:
    """Remove or restore what this program made in Nexus. What others changed is left alone."""
    from cgwizard.changes import undo as undoing

    folder = files.state_folder()
    with problems_shown():
        unread: list[Path] = []
        entries = undoing.entries_of(folder / "journal", run=run, unread=unread)
        for path in unread:
            say(f"Cannot be read, so that nothing in it is undone: {path}", err=True)
        nexus = _nexus(nexus_url, entries)
        entries = [entry for entry in entries if entry.nexus == nexus]
        for entry in undoing.lasting(entries):
            day = datetime.fromtimestamp(entry.time, UTC).strftime("%d %B %Y")
            say(f"Cannot be undone in {nexus}: {entry.change}, {day}.")
        if not undoing.standing(entries):
            of = f" of the run {run}" if run else ""
            of += f" in {nexus}" if nexus_url else ""
            say(f"There is nothing to undo{of}: the journal names no change that stands.")
            if others := _standing_elsewhere(folder / "journal"):
                say(f"Changes stand in {', '.join(others)}.")
            sys.exit(ExitCode.FAILED if unread else ExitCode.DONE)
        from cgwizard.commands.signin import signed_in

        with signed_in(nexus, user, source, folder / "runs") as client:
            items = undoing.survey(entries, client)
            say(f"In {nexus}, by the journal:")
            for item in items:
                say(f"  {item.words}")
            acting = [item for item in items if item.acts]
            if dry_run or not acting:
                say("Nothing was changed.")
                return
            if not yes and not _confirmed(len(acting)):
                say("Nothing was changed.")
                sys.exit(ExitCode.CANCELLED)
            _undo(acting, client, folder / "journal")
    if unread:
        sys.exit(ExitCode.UNFINISHED)


def _standing_elsewhere(folder: Path) -> list[str]:
    """Each Nexus and run of which something could be undone, for who named another one."""
    from cgwizard.changes import undo as undoing

    entries = undoing.entries_of(folder)
    found: dict[str, None] = {}
    for nexus in dict.fromkeys(entry.nexus for entry in entries):
        there = undoing.standing(entry for entry in entries if entry.nexus == nexus)
        runs = dict.fromkeys(entry.run for changes in there.values() for entry in changes)
        found |= {f"{nexus} (run {run})": None for run in runs}
    return list(found)


def _undo(items: list[Item], client: NexusClient, folder: Path) -> None:
    from cgwizard.changes import undo as undoing

    kept = 0
    for item in items:
        found = undoing.undo(item, client, partial(undoing.note_in, folder))
        if found.acts:
            word = "removed" if found.verdict == "remove" else "restored"
            say(f"  {word} {found.name}")
        else:
            kept += 1
            say(f"  {found.words}")
    if kept:
        sys.exit(ExitCode.UNFINISHED)


def _confirmed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise WizardError(
            Code.NOBODY_TO_ASK,
            tried=f"asking whether to undo {count} change{'' if count == 1 else 's'}",
            came_back="there is no answer",
            cause="standard input is no terminal",
            next_step="look at it with --dry-run, then confirm with --yes",
            exit_code=ExitCode.USAGE,
        )
    typed_ahead.release()
    return click.confirm(f"Undo {'this' if count == 1 else f'these {count}'}?", default=False)


def _nexus(url: str, entries: list[Entry]) -> str:
    """Which Nexus is meant: the one that was named, or the only one in the journal."""
    known = list(dict.fromkeys(entry.nexus for entry in entries))
    if url:
        from cgwizard.nexus import address

        candidates = address.candidates(url)
        return next((each for each in candidates if each in known), candidates[0])
    if len(known) > 1:
        raise WizardError(
            Code.NEXUS_NOT_NAMED,
            tried="finding out which Nexus is meant",
            came_back=f"the journal names {len(known)}: {', '.join(known)}",
            cause="this program has worked on more than one",
            next_step=f"name one, for example: cgwizard undo {known[0]}",
            exit_code=ExitCode.USAGE,
        )
    return known[0] if known else ""
