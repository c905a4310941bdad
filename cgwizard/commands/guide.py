"""`cgwizard [NEXUS_URL]`: the guide, live."""

from __future__ import annotations

import sys

import click

from cgwizard.commands.common import run_screens, state_folder, terminal, told
from cgwizard.commands.options import debug_log, plain_option, runs_plain
from cgwizard.errors import ExitCode


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
        session = Session(url=nexus_url, user=user, journal_folder=state_folder() / "journal")
        if runs_plain(plain):
            from cgwizard.plain import Plain

            sys.exit(Plain(session, source=sys.stdin).walk())
        run_screens(session)
