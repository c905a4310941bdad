"""`cgwizard [NEXUS_URL]`: the guide, live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from cgwizard.commands.common import problems_shown, run_screens, say_farewell, terminal
from cgwizard.commands.options import debug_log, plain_option, registry_option, runs_plain
from cgwizard.errors import ExitCode
from cgwizard.system import files

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.guide.step import SideStep
    from cgwizard.plan import model as plan
    from cgwizard.runs.offer import Offer


@click.command("guide", hidden=True)
@click.argument("nexus_url", required=False, default="")
@click.option("--user", default="", metavar="NAME", help="The user to sign in as.")
@registry_option
@plain_option
@debug_log
def guide(nexus_url: str, user: str, registry: str, plain: bool) -> None:
    """Walk through the guide against your Nexus."""
    if not plain and not terminal():
        click.echo(
            "cgwizard: the guide needs a terminal, and this is none.\n"
            "Without one these work: cgwizard --plain, with answers line by line on standard\n"
            "input; cgwizard apply ANSWERS.toml; cgwizard practice",
            err=True,
        )
        sys.exit(ExitCode.USAGE)
    from cgwizard.guide.guide import Guide
    from cgwizard.runs.offer import Offer
    from cgwizard.runs.run import Run

    with problems_shown():
        plain = runs_plain(plain)
        folder = files.state_folder()
        session = Guide(
            url=nexus_url,
            user=user,
            journal_folder=folder / "journal",
            trial=_trial,
            registry=_registry(registry),
        )
        session.run = Run(session, folder)
        offer = Offer(session, folder, nexus_url)
        if not plain:
            run_screens(session, offer=offer)
        from cgwizard.frontends.plain import Plain

        _ask(offer)
        code = Plain(session, source=sys.stdin).walk()
        say_farewell(session)
        sys.exit(code)


def _registry(url: str) -> plan.Registry | None:
    from cgwizard.plan.model import Registry

    return Registry(url) if url else None


def _trial(session: Session) -> SideStep:
    """The step that starts a trial Nexus; imported when it is opened."""
    from cgwizard.trial.step import Trial

    return Trial(session)


def _ask(offer: Offer) -> None:
    """By a plain question: whether to go on with an earlier run."""
    from cgwizard.frontends.line_output import Lines
    from cgwizard.frontends.prompts import ENDED, EndOfInput, Prompts
    from cgwizard.frontends.run_offer import ask

    lines = Lines(sys.stdout)
    try:
        chosen = ask(Prompts(lines), offer)
    except (EndOfInput, KeyboardInterrupt) as error:
        lines.line()
        if isinstance(error, KeyboardInterrupt):
            sys.exit(ExitCode.CANCELLED)
        lines.line(ENDED)
        sys.exit(ExitCode.UNFINISHED)
    if chosen is not None:
        offer.go_on(chosen)
