"""`cgwizard [NEXUS_URL]`: the guide, live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cgwizard.commands.common import run_screens, state_folder, terminal, told
from cgwizard.commands.options import debug_log, plain_option, runs_plain
from cgwizard.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.guide.session import Session


@click.command("guide", hidden=True)
@click.argument("nexus_url", required=False, default="")
@click.option("--user", default="", metavar="NAME", help="The user to sign in as.")
@plain_option
@debug_log
def guide(nexus_url: str, user: str, plain: bool) -> None:
    """Walk through the guide against your Nexus."""
    if not plain and not terminal():
        click.echo(
            "cgwizard: the guide needs a terminal, and this is none.\n"
            "Without one these work: cgwizard --plain, with answers line by line on standard\n"
            "input; cgwizard apply ANSWERS.toml; cgwizard practice",
            err=True,
        )
        sys.exit(ExitCode.USAGE)
    from cgwizard.guide.session import Session

    with told():
        plain = runs_plain(plain)
        folder = state_folder()
        session = Session(url=nexus_url, user=user, journal_folder=folder / "journal")
        _tie(session, folder, nexus_url)
        if plain:
            from cgwizard.plain import Plain

            sys.exit(Plain(session, source=sys.stdin).walk())
        run_screens(session)


def _tie(session: Session, folder: Path, url: str) -> None:
    """Save this run from now on; go on with an earlier one where the person wants that."""
    from cgwizard.runs import offer
    from cgwizard.runs.run import Run

    resumed = None
    if runs := offer.offered(folder, url):
        from cgwizard.lines import Lines
        from cgwizard.prompts import EndOfInput, Prompts
        from cgwizard.runs import resume

        try:
            resumed = offer.ask(Prompts(Lines(sys.stdout)), runs, folder)
        except (EndOfInput, KeyboardInterrupt):
            sys.exit(ExitCode.UNFINISHED)
        if resumed is not None:
            resume.begin(session, resumed, folder / "journal")
    session.run = Run(session, folder, resumed)
