"""What the commands share: telling a failure, finding out about the terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

import click

from cgwizard.errors import WizardError
from cgwizard.text.sanitize import printed, printed_problem

if TYPE_CHECKING:
    from cgwizard.guide.session import Session
    from cgwizard.runs.offer import Offer


@contextlib.contextmanager
def problems_shown() -> Iterator[None]:
    """Show a WizardError as its four lines on standard error, never a traceback."""
    try:
        yield
    except WizardError as error:
        say(str(printed_problem(error.problem)), err=True)
        sys.exit(error.exit_code)


def say(text: str, *, err: bool = False) -> None:
    """Print ``text``, which may quote a server, without characters that steer a terminal."""
    click.echo(printed(text), err=err)


def say_farewell(session: Session) -> None:
    """Where another run ended this one: who it was."""
    if farewell := session.farewell():
        with contextlib.suppress(OSError):  # the terminal may be gone
            say(farewell, err=True)


def warn_unencrypted(*urls: str) -> None:
    """Say of each host that gets a password in plain HTTP over the network that it does."""
    from urllib.parse import urlsplit

    from cgwizard.net import unencrypted

    hosts = dict.fromkeys(urlsplit(url).hostname for url in urls if unencrypted.crosses(url))
    for host in hosts:
        told = "the password crosses the network unencrypted"
        say(f"warning: Plain HTTP to {host}: {told}", err=True)


def terminal() -> bool:
    """Whether a user sits before both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def run_screens(
    session: Session, clean_up: Callable[[], None] = lambda: None, offer: Offer | None = None
) -> NoReturn:
    from cgwizard.app import run

    code = run(session, clean_up, offer)
    say_farewell(session)
    sys.exit(code)
