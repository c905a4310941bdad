"""`cgwizard [NEXUS_URL]`: the guide, live."""

from __future__ import annotations

import sys

import click

from cgwizard.commands.common import run_screens, state_folder, terminal
from cgwizard.errors import ExitCode


@click.command("guide", hidden=True)
@click.argument("nexus_url", required=False, default="")
@click.option("--user", default="", metavar="NAME", help="The user to sign in as.")
def guide(nexus_url: str, user: str) -> None:
    """Walk through the guide against your Nexus."""
    if not terminal():
        click.echo(
            "cgwizard: the guide needs a terminal, and this is none.\n"
            "Without one this works: cgwizard practice",
            err=True,
        )
        sys.exit(ExitCode.USAGE)
    from cgwizard.guide.session import Session

    run_screens(Session(url=nexus_url, user=user, journal_folder=state_folder() / "journal"))
