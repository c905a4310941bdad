"""The commands and their options; each imports what it runs when it runs."""

from __future__ import annotations

import contextlib
import difflib
import signal
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

import click

from cgwizard import __version__
from cgwizard.errors import WizardError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cgwizard.guide.session import Session
    from cgwizard.practice.world import PracticeWorld

GUIDE = "guide"  # what runs when the first word is no command


class Root(click.Group):
    """`cgwizard URL` and `cgwizard practice` live side by side: a first word that is no command
    belongs to the guide."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in {"--help", "--version"}):
            self._refuse_typo(args)
            args = [GUIDE, *args]
        return super().parse_args(ctx, args)

    def _refuse_typo(self, args: list[str]) -> None:
        word = args[0] if args else ""
        if word.startswith("-") or any(c in word for c in ".:/"):
            return
        near = difflib.get_close_matches(word, list(self.commands), n=1, cutoff=0.75)
        if near:
            raise click.UsageError(f"no command '{word}'. Did you mean: cgwizard {near[0]}")

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("cgwizard", "[NEXUS_URL] [--user NAME]")
        formatter.write_usage("cgwizard", "practice [OPTIONS]")


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def root() -> None:
    """Turn Sonatype Nexus Repository 3 into a pull-through cache of Chainguard's registry,
    and prove by a real pull that it works.

    Without a command the guide starts: cgwizard https://nexus.example.com
    """


@root.command(GUIDE, hidden=True)
@click.argument("nexus_url", required=False, default="")
@click.option("--user", default="", metavar="NAME", help="The user to sign in as.")
def guide(nexus_url: str, user: str) -> None:
    """Walk through the guide against your Nexus."""
    if not _terminal():
        raise click.UsageError(
            "the guide needs a terminal, and this is none. "
            "Without one this works: cgwizard practice"
        )
    from cgwizard.guide.session import Session

    _run_screens(Session(url=nexus_url, user=user, journal_folder=_state_folder() / "journal"))


@root.command()
@click.option("--serve", is_flag=True, help="Only run the practice servers, until a signal.")
@click.option("--json", "as_json", is_flag=True, help="With --serve: say where as one JSON line.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The practice Nexus's port.")
@click.option("--speed", metavar="MB/S", help="How fast blobs come, in MB/s, or: full.")
def practice(serve: bool, as_json: bool, port: int, speed: str | None) -> None:
    """Practise with a Nexus and a cgr.dev of our own, on this machine, for this run only."""
    from contextlib import closing

    from cgwizard.practice.world import PracticeWorld

    if as_json and not serve:
        raise click.UsageError("--json goes with --serve")
    interactive = not serve and _terminal()
    # Not started yet: the first screen is drawn before the servers are even imported.
    with (
        _told(),
        closing(PracticeWorld(nexus_port=port, speed=_speed(speed, interactive))) as world,
    ):
        if serve:
            _serve(world, as_json)
            return
        from cgwizard.guide.session import Session

        session = Session(practice=world.info, start_practice=world.start)
        if interactive:
            _run_screens(session)
        from cgwizard.plain import Plain

        sys.exit(Plain(session).walk())


def _speed(text: str | None, interactive: bool) -> float | None:
    """Bytes a second, None for all there is. Loopback is too fast to watch, so the screens are
    paced unless told otherwise."""
    from cgwizard.practice.registry.pace import SPEED_TO_WATCH

    if text is None:
        return SPEED_TO_WATCH if interactive else None
    if text == "full":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise click.BadParameter("a number of MB/s above 0, or: full", param_hint="--speed")
    return speed * 1e6


def _serve(world: PracticeWorld, as_json: bool) -> None:
    import msgspec

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    world.start()
    info = world.info
    token = info.pull_token
    if as_json:
        told = {
            "nexus_url": info.nexus_url,
            "username": info.username,
            "password": info.password.reveal(),
            "registry_url": info.registry_url,
            "organization": info.organization,
            "pull_token": {"username": token.username, "password": token.password.reveal()},
        }
        click.echo(msgspec.json.encode(told).decode())
    else:
        click.echo(f"practice Nexus    {info.nexus_url}")
        click.echo(f"  user            {info.username}")
        click.echo(f"  password        {info.password.reveal()}")
        click.echo(f"practice cgr.dev  {info.registry_url}")
        click.echo(f"  organisation    {info.organization}")
        click.echo(f"  token username  {token.username}")
        click.echo(f"  token password  {token.password.reveal()}")
        click.echo("A docker (proxy) of https://cgr.dev/ made in this Nexus leads to this cgr.dev.")
        click.echo("All of it is gone when this ends: Ctrl+C.")
    stop.wait()


def _run_screens(session: Session) -> NoReturn:
    import gc

    # Nothing that is made until the first paint is garbage, and looking for some would take a
    # tenth of that time. The application switches it on again.
    gc.disable()
    from cgwizard.app import run

    sys.exit(run(session))


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _state_folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("cgwizard", appauthor=False)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Show a WizardError as its four lines, never a traceback."""
    try:
        yield
    except WizardError as error:
        problem = error.problem
        click.echo(f"cgwizard: {problem.code}", err=True)
        click.echo(f"  tried:        {problem.tried}", err=True)
        click.echo(f"  came back:    {problem.came_back}", err=True)
        click.echo(f"  likely cause: {problem.cause}", err=True)
        click.echo(f"  next step:    {problem.next_step}", err=True)
        sys.exit(error.exit_code)
